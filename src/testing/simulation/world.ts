import { BaseCache } from '../../cache/base-cache.ts'
import {
  CoherentStore,
  type CoherenceSettings,
  type FailoverMode,
  type Policy,
} from '../../coherence/coherent-store.ts'
import { silentLogger } from '../../core/logger.ts'
import type { Bus, RemoteStore } from '../../core/remote-store.ts'
import type { Invalidation, Store } from '../../core/store.ts'
import { namespaceTag } from '../../core/tags.ts'
import { mergeTokens } from '../../core/token.ts'
import { memoryStore, type MemoryStore } from '../../memory/memory-store.ts'
import { EventLoop } from './event-loop.ts'
import { Failures } from './failures.ts'
import { History, type Happening, type Violation } from './history.ts'
import type { Keyspace } from './keyspace.ts'
import { Network, type Faults } from './network.ts'
import { SeededRandom } from './random.ts'
import { SimulatedRemote } from './remote.ts'
import { Replication } from './replication.ts'
import { SimulatedServer, type Invalidated } from './server.ts'

/** How a world is made. */
export interface WorldOptions {
  readonly seed: number
  readonly faults: Faults
  readonly policy: Policy
  /** What an invalidation waits for; `'async'` unless given. */
  readonly failover?: FailoverMode
  /** Whether the happenings are kept, for a timeline. */
  readonly recording?: boolean
  /** Replaces parts of a node: how a rule is switched off to show that it is needed. */
  readonly rewire?: Rewiring
}

/** Hooks in the wiring of a simulated node; the product has no such switches. */
export interface Rewiring {
  remote?(remote: RemoteStore): RemoteStore
  bus?(bus: Bus): Bus | undefined
  store?(store: CoherentStore): Store
}

/** What a run came to. */
export interface WorldReport {
  readonly seed: number
  readonly reads: number
  readonly loads: number
  readonly mutations: number
  readonly refusedFills: number
  readonly localHits: number
  readonly faults: number
  /** Invalidations that failovers lost, and the longest time until the last of them was replayed. */
  readonly lost: number
  readonly slowestReplayMs: number
  readonly violations: readonly Violation[]
  readonly happenings: readonly Happening[]
}

const SETTINGS: Omit<CoherenceSettings, 'policy' | 'failover' | 'journalLimit'> = {
  maxLagMs: 200,
  maxStaleMs: 600,
  heartbeatMs: 40,
  leaseMs: 300,
  longestLeaseMs: 2_000,
  outboxLimit: 1_000,
  journalMs: 60_000,
  generationLimit: 1_000,
}
const DEADLINE_MS = 60
const DURATION_MS = 4_000
const QUIET_MS = 3_000
const NODES = 3
// Few keys meet in every race; with many, what one of them misses is not made up for by the next invalidation.
const KEYS = ['ab', 'abcdefghijkl', 'abcdefghijklmnopqrstuvwxyz']
const CHANGES = ['delete', 'delete', 'take', 'prefix', 'many'] as const
const TAGGED_CHANGES = [...CHANGES, 'tag', 'tag', 'tag', 'clear'] as const
type Change = (typeof TAGGED_CHANGES)[number]
type Outcome = 'acknowledged' | 'queued' | 'failed'

/** A namespace of generations, whose name is the beginning of no other key. */
const SPACE = '0'
const LATEST_TOKENS = 5

/** A key, as it is read and written. */
interface Target {
  readonly key: string
  /** As it is called in its namespace, or the key. */
  readonly name: string
  /** Tags of its entry, besides those of its namespace; empty where it is read without one. */
  readonly tags: readonly string[]
}

/** What an invalidation promises to whoever reads with its token. */
interface Promised {
  readonly token: string
  readonly versions: ReadonlyMap<Target, number>
}

class SimulatedCache extends BaseCache<number[]> {
  constructor(store: Store, loop: EventLoop, random: SeededRandom) {
    super(store, { clock: loop, timers: loop, random: random.next, logger: silentLogger })
  }
}

