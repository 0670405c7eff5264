import { BaseCache } from '../../../src/cache/base-cache.ts'
import { CoherentStore } from '../../../src/coherence/coherent-store.ts'
import type { CoherenceSettings } from '../../../src/coherence/settings.ts'
import { silentLogger } from '../../../src/core/logging/logger.ts'
import type { GetOrSetOptions, ReadOptions } from '../../../src/options/entry-options.ts'
import type { CacheOptions } from '../../../src/options/options.ts'
import type { Bus, Head, Message } from '../../../src/core/remote/log.ts'
import type { RemoteStore } from '../../../src/core/remote/remote-store.ts'
import type { Lease, Store, Stored } from '../../../src/core/store.ts'
import { localMemory } from '../../../src/memory/local-memory.ts'
import { EventLoop } from '../../../simulator/machine/event-loop.ts'
import { Keyspace } from '../../../simulator/server/keyspace.ts'
import { Process } from '../../../simulator/world/process.ts'
import { SeededRandom } from '../../../src/testing/random.ts'
import { SimulatedRemote } from '../../../simulator/server/remote.ts'
import { SimulatedServer } from '../../../simulator/server/server.ts'
import { deferred } from '../../support/deferred.ts'
import { Lines } from './lines.ts'

/**
 * Interval at which the nodes of a stage ask for the head of the log. Every history ends long before the bound, 3 s.
 */
export const HEARTBEAT_MS = 1_000
/** Longest time of a request. */
export const DEADLINE_MS = 100
const SETTINGS = {
  policy: 'strict',
  maxLagMs: 3_000,
  maxStaleMs: 60_000,
  heartbeatMs: HEARTBEAT_MS,
  leaseMs: 5_000,
  longestLeaseMs: 60_000,
  outboxLimit: 100,
  suspectBits: 2 ** 14,
  journalMs: 60_000,
  journalLimit: 500,
  generationLimit: 100,
} as const satisfies CoherenceSettings

/** Changes of a play in the wiring of its nodes. A rule is left out by this. */
export interface StageOptions extends Partial<CoherenceSettings> {
  /** The most entries that a log keeps; 1,000 unless given. */
  readonly logLimit?: number
  /** Number of partitions of the keys; 1 unless given. */
  readonly partitions?: number
  /** Time of every way; 1 ms unless given. */
  readonly delayMs?: number
  /** Advance of each node's wall clock. */
  readonly wallAheadMs?: readonly number[]
  remote?(remote: RemoteStore): RemoteStore
  bus?(bus: Bus): Bus | undefined
  store?(store: CoherentStore): Store
}

/** The value of a cache entry. A bare number would be taken for a counter, which no local tier keeps. */
export type Version = readonly [version: number]

class StageCache extends BaseCache<Version | number> {
  static over(store: Store, options: CacheOptions): StageCache {
    return new StageCache(store, options)
  }
}

/** A node: the shipped code over lines that take a millisecond each way and lose nothing. */
export interface Player {
  readonly name: string
  readonly cache: BaseCache<Version | number>
  readonly store: CoherentStore
  readonly remote: SimulatedRemote
  readonly network: Lines
  readonly process: Process
  /** The server whose messages it hears. `undefined`: it hears none, and does not know. */
  listensTo: SimulatedServer | undefined
}

/** A load whose loader has read the database and has not answered yet. */
export interface Loading {
  /** The version that the loader has read. */
  readonly version: number
  /** The result of the caller. */
  readonly value: Promise<number | undefined>
  /** Lets the loader answer, and returns the caller's result. */
  finish(): Promise<number | undefined>
}

/** Nodes, a server and a database on which a history is played step by step. */
export class Stage {
  readonly loop: EventLoop = new EventLoop()
  readonly nodes: Player[]
  /** The server that new connections lead to. */
  server: SimulatedServer
  /** Number of times that a loader has read the database. */
  loads = 0
  readonly #options: StageOptions
  readonly #database = new Map<string, number>()
  #servers = 0

