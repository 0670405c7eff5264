import type { Duration } from '../../core/duration.ts'
import type { CounterHistory } from './counter-history.ts'
import type { Database } from './database.ts'
import type { EventLoop } from './event-loop.ts'
import type { History, Required } from './history.ts'
import type { Lifetimes } from './lifetimes.ts'
import type { Network } from './network.ts'
import type { SimulatedNode, Versioned } from './node.ts'
import type { SeededRandom } from './random.ts'

/** What clients work with. */
export interface WorkloadParts {
  readonly loop: EventLoop
  readonly random: SeededRandom
  readonly database: Database
  readonly history: History
  readonly lifetimes: Lifetimes | undefined
  readonly counter: CounterHistory
  /** By place: a node that died is replaced by another in its place. */
  readonly nodes: readonly SimulatedNode<Network>[]
  readonly isOn: () => boolean
  /** How long an answered call may have taken, but for loads and prefixes. */
  readonly deadlineMs: number
  /** How long after its deadline a request may still arrive. */
  readonly latestMs: number
  /** Whether a request that was answered may arrive once more. */
  readonly repeats: boolean
  /** Hears of an invalidation that was acknowledged or queued. */
  readonly invalidated: (node: SimulatedNode<Network>, change: Changed) => void
  readonly loaded: (key: string) => void
  readonly traffic: Traffic
}

/** An invalidation, or a `set`, that has ended. */
export interface Changed {
  readonly key: string
  readonly version: number
  readonly beganMs: number
  readonly acknowledged: boolean
  /** What its acknowledgement is known by: the key or the prefix. */
  readonly target: string
}

type Node = SimulatedNode<Network>

/** A way to change what the cache holds. */
export type Change = 'delete' | 'take' | 'many' | 'prefix' | 'set' | 'setMany' | 'expire'

/** What clients do, where it shall not be a bit of everything. */
export interface Traffic {
  /** The keys that are read and changed, of `a1`, `a2` and `b1`. */
  readonly keys?: readonly string[]
  /** How keys are changed; what is named twice happens twice as often. */
  readonly changes?: readonly Change[]
  /** The longest pause between two calls of one reader, in milliseconds. */
  readonly readPauseMs?: number
  /** The longest pause between two calls of one writer, in milliseconds. */
  readonly changePauseMs?: number
  /** How likely a load takes up to 600 ms, and not 20. */
  readonly slowLoads?: number
  /** How likely it takes 2.6 seconds, longer than a lease may be held. */
  readonly hangingLoads?: number
  /** The ttl of what is stored. */
  readonly ttls?: readonly Duration[]
}

export const KEYS = ['a1', 'a2', 'b1'] as const
export const COUNTER = 'n'
const CHANGES: readonly Change[] = [
  'delete',
  'delete',
  'take',
  'prefix',
  'many',
  'set',
  'set',
  'setMany',
  'expire',
]
const LONGEST_LOAD_MS = 2_600
// The longest wait for somebody else's load, and twice a loader's time.
/** The longest that a load may take. */
export const LOAD_LIMIT_MS = 10_000 + 2 * LONGEST_LOAD_MS

/** The source of the values failed: callers get this very error. */
class DatabaseError extends Error {}

/** What the clients of a simulated service do: they read, load, change the database and then the cache. */
export class Workload {
  readonly #parts: WorkloadParts
  readonly #keys: readonly string[]
  readonly #changePauseMs: number
  readonly #slowLoads: number
  readonly #ttls: readonly Duration[]
  reads = 0
  loads = 0
  mutations = 0
  /** Calls that have not been answered. */
  open = 0

  constructor(parts: WorkloadParts) {
    this.#parts = parts
    this.#keys = parts.traffic.keys ?? KEYS
    // Where changes are frequent, operations meet; where they are rare and entries live long, nothing hides what one
    // of them missed.
    const changePauseMs = parts.random.pick([60, 300, 1_200])
    const slowLoads = parts.random.pick([0.02, 0.05, 0.3])
    const ttls = parts.random.pick([['100ms', '2s', '1h'], ['1h']])
    this.#ttls = parts.traffic.ttls ?? ttls
    this.#changePauseMs = parts.traffic.changePauseMs ?? changePauseMs
    this.#slowLoads = parts.traffic.slowLoads ?? slowLoads
  }