interface Node {
  readonly name: string
  readonly cache: BaseCache<number[]>
  readonly space: BaseCache<number[]>
  readonly store: CoherentStore
  readonly local: MemoryStore
  readonly network: Network
  readonly remote: SimulatedRemote
  /** The server whose messages it hears. */
  listensTo: SimulatedServer
}

/**
 * Nodes with the shipped code, a server, a database and their network, in one thread and under one seed: the
 * same seed gives the same history.
 */
export class World {
  readonly #options: WorldOptions
  readonly #loop = new EventLoop()
  readonly #random: SeededRandom
  readonly #history: History
  readonly #partitions: number
  readonly #logLimit: number
  readonly #replication: Replication
  readonly #nodes: readonly Node[]
  readonly #targets: readonly Target[]
  #promised: readonly Promised[] = []
  readonly #writePauseMs: number
  readonly #database = new Map<string, number>()
  // When each version was committed, by key.
  readonly #commits = new Map<string, number[]>()
  #faulty = true
  #reads = 0
  #loads = 0
  #mutations = 0
  #injected = 0

  constructor(options: WorldOptions) {
    this.#options = options
    this.#random = new SeededRandom(options.seed)
    const boundMs = options.policy === 'strict' ? SETTINGS.maxLagMs : SETTINGS.maxStaleMs
    this.#history = new History(() => this.#loop.now(), boundMs, options.recording ?? false)
    const { faults } = options
    const failsOver = faults.promotionsPerSecond + faults.restartsPerSecond + faults.rollbacksPerSecond > 0
    this.#targets = Array.from(this.#random.pick(KEYS)).map((name, index) => {
      if (index % 2 === 0) return { key: name, name, tags: [] }
      return { key: `${SPACE}:${name}`, name, tags: index % 4 === 1 ? ['s', 't'] : ['t'] }
    })
    this.#writePauseMs = this.#random.pick([120, 600])
    for (const { key } of this.#targets) this.#commits.set(key, [])
    this.#partitions = 1 + this.#random.below(2)
    // A journal of half the log must hold what a failover may lose.
    this.#logLimit = this.#random.pick(failsOver ? [256, 1_000] : [2, 8, 1_000])
    this.#replication = new Replication(this.#loop, this.#random, faults, (id, items) =>
      this.#makeServer(id, items),
    )
    this.#nodes = Array.from({ length: NODES }, (_, index) => this.#makeNode(`n${index}`))
  }

  /** Lets the world run its course and judges it. */
  async run(): Promise<WorldReport> {
    const clients = this.#nodes.flatMap((node) => [
      this.#reader(node),
      this.#reader(node),
      this.#writer(node),
    ])
    this.#break()
    await this.#loop.runUntil(DURATION_MS)
    this.#faulty = false
    await this.#loop.runUntil(DURATION_MS + QUIET_MS)
    await Promise.all(clients)
    await this.#judgeQuiet()
    const lost = this.#nodes.reduce((sum, { network }) => sum + network.lost, 0)
    const stats = this.#nodes.map(({ cache }) => cache.stats())
    return {
      seed: this.#options.seed,
      reads: this.#reads,
      loads: this.#loads,
      mutations: this.#mutations,
      refusedFills: stats.reduce((sum, { refusedFills }) => sum + refusedFills, 0),
      localHits: this.#nodes.reduce((sum, { store }) => sum + store.localHits, 0),
      faults: this.#injected + lost,
      lost: this.#history.lost,
      slowestReplayMs: this.#history.slowestReplayMs,
      violations: this.#history.violations,
      happenings: this.#history.happenings,
    }
  }

  #makeServer(id: string, items: Keyspace): SimulatedServer {
    const server: SimulatedServer = new SimulatedServer({
      id,
      items,
      now: () => this.#loop.now(),
      partitions: this.#partitions,
      logLimit: this.#logLimit,
      publish: (message) => {
        for (const node of this.#nodes) if (node.listensTo === server) node.network.deliver(message)
      },
      onInvalidated: (invalidated) => this.#onInvalidated(invalidated),
      onFilled: (key, text) => {
        const [version] = JSON.parse(text) as number[]
        const present = items.invalidatedVersion(key)
        this.#history.note(id, `stores ${key} = ${version}`)
        if (version! < present)
          this.#history.violated(
            'I1',
            `${id} stored version ${version} of ${key} after ${present} was invalidated`,
          )
      },
    })
    return server
  }

  #onInvalidated({ kind, item, partition, server, atMs }: Invalidated): void {
    for (const target of this.#targets) {
      const { key } = target
      if (kind === 'tag' && !isTagged(target, item)) continue
      if (kind === 'key' && key !== item) continue
      if (kind === 'prefix' && (!key.startsWith(item) || server.partitionOf(key) !== partition)) continue
      const version = this.#commits.get(key)!.findLastIndex((commitMs) => commitMs <= atMs) + 1
      server.items.recordInvalidated(key, version)
      this.#history.note(server.id, `executes ${kind} ${key} , in effect up to version ${version}`)
      const { primary } = this.#replication
      if (server === primary) this.#history.executed(key, version)
      else this.#history.executedInVain(key, version, primary.items.invalidatedVersion(key))
    }
  }

  #makeNode(name: string): Node {
    const { faults, policy, failover = 'async', rewire = {} } = this.#options
    const random = new SeededRandom(this.#random.below(2 ** 31))
    const network = new Network(this.#loop, random, this.#whileFaulty(faults), DEADLINE_MS)
    const server = this.#replication.primary
    const remote = new SimulatedRemote(server, network, this.#replication)
    const local = memoryStore({ clock: this.#loop, timers: this.#loop })
    const store = new CoherentStore(
      {
        remote: rewire.remote?.(remote) ?? remote,
        local,
        bus: rewire.bus === undefined ? network : rewire.bus(network),
        clock: this.#loop,
        timers: this.#loop,
        random: random.next,
        node: name,
      },
      { ...SETTINGS, policy, failover, journalLimit: this.#logLimit / 2 },
    )
    const cache = new SimulatedCache(rewire.store?.(store) ?? store, this.#loop, random)
    const space = cache.namespace(SPACE)
    return { name, cache, space, store, local, network, remote, listensTo: server }
  }

  // The faults end with the load, so that the quiet afterwards can be judged.
  #whileFaulty(faults: Faults): Faults {
    const isFaulty = (): boolean => this.#faulty
    return new Proxy(faults, {
      get(target, name: keyof Faults) {
        if (isFaulty() || name === 'delayMs' || name === 'pauseMs') return target[name]
        return 0
      },
    })
  }

  #break(): void {
    const { evictionsPerSecond, cutsPerSecond, cutMs, deafnessPerSecond, deafMs } = this.#options.faults
    const often = (perSecond: number, fault: () => void): void => {
      if (perSecond === 0) return
      const next = (): void => {
        const pauseMs = this.#random.between(0, 2_000 / perSecond)
        if (this.#loop.now() + pauseMs >= DURATION_MS) return
        this.#loop.set(() => {
          this.#injected++
          fault()
          next()
        }, pauseMs)
      }
      next()
    }
    often(evictionsPerSecond, () => {
      const name = this.#replication.primary.evict((names) => this.#random.pick(names))
      this.#history.note('server', `evicts ${name}`)
    })
    often(cutsPerSecond, () => this.#random.pick(this.#nodes).network.cut(this.#random.between(...cutMs)))
    often(deafnessPerSecond, () =>
      this.#random.pick(this.#nodes).network.deafen(this.#random.between(...deafMs)),
    )
    const failures = new Failures(this.#loop, this.#random, this.#options.faults, {
      replication: this.#replication,
      nodes: this.#nodes,
      history: this.#history,
    })
    for (const { perSecond, strike } of failures.kinds()) often(perSecond, strike)
  }

  async #reader(node: Node): Promise<void> {
    while (this.#faulty) {
      await this.#loop.sleep(this.#random.between(0, 12))
      const promised = this.#random.chance(0.1) ? this.#promise() : undefined
      const target = this.#random.pick(promised === undefined ? this.#targets : [...promised.versions.keys()])
      const { key } = target
      const required = this.#history.required(key, node.name)
      const isLoad = this.#random.chance(0.8)
      const after = promised === undefined ? {} : { after: promised.token }
      const value = isLoad
        ? await this.#load(node, target, after)
        : await viewOf(node, target).get(target.name, after)
      if (value === undefined) continue
      this.#reads++
      const [version] = value as [number]
      const call = `${isLoad ? 'getOrSet' : 'get'} ${key}${promised === undefined ? '' : ` after ${promised.token}`}`
      this.#history.note(node.name, `${call} = ${version}`)
      this.#history.judge(key, node.name, version, required)
      const least = promised?.versions.get(target) ?? 0
      if (version < least)
        this.#history.violated('I4', `${node.name}: ${call} = ${version}; the token was made after ${least}`)
    }
  }

  // A token of late, or two of them merged. Failovers may lose what a token stands for.
  #promise(): Promised | undefined {
    if (this.#promised.length === 0 || this.#options.faults.reconnectMs[1] > 0) return undefined
    const one = this.#random.pick(this.#promised)
    const other = this.#random.pick(this.#promised)
    if (one === other || this.#random.chance(0.5)) return one
    return { token: mergeTokens(one.token, other.token), versions: one.versions }
  }

  async #load(node: Node, target: Target, after: { readonly after?: string }): Promise<number[] | undefined> {
    const { key, name, tags } = target
    const load = async (): Promise<number[]> => {
      this.#loads++
      await this.#loop.sleep(this.#random.between(0, 5))
      const version = this.#database.get(key) ?? 0
      this.#history.note(node.name, `database ${key} = ${version}`)
      await this.#loop.sleep(
        this.#random.chance(0.05) ? this.#random.between(0, 600) : this.#random.between(0, 20),
      )
      return [version]
    }
    const ttl = this.#random.pick(['100ms', '2s', '1h'])
    return viewOf(node, target).getOrSet(name, load, { ttl, tags, ...after })
  }

  async #writer(node: Node): Promise<void> {
    while (this.#faulty) {
      await this.#loop.sleep(this.#random.between(0, this.#writePauseMs))
      const target = this.#random.pick(this.#targets)
      const change: Change = this.#random.pick(target.tags.length > 0 ? TAGGED_CHANGES : CHANGES)
      const what = change === 'tag' ? this.#random.pick(target.tags) : target.key
      const affected = this.#targets.filter((one) => {
        if (change === 'tag') return one.tags.includes(what)
        return change === 'clear' ? one.tags.length > 0 : one === target
      })
      const versions = new Map(affected.map((one) => [one, this.#commit(one.key)]))
      this.#history.note(node.name, `${change} ${what} after version ${[...versions.values()].join()} ...`)
      this.#mutations++
      node.remote.replicated.delete(target.key)
      const [outcome, token] = await this.#invalidate(node, target, change, what)
      this.#history.note(
        node.name,
        `${change} ${what} after version ${[...versions.values()].join()}: ${outcome}`,
      )
      if (outcome === 'failed') continue
      if (token !== undefined && outcome === 'acknowledged')
        this.#promised = [...this.#promised, { token, versions }].slice(-LATEST_TOKENS)
      // More than all replicas nobody can wait for; fewer may not be those that are promoted.
      const { failover = 'async', faults } = this.#options
      const waitsForAll = failover !== 'async' && failover.wait === faults.replicas
      const isAcknowledged = outcome === 'acknowledged'
      const by = change === 'tag' || change === 'clear' ? change : 'key'
      for (const [{ key }, version] of versions) {
        const inEffect = this.#replication.primary.items.invalidatedVersion(key) >= version
        const replicated =
          waitsForAll && isAcknowledged && by === 'key' && node.remote.replicated.get(key) === true
        this.#history.invalidated(key, version, node.name, isAcknowledged, { inEffect, replicated, by })
      }
    }
  }

  #commit(key: string): number {
    const version = (this.#database.get(key) ?? 0) + 1
    this.#database.set(key, version)
    this.#commits.get(key)!.push(this.#loop.now())
    return version
  }

  // A prefix can't be queued; the others are, when they get no answer, and then bind the node itself.
  async #invalidate(
    node: Node,
    target: Target,
    change: Change,
    tag: string,
  ): Promise<readonly [outcome: Outcome, token?: string]> {
    const { cache, space, store } = node
    const { key, name } = target
    const view = viewOf(node, target)
    const errors = cache.stats().errors
    const truth = ({ l2, token }: Invalidation): readonly [Outcome, string] => {
      if (l2 === 'acked' || l2 === 'replicated') return ['acknowledged', token]
      return [l2 === 'queued' ? 'queued' : 'failed', token]
    }
    switch (change) {
      case 'tag':
        return truth(await cache.invalidateTag(tag))
      case 'many':
        return truth(await view.invalidate([name]))
      case 'clear':
        if (await space.clear()) return ['acknowledged']
        return [store.isTagQueued(namespaceTag(`${SPACE}:`)) ? 'queued' : 'failed']
      case 'prefix':
        return [(await view.deleteByPrefix(name)) === undefined ? 'failed' : 'acknowledged']
      case 'delete':
        await view.delete(name)
        break
      case 'take':
        await view.take(name)
    }
    if (store.isQueued(key)) return ['queued']
    return [cache.stats().errors === errors ? 'acknowledged' : 'failed']
  }

  // I5, I13 and I14: when nothing goes wrong any more, nothing is left over, and everybody sees the last version.
  async #judgeQuiet(): Promise<void> {
    for (const node of this.#nodes) {
      const { name, store } = node
      const { markers, outbox } = store.pending
      if (markers > 0 || outbox > 0)
        this.#history.violated('I13', `${name} has ${markers} markers, ${outbox} queued keys left`)
      for (const target of this.#targets) {
        const { key } = target
        const reading = viewOf(node, target).get(target.name)
        await this.#loop.runUntil(this.#loop.now() + 2 * DEADLINE_MS)
        const version = (await reading)?.[0]
        const present = this.#history.latest(key)
        if (version !== undefined && version < present) {
          this.#history.violated(
            'I14',
            `${name} still reads version ${version} of ${key}; ${present} was invalidated`,
          )
        }
      }
    }
    for (const [key, version] of this.#history.stillLost())
      this.#history.violated('I5', `version ${version} of ${key} was invalidated, lost, and never replayed`)
    const leases = this.#replication.primary.names().filter((name) => name.startsWith('l:'))
    if (leases.length > 0)
      this.#history.violated('I13', `the server still has the leases ${leases.join(', ')}`)
    for (const { cache, local } of this.#nodes) {
      void cache.close()
      local.close()
    }
    await this.#loop.runUntil(this.#loop.now() + 1_000)
    if (this.#loop.pending > 0) this.#history.violated('I13', `${this.#loop.pending} timers are left`)
  }
}

// The namespace for what is tagged, the cache for what is not.
function viewOf(node: Node, target: Target): BaseCache<number[]> {
  return target.tags.length > 0 ? node.space : node.cache
}

function isTagged({ tags }: Target, tag: string): boolean {
  return tags.length > 0 && (tags.includes(tag) || tag === namespaceTag(`${SPACE}:`))
}
