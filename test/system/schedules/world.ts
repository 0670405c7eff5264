import fc from 'fast-check'
import { isPromise } from '../../../src/core/promise.ts'
import { BaseCache, silentLogger, type CacheOptions, type Store } from '../../../src/index.ts'
import type { Fill, Filled, Lease } from '../../../src/core/store.ts'

/** A cache over any store: the contract and the pipeline as shipped. */
export class StoreCache extends BaseCache<number> {
  constructor(store: Store, options: CacheOptions) {
    super(store, { logger: silentLogger, ...options })
  }
}

/** The same store with some of its methods replaced: how a rule is switched off without a switch in the product. */
export function withOverrides(store: Store, overrides: Partial<Store>): Store {
  const own = <N extends keyof Store>(name: N): Store[N] => {
    const method = store[name] as (...args: never[]) => unknown
    return method.bind(store) as Store[N]
  }
  return {
    admit: own('admit'),
    view: own('view'),
    get: own('get'),
    read: own('read'),
    open: own('open'),
    acquire: own('acquire'),
    fill: own('fill'),
    release: own('release'),
    joinable: own('joinable'),
    write: own('write'),
    invalidate: own('invalidate'),
    scan: own('scan'),
    deleteByPrefix: own('deleteByPrefix'),
    stats: own('stats'),
    close: own('close'),
    ...overrides,
  }
}

/** The same store, watched: which leases are open, and that each is filled once at the most. */
export function watched(store: Store): { readonly store: Store; readonly problems: () => readonly string[] } {
  const open = new Set<Lease>()
  const filled = new Set<Lease>()
  const problems: string[] = []
  const note = (fills: readonly Fill[], answers: readonly Filled[]): readonly Filled[] => {
    for (const [index, { lease }] of fills.entries()) {
      if (answers[index] !== true) continue
      if (filled.has(lease)) problems.push('a lease was filled twice')
      filled.add(lease)
    }
    return answers
  }
  const watching = withOverrides(store, {
    open: (key, reading) => {
      const lease = store.open(key, reading)
      open.add(lease)
      return lease
    },
    fill: (fills) => {
      for (const { lease } of fills) open.delete(lease)
      const answers = store.fill(fills)
      return isPromise(answers) ? answers.then((settled) => note(fills, settled)) : note(fills, answers)
    },
    release: (leases, cooldown) => {
      for (const lease of leases) open.delete(lease)
      return store.release(leases, cooldown)
    },
  })
  return {
    store: watching,
    problems: () => (open.size === 0 ? problems : [...problems, `${open.size} open leases`]),
  }
}

export const MUTATIONS = [
  'set',
  'delete',
  'take',
  'increment',
  'clear',
  'invalidate',
  'invalidateTag',
  'clear of the namespace',
] as const
export const READS = ['get', 'getOrSet', 'getOrSetMany', 'refresh', 'getOrSet, which is left'] as const
export type Operation = (typeof MUTATIONS)[number] | (typeof READS)[number]

/** An operation that begins at any moment, or at any moment after an earlier one has ended. */
export interface Planned {
  readonly operation: Operation
  /** The place among the earlier ones, as a fraction of their number; 1 = none. */
  readonly after: number
}

/** Two to eight operations on one key, the first of them a load. */
export const plans: fc.Arbitrary<Planned[]> = fc
  .tuple(
    fc.constantFrom<Operation>('getOrSet', 'getOrSetMany'),
    fc.array(
      fc.record({
        operation: fc.constantFrom<Operation>(...MUTATIONS, ...READS, 'getOrSet'),
        after: fc.constantFrom(1, 1, 0.99, 0.99, 0.5, 0),
      }),
      { minLength: 1, maxLength: 7 },
    ),
  )
  .map(([operation, rest]) => [{ operation, after: 1 }, ...rest])

const KEY = 'key'
const TAG = 'tag'
/** Versions of the database are multiples of this; increments add ones, so that a value tells where it comes from. */
const VERSION = 1000
const WRITTEN = 500

/**
 * A database whose value rises, and a cache before it. Every mutation changes the database first and the cache
 * afterwards, as services do; a read that begins after a mutation was acknowledged must see it.
 */
export class World {
  readonly violations: string[] = []
  loads = 0
  mutations = 0
  refreshes = 0
  readonly #root: BaseCache<number>
  // The key is read and written in a namespace of generations, with a tag.
  readonly #cache: BaseCache<number>
  readonly #step: (label: string) => Promise<void>
  #database = VERSION
  #acknowledged = 0
  #active = 0
  #begun = 0
  // The value of the key, if the last mutation ran alone and left a known one.
  #known: number | undefined

  constructor(cache: BaseCache<number>, step: (label: string) => Promise<void>) {
    this.#root = cache
    this.#cache = cache.namespace('space', { tags: [TAG] })
    this.#step = step
  }