  start(): void {
    const { readPauseMs = 12 } = this.#parts.traffic
    for (const place of this.#parts.nodes.keys()) {
      void this.#repeat(place, readPauseMs, (node) => this.#read(node))
      void this.#repeat(place, readPauseMs, (node) => this.#read(node))
      void this.#repeat(place, this.#changePauseMs, (node) => this.#change(node))
      void this.#repeat(place, 200, (node) => this.#count(node))
    }
  }

  async #repeat(place: number, pauseMs: number, act: (node: Node) => Promise<void>): Promise<void> {
    const { loop, random, nodes, isOn } = this.#parts
    while (isOn()) {
      await loop.sleep(random.between(0, pauseMs))
      if (!isOn()) return
      const work = act(nodes[place]!)
      // Now and then a client does not wait for what it does.
      if (!random.chance(0.1)) await work
    }
  }

  async #read(node: Node): Promise<void> {
    const { random } = this.#parts
    const key = random.pick(this.#keys)
    const kind = random.next()
    if (kind < 0.1) return this.#readMany(node)
    const isLoad = kind < 0.85
    const required = this.#parts.history.required(key, node.name)
    const value = await this.#call(
      node,
      isLoad ? `getOrSet ${key}` : `get ${key}`,
      isLoad ? LOAD_LIMIT_MS : 0,
      () =>
        isLoad ? node.cache.getOrSet(key, () => this.#load(node, key), this.#ttl()) : node.cache.get(key),
    )
    this.#judge(node, key, value as Versioned | undefined, required)
  }

  async #readMany(node: Node): Promise<void> {
    const { random, history } = this.#parts
    const keys = this.#keys.filter(() => random.chance(0.7))
    const required = keys.map((key) => history.required(key, node.name))
    const loadAll = async (missing: readonly string[]): Promise<Map<string, Versioned>> =>
      new Map(await Promise.all(missing.map(async (key) => [key, await this.#load(node, key)] as const)))
    const values = await this.#call(node, `getOrSetMany ${keys.join(' ')}`, LOAD_LIMIT_MS, () =>
      node.cache.getOrSetMany<Versioned>(keys, loadAll, this.#ttl()),
    )
    for (const [index, key] of keys.entries())
      this.#judge(node, key, values?.get(key) as Versioned | undefined, required[index]!)
  }

  #judge(node: Node, key: string, value: Versioned | undefined, required: Required): void {
    const { history, lifetimes } = this.#parts
    if (value === undefined || node.dead) return
    this.reads++
    history.note(node.name, `read ${key} = ${value[0]}`)
    history.judge(key, node.name, value, required)
    const keptMs = history.keptMs(value[1])
    const endMs = keptMs === undefined ? undefined : lifetimes?.endOf(key, node.name, keptMs)
    if (endMs !== undefined && required.startedAtMs > endMs)
      history.violated(
        'I2',
        `${node.name} read version ${value[0]} of ${key}, which expire had ended at ${endMs}`,
      )
  }

  async #load(node: Node, key: string): Promise<Versioned> {
    const { loop, random, database, history } = this.#parts
    this.loads++
    this.#parts.loaded(key)
    await loop.sleep(random.between(0, 5))
    const version = database.version(key)
    const origin = history.born(false)
    history.note(node.name, `the database has version ${version} of ${key}`)
    const kind = random.next()
    if (kind < 0.005) throw new DatabaseError('the database failed')
    const hangs = kind < 0.005 + (this.#parts.traffic.hangingLoads ?? 0.005)
    const longestMs = hangs ? LONGEST_LOAD_MS : random.chance(this.#slowLoads) ? 600 : 20
    await loop.sleep(hangs ? longestMs - 10 : random.between(0, longestMs))
    return [version, origin]
  }

  async #change(node: Node): Promise<void> {
    const { random, history, database, loop, latestMs, repeats } = this.#parts
    const change = random.pick(this.#parts.traffic.changes ?? CHANGES)
    const key = random.pick(this.#keys)
    this.mutations++
    if (change === 'expire') return this.#expire(node, key)
    const prefix = key[0]!
    const keys: readonly string[] =
      change === 'prefix'
        ? this.#keys.filter((other) => other.startsWith(prefix))
        : change === 'setMany'
          ? KEYS
          : [key]
    const beganMs = loop.now()
    const versions = keys.map((changed) => database.commit(changed))
    const values = keys.map((_, index): Versioned => [versions[index]!, history.born(true)])
    const what = `${change} ${change === 'prefix' ? `${prefix}*` : keys.join(' ')} after version ${versions.join(' ')}`
    const errors = node.cache.stats().errors
    const done = await this.#call(node, what, change === 'prefix' ? Infinity : 0, async () => {
      if (change === 'prefix') return (await node.cache.deleteByPrefix(prefix)) !== undefined
      if (change === 'set') await node.cache.set(key, values[0]!, this.#ttl())
      else if (change === 'setMany')
        await node.cache.setMany(
          keys.map((set, at) => [set, values[at]!]),
          this.#ttl(),
        )
      else if (change === 'delete') await node.cache.delete(key)
      else if (change === 'take') await node.cache.take(key)
      else await node.cache.deleteMany(keys)
      return node.cache.stats().errors === errors
    })
    for (const [, origin] of values) history.settled(origin, loop.now() + (done && !repeats ? 0 : latestMs))
    if (node.dead) return
    // A prefix can't be queued; all else is, when it gets no answer, and then binds the node itself.
    if (change === 'prefix' && done !== true) return
    for (const [index, changed] of keys.entries()) {
      const acknowledged = done === true && !node.store.isQueued(changed)
      history.note(node.name, `${what}: ${changed} ${acknowledged ? 'acknowledged' : 'queued'}`)
      const target = change === 'prefix' ? prefix : changed
      this.#parts.invalidated(node, {
        key: changed,
        version: versions[index]!,
        beganMs,
        acknowledged,
        target,
      })
    }
  }

  async #expire(node: Node, key: string): Promise<void> {
    const { random, lifetimes, loop, latestMs, repeats } = this.#parts
    const ttlMs = random.pick([30, 300, 3_600_000])
    const end = lifetimes?.begin(key, node.name, loop.now())
    const errors = node.cache.stats().errors
    const ok = await this.#call(node, `expire ${key} in ${ttlMs} ms`, 0, () =>
      node.cache.expire(key, ttlMs / 1000),
    )
    const isKnown = node.cache.stats().errors === errors && !node.dead
    end?.(ok === true && isKnown, ttlMs, loop.now() + (isKnown && !repeats ? 0 : latestMs))
  }

  async #count(node: Node): Promise<void> {
    const { random, counter } = this.#parts
    const start = counter.begin()
    const isIncrement = random.chance(0.5)
    const number = await this.#call(node, isIncrement ? `increment ${COUNTER}` : `get ${COUNTER}`, 0, () =>
      isIncrement ? node.cache.increment(COUNTER, 1, '1d') : node.cache.get(COUNTER),
    )
    this.#parts.history.note(node.name, `${isIncrement ? 'increment' : 'get'} n = ${String(number)}`)
    if (typeof number === 'number' && !node.dead) counter.seen(number, start, isIncrement)
  }

  // I11 and I12: nothing rejects but the loader's own error, and everything ends in time (0 = one deadline).
  async #call<T>(node: Node, what: string, limitMs: number, run: () => Promise<T>): Promise<T | undefined> {
    const { loop, history, deadlineMs } = this.#parts
    const beganMs = loop.now()
    this.open++
    history.note(node.name, `${what} ...`)
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof DatabaseError) && !node.dead)
        history.violated('I11', `${what} on ${node.name} rejected: ${String(error)}`)
      return undefined
    } finally {
      this.open--
      const tookMs = loop.now() - beganMs
      // Sums of moments are not exact to the last digit.
      if (tookMs > Math.max(limitMs, deadlineMs) + 0.001 && !node.dead)
        history.violated('I12', `${what} on ${node.name} took ${tookMs} ms`)
    }
  }

  #ttl(): Duration {
    return this.#parts.random.pick(this.#ttls)
  }
}
