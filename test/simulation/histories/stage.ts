import { BaseCache } from '../../../src/cache/base-cache.ts'
import { CoherentStore } from '../../../src/coherence/coherent-store.ts'
import type { FailoverMode } from '../../../src/coherence/settings.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import type { CacheOptions } from '../../../src/core/options.ts'
import type { Bus, Head, Message, RemoteStore } from '../../../src/core/remote-store.ts'
import type { Store } from '../../../src/core/store.ts'
import { memoryStore } from '../../../src/memory/memory-store.ts'
import { EventLoop } from '../../../src/testing/simulation/event-loop.ts'
import { Keyspace } from '../../../src/testing/simulation/keyspace.ts'
import { Network, NO_FAULTS } from '../../../src/testing/simulation/network.ts'
import { SeededRandom } from '../../../src/testing/simulation/random.ts'
import { SimulatedRemote, type Acknowledgements } from '../../../src/testing/simulation/remote.ts'
import { SimulatedServer } from '../../../src/testing/simulation/server.ts'

/** How long the nodes of a stage take to ask where the log is: everything is over long before the bound, 3 s. */
export const HEARTBEAT_MS = 1_000
const SETTINGS = {
  policy: 'strict',
  maxLagMs: 3_000,
  maxStaleMs: 60_000,
  heartbeatMs: HEARTBEAT_MS,
  leaseMs: 5_000,
  longestLeaseMs: 60_000,
  outboxLimit: 100,
  journalMs: 60_000,
  journalLimit: 500,
  generationLimit: 100,
} as const

/** What a play may change in the wiring of its nodes; with it, a rule is left out. */
export interface StageOptions {
  readonly failover?: FailoverMode
  readonly acknowledgements?: Acknowledgements
  remote?(remote: RemoteStore): RemoteStore
  bus?(bus: Bus): Bus
}

// A bare number would be taken for a counter, which no local tier keeps.
class StageCache extends BaseCache<readonly [version: number]> {
  static over(store: Store, options: CacheOptions): StageCache {
    return new StageCache(store, options)
  }
}

/** A node: the shipped code over lines that take a millisecond each way and lose nothing. */
export interface Player {
  readonly name: string
  readonly cache: StageCache
  readonly store: CoherentStore
  readonly remote: SimulatedRemote
  readonly network: Network
  /** Whose messages it hears; `undefined`: nobody's, and it does not know. */
  listensTo: SimulatedServer | undefined
}

/** Nodes, a server and a database on which a history is played step by step. */
export class Stage {
  readonly loop: EventLoop = new EventLoop()
  readonly nodes: readonly Player[]
  /** The server that new connections lead to. */
  server: SimulatedServer
  readonly #options: StageOptions
  readonly #database = new Map<string, number>()
  #servers = 0

  constructor(nodes: number, options: StageOptions = {}) {
    this.#options = options
    this.server = this.#start(new Keyspace())
    this.nodes = Array.from({ length: nodes }, (_, index) => this.#node(`n${index}`, index))
  }

  /** Three nodes, where a play has three. */
  get players(): readonly [Player, Player, Player] {
    const [one, two, three] = this.nodes
    return [one!, two!, three!]
  }

  /** The present version of a key in the database. */
  versionOf(key: string): number {
    return this.#database.get(key) ?? 0
  }

  /** Commits the next version of a key to the database. */
  commit(key: string): void {
    this.#database.set(key, this.versionOf(key) + 1)
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    await this.loop.runUntil(this.loop.now() + ms)
  }

  /** Lets time pass until something is done. */
  async until<T>(doing: Promise<T>): Promise<T> {
    const state = { isDone: false }
    const done = doing.finally(() => {
      state.isDone = true
    })
    for (let step = 0; step < 2_000 && !state.isDone; step++) await this.pass(0.5)
    if (!state.isDone) throw new Error('it is not done after a second')
    return done
  }

  /** Reads on a node as a user does: what the cache has, else the database. */
  async read(node: Player, key: string): Promise<number> {
    const [version] = await this.until(node.cache.getOrSet(key, () => [this.versionOf(key)] as const))
    return version
  }

  /** What every node reads. */
  async readAll(key: string): Promise<readonly number[]> {
    const found: number[] = []
    for (const node of this.nodes) found.push(await this.read(node, key))
    return found
  }

  /** Commits and invalidates on a node. */
  async change(node: Player, key: string): Promise<void> {
    this.commit(key)
    await this.until(node.cache.delete(key))
  }

  /** What a replica that has everything holds now. */
  replica(): Keyspace {
    return new Keyspace(this.server.items)
  }

  /** A server with these contents takes over; the old one answers nobody any more. No node knows of it yet. */
  takeOver(items: Keyspace): void {
    this.server.down = true
    this.server = this.#start(items)
  }

  /** The node finds the present server with its commands, and with its subscription if `hears`. */
  reconnect(node: Player, hears = true): void {
    node.remote.connect(this.server)
    if (!hears) return
    node.listensTo = this.server
    node.network.resubscribe()
  }

  reconnectAll(): void {
    for (const node of this.nodes) this.reconnect(node)
  }

  /** Where the log is on the present server. */
  head(): Head {
    return this.server.heads().get('0')!
  }

  /** What the present server logged, from its first entry. */
  log(): readonly { readonly item: string; readonly stamp: string; readonly origin?: string }[] {
    const { epoch } = this.head()
    return this.server.sync('0', { epoch, counter: 0, stamp: '' }, epoch).entries
  }

  #start(items: Keyspace): SimulatedServer {
    const server: SimulatedServer = new SimulatedServer({
      id: `p${this.#servers++}`,
      items,
      now: () => this.loop.now(),
      partitions: 1,
      logLimit: 1_000,
      publish: (message: Message) => {
        for (const { listensTo, network } of this.nodes) if (listensTo === server) network.deliver(message)
      },
    })
    return server
  }

  #node(name: string, index: number): Player {
    const { failover = 'async', acknowledgements, remote: rewire, bus: rewireBus } = this.#options
    const random = new SeededRandom(index + 1)
    const network = new Network(this.loop, random, { ...NO_FAULTS, delayMs: [1, 1] }, 100)
    const remote = new SimulatedRemote(this.server, network, acknowledgements)
    const parts = { clock: this.loop, timers: this.loop, random: random.next }
    const store = new CoherentStore(
      {
        ...parts,
        remote: rewire?.(remote) ?? remote,
        bus: rewireBus?.(network) ?? network,
        local: memoryStore(parts),
        node: name,
      },
      { ...SETTINGS, failover },
    )
    const cache = StageCache.over(store, { ...parts, logger: silentLogger })
    return { name, cache, store, remote, network, listensTo: this.server }
  }
}

/** The same port with some of its methods replaced. */
export function overRemote(
  make: (remote: RemoteStore) => Partial<RemoteStore>,
): (remote: RemoteStore) => RemoteStore {
  return (remote) => {
    const own = make(remote)
    return new Proxy(remote, {
      get(target, name: keyof RemoteStore): unknown {
        const method: unknown = own[name] ?? target[name]
        return typeof method === 'function' ? (method.bind(target) as unknown) : method
      },
    })
  }
}