  async run(operation: Operation): Promise<void> {
    await this.#step(operation)
    if ((READS as readonly string[]).includes(operation)) await this.#read(operation)
    else await this.#mutate(operation)
  }

  // The loader reads the database at one moment and answers at a later one.
  readonly #load = async (): Promise<number> => {
    this.loads++
    await this.#step('query')
    const value = this.#database
    // A load lasts longer than a mutation, so that mutations fall into it.
    for (let step = 0; step < 6; step++) await this.#step('answer')
    return value
  }

  async #read(operation: Operation): Promise<void> {
    const mustSee = this.#acknowledged
    const begun = this.#begun
    const known = this.#active === 0 ? this.#known : undefined
    const value = await this.#value(operation)
    if (value === undefined) return
    if (value % VERSION === 0 && value < mustSee) {
      this.violations.push(`${operation} returned ${value}, acknowledged before it began: ${mustSee}`)
    }
    if (known !== undefined && begun === this.#begun && value !== known) {
      this.violations.push(`${operation} returned ${value}, though ${known} was written last`)
    }
  }

  async #value(operation: Operation): Promise<number | undefined> {
    if (operation === 'get') return this.#cache.get<number>(KEY)
    if (operation === 'getOrSet') return this.#cache.getOrSet(KEY, this.#load)
    if (operation === 'refresh') return this.#refresh()
    if (operation === 'getOrSet, which is left') return this.#leave()
    return (await this.#cache.getOrSetMany([KEY], async () => ({ [KEY]: await this.#load() }))).get(KEY)
  }

  // It replaces whatever is there, so that nobody knows what the key holds until it has ended.
  async #refresh(): Promise<number> {
    this.refreshes++
    this.#begun++
    this.#active++
    this.#known = undefined
    try {
      return await this.#cache.refresh(KEY, this.#load)
    } finally {
      this.#active--
    }
  }

  // The first caller may leave; the load is that of the others, too.
  async #leave(): Promise<number | undefined> {
    const controller = new AbortController()
    const value = this.#cache.getOrSet(KEY, this.#load, { signal: controller.signal })
    void this.#step('leave').then(() => controller.abort())
    return value.catch(() => undefined)
  }

  async #mutate(operation: Operation): Promise<void> {
    this.mutations++
    const version = (this.#database += VERSION)
    await this.#step('commit')
    const alone = this.#active === 0
    const begun = ++this.#begun
    this.#active++
    this.#known = undefined
    const left = await this.#apply(operation, version)
    this.#active--
    if (alone && begun === this.#begun) this.#known = left
    this.#acknowledged = Math.max(this.#acknowledged, version)
  }

  // The value of the key afterwards, as far as the mutation decides it.
  async #apply(operation: Operation, version: number): Promise<number | undefined> {
    switch (operation) {
      case 'set':
        // Two sets may reach the cache in another order than the database: the caller's word, marked as such.
        await this.#cache.set(KEY, version + WRITTEN)
        return version + WRITTEN
      case 'increment':
        return this.#cache.increment(KEY)
      case 'delete':
        await this.#cache.delete(KEY)
        return undefined
      case 'take':
        await this.#cache.take(KEY)
        return undefined
      case 'invalidate':
        await this.#cache.invalidate(KEY)
        return undefined
      case 'invalidateTag':
        await this.#cache.invalidateTag(TAG)
        return undefined
      case 'clear of the namespace':
        await this.#cache.clear()
        return undefined
      default:
        await this.#root.clear()
        return undefined
    }
  }
}

/** Runs every operation at once under a scheduler that decides the order of all their steps. */
export async function play(
  scheduler: fc.Scheduler,
  planned: readonly Planned[],
  makeStore: (step: (label: string) => Promise<void>) => Store,
): Promise<World> {
  const step = async (label: string): Promise<void> => scheduler.schedule(Promise.resolve(), label)
  const tick = async (callback: () => void): Promise<void> => {
    await step('timer')
    callback()
  }
  const timers = { set: (callback: () => void) => void tick(callback), clear: () => undefined }
  const { store, problems } = watched(makeStore(step))
  const cache = new StoreCache(store, { timers })
  const world = new World(cache, step)
  const running: Promise<void>[] = []
  for (const { operation, after } of planned) {
    const earlier = after === 1 ? undefined : running[Math.floor(after * running.length)]
    running.push(Promise.resolve(earlier).then(() => world.run(operation)))
  }
  await scheduler.waitFor(Promise.all(running))
  // Quiescence: what is stored now is what everybody will read.
  await scheduler.waitFor(world.run('get'))
  await scheduler.waitIdle()
  // Nothing is under way any more: whoever opened a lease has used it or given it back.
  world.violations.push(...problems())
  return world
}