  constructor(nodes: number, options: StageOptions = {}) {
    this.#options = options
    this.server = this.#start(new Keyspace())
    this.nodes = Array.from({ length: nodes }, (_, index) => this.#node(`n${index}`, index))
  }

  /** The three nodes of a play with three. */
  get players(): readonly [Player, Player, Player] {
    const [one, two, three] = this.nodes
    return [one!, two!, three!]
  }

  /** Returns the present version of a key in the database. */
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

  /** Lets time pass until the condition holds. */
  async when(isSo: () => boolean): Promise<void> {
    for (let step = 0; step < 5_000; step++) {
      if (isSo()) return
      await this.pass(0.5)
    }
    throw new Error('it does not come about in time')
  }

  /** Lets time pass until the promise settles. */
  async until<T>(doing: Promise<T>): Promise<T> {
    const state = { isDone: false }
    const done = doing.finally(() => {
      state.isDone = true
    })
    done.catch(() => undefined)
    await this.when(() => state.isDone)
    return done
  }

  /** Reads on a node as a user does: from the cache, or else from the database. */
  async read(node: Player, key: string, options: GetOrSetOptions = {}): Promise<number> {
    const load = (): Version => {
      this.loads++
      return [this.versionOf(key)]
    }
    return versionIn(await this.until(node.cache.getOrSet(key, load, options)))!
  }

  /** Returns the value that every node reads. */
  async readAll(key: string, options: GetOrSetOptions = {}): Promise<readonly number[]> {
    const found: number[] = []
    for (const node of this.nodes) found.push(await this.read(node, key, options))
    return found
  }

  /** Returns the value that the cache has, as a node sees it. */
  async get(node: Player, key: string, options?: ReadOptions): Promise<number | undefined> {
    return versionIn(await this.until(node.cache.get<number | Version>(key, options)))
  }

  /** Returns the value that the tier of the node serves, without a request. */
  async kept(node: Player, key: string): Promise<number | undefined> {
    const { localHits } = node.store
    const version = await this.get(node, key)
    return node.store.localHits > localHits ? version : undefined
  }

  /** Begins a load. Its loader has read the database, and answers on request. */
  async load(node: Player, key: string, options: GetOrSetOptions = {}): Promise<Loading> {
    const answer = deferred<Version>()
    let version: number | undefined
    const value = node.cache
      .getOrSet(
        key,
        async () => {
          this.loads++
          version = this.versionOf(key)
          return answer.promise
        },
        options,
      )
      .then(versionIn)
    await this.when(() => version !== undefined)
    const finish = async (): Promise<number | undefined> => {
      answer.resolve([version!])
      return this.until(value)
    }
    return { version: version!, value, finish }
  }

  /** Commits and invalidates on a node. */
  async change(node: Player, key: string): Promise<void> {
    this.commit(key)
    await this.until(node.cache.delete(key))
  }

  /** Commits a version, and has a node set it. */
  async set(node: Player, key: string, options?: GetOrSetOptions): Promise<boolean> {
    this.commit(key)
    return this.until(node.cache.set(key, [this.versionOf(key)], options))
  }

  /** Fills under a lease of a node, with a version that it has loaded. Returns whether that was stored. */
  async fill(node: Player, lease: Lease, version: number, tags?: readonly string[]): Promise<boolean> {
    const fills = [{ lease, stored: this.stored(node, version), ttlMs: 60_000, tags }]
    // oxlint-disable-next-line no-array-fill-with-reference-type
    const [answer] = await this.until(node.store.fill(fills))
    return answer === true
  }

  /** Returns a version in the form in which a node's store takes it. */
  stored(node: Player, version: number): Stored {
    return node.store.admit([version]).stored!
  }

  /** Returns the version that the present server has, whether or not it is valid. */
  onServer(key: string): number | undefined {
    const found = this.server.read(key)
    return found && versionIn(JSON.parse(found.text) as Version)
  }

  /** Removes names from the server, as a full one does. */
  evict(...names: readonly string[]): void {
    for (const name of names)
      if (this.server.evict(() => name) !== name || this.server.items.has(name))
        throw new Error(`the server keeps ${name}`)
  }

  /** Returns the present data of a replica that has everything. */
  replica(): Keyspace {
    return new Keyspace(this.server.items)
  }

  /** Has a server with these contents take over. The old one answers no node any more. No node knows of it yet. */
  takeOver(items: Keyspace): void {
    this.server.down = true
    this.server = this.#start(items)
  }

  /** Connects the node's commands to the present server, and its subscription if `hears`. */
  reconnect(node: Player, hears = true): void {
    node.remote.connect(this.server)
    if (!hears) return
    node.listensTo = this.server
    node.network.resubscribe()
  }

  reconnectAll(): void {
    for (const node of this.nodes) this.reconnect(node)
  }

  /** Starts another node. */
  join(): Player {
    const node = this.#node(`n${this.nodes.length}`, this.nodes.length)
    this.nodes.push(node)
    return node
  }

  /** Ends the node's process without a message. */
  kill(node: Player): void {
    node.network.kill()
    node.listensTo = undefined
  }

  /** Returns the head of the log on the present server. */
  head(): Head {
    return this.server.heads().get('0')!
  }

  /** Returns the entries that the present server logged, from the first one. */
  log(): readonly { readonly item: string; readonly stamp: string; readonly origin?: string }[] {
    const { epoch } = this.head()
    return this.server.sync('0', { epoch, counter: 0, stamp: '' }, epoch).entries
  }

  #start(items: Keyspace): SimulatedServer {
    const { partitions = 1, logLimit = 1_000 } = this.#options
    const server: SimulatedServer = new SimulatedServer({
      id: `p${this.#servers++}`,
      items,
      now: () => this.loop.now(),
      partitions,
      logLimit,
      publish: (message: Message) => {
        for (const { listensTo, network } of this.nodes) if (listensTo === server) network.deliver(message)
      },
    })
    return server
  }

  #node(name: string, index: number): Player {
    const {
      remote: rewire,
      bus: rewireBus,
      store: rewireStore,
      delayMs = 1,
      wallAheadMs = [],
      logLimit: _,
      partitions: __,
      ...settings
    } = this.#options
    const { loop } = this
    const process = new Process(loop)
    const random = new SeededRandom(index + 1)
    const network = new Lines(loop, process, delayMs, DEADLINE_MS)
    const remote = new SimulatedRemote(this.server, network)
    const clock = { now: () => loop.now(), wallNow: () => loop.wallNow() + (wallAheadMs[index] ?? 0) }
    const parts = { clock, timers: process, random: random.next }
    const store = new CoherentStore(
      {
        ...parts,
        remote: rewire?.(remote) ?? remote,
        bus: rewireBus === undefined ? network : rewireBus(network),
        local: localMemory({}, parts),
        node: name,
      },
      { ...SETTINGS, ...settings },
    )
    const cache = StageCache.over(rewireStore?.(store) ?? store, { ...parts, logger: silentLogger })
    return { name, cache, store, remote, network, process, listensTo: this.server }
  }
}

function versionIn(value: Version | number | undefined): number | undefined {
  return typeof value === 'object' ? value[0] : value
}

/** Returns the same port with some of its methods replaced. */
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
