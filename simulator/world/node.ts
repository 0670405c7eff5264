import { BaseCache } from '../../src/cache/base-cache.ts'
import { CoherentStore } from '../../src/coherence/coherent-store.ts'
import type { CoherenceSettings } from '../../src/coherence/settings.ts'
import type { AgeClock } from '../../src/core/time/age-clock.ts'
import type { Timers } from '../../src/core/time/clock.ts'
import { silentLogger } from '../../src/core/logging/logger.ts'
import type { Bus } from '../../src/core/remote/log.ts'
import type { RemoteStore } from '../../src/core/remote/remote-store.ts'
import type { Store } from '../../src/core/store.ts'
import { localMemory } from '../../src/memory/local-memory.ts'
import type { Line } from '../machine/network.ts'
import type { SeededRandom } from '../../src/testing/random.ts'
import { SimulatedRemote, type SimulatedRemoteOptions } from '../server/remote.ts'
import type { SimulatedServer } from '../server/server.ts'

/** Hooks in the wiring of a simulated node; the product has no such switches. */
export interface Rewiring {
  /** Returns another server port for the node, made from its own. */
  remote?(remote: RemoteStore): RemoteStore
  /** Returns another bus, or none. */
  bus?(bus: Bus): Bus | undefined
  /** Returns another store for its cache. */
  store?(store: CoherentStore): Store
}

/** A value of a simulated world: the database's version, and the number of the load or `set` that brought it. */
export type Versioned = readonly [version: number, origin: number]

/** The parts of a simulated node. */
export interface NodeParts<L extends Line & Bus> {
  readonly name: string
  readonly server: SimulatedServer
  readonly line: L
  readonly clock: AgeClock
  readonly timers: Timers
  readonly random: SeededRandom
  readonly settings: CoherenceSettings
  readonly rewire?: Rewiring | undefined
  /** Whether the node relies on the order of its line, and the receiver of the changes that it sends. */
  readonly remote?: Pick<SimulatedRemoteOptions, 'isOrdered' | 'sent'>
}

class SimulatedCache extends BaseCache<Versioned | number> {
  constructor(
    store: Store,
    { clock, timers, random }: Pick<NodeParts<Line & Bus>, 'clock' | 'timers' | 'random'>,
  ) {
    super(store, { clock, timers, random: random.next, logger: silentLogger })
  }
}

/** One process with the shipped code over its lines to a simulated server. */
export class SimulatedNode<L extends Line & Bus = Line & Bus> {
  readonly name: string
  readonly network: L
  readonly remote: SimulatedRemote
  readonly store: CoherentStore
  readonly cache: BaseCache<Versioned | number>
  /** The server whose messages it hears. */
  listensTo: SimulatedServer
  /** Whether its process has died. */
  dead = false

  constructor(parts: NodeParts<L>) {
    const { name, server, line, clock, timers, random, settings, rewire = {} } = parts
    this.name = name
    this.network = line
    this.listensTo = server
    this.remote = new SimulatedRemote(server, line, parts.remote)
    this.store = new CoherentStore(
      {
        remote: rewire.remote?.(this.remote) ?? this.remote,
        local: localMemory({}, { clock, timers, random: random.next }),
        bus: rewire.bus === undefined ? line : rewire.bus(line),
        clock,
        timers,
        random: random.next,
        node: name,
        deadlineMs: 60,
      },
      settings,
    )
    this.cache = new SimulatedCache(rewire.store?.(this.store) ?? this.store, parts)
  }

  /** Ends the node's own activity, without a message. */
  stop(): void {
    this.dead = true
    void this.store.close()
  }
}
