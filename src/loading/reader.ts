import type { StaleServed } from '../core/counters.ts'
import { isPromise, type MaybePromise } from '../core/promise.ts'
import { CHANNELS } from '../core/observing/channels.ts'
import type { Family } from '../core/observing/family.ts'
import type { Observer } from '../core/observing/observer.ts'
import type { Found, Reading, Stored, Tier } from '../core/store.ts'
import type { CacheState } from './cache-state.ts'

/** The result of a read that tells more than the value. */
export interface GetResult<V = unknown> {
  /** The value; `undefined` = a miss. */
  readonly value: V | undefined
  /** `'stale'` only if the read accepts stale values. */
  readonly status: 'fresh' | 'stale' | 'miss'
  /** The milliseconds until it is no longer fresh; 0 or less = it is stale, `Infinity` = never. Absent for a miss. */
  readonly remainingMs?: number
  /**
   * The milliseconds that have passed of the default ttl of the cache or namespace. Entries do not tell their own.
   * Absent without a default, or if the entry lives longer than that.
   */
  readonly ageMs?: number
  /** The tier that served it: `'l1'` is the memory of this process, `'l2'` the shared server. Absent for a miss. */
  readonly tier?: Tier
}

const MISS: GetResult<never> = Object.freeze({ value: undefined, status: 'miss' })
/** The result of a read that has found nothing. */
export const NOTHING: ReadonlyMap<string, Found> = new Map()

/**
 * Reads the store for callers. Each caller gets a value of its own. A store in trouble is a miss. Hits and misses are
 * counted.
 */
export class Reader {
  readonly #state: CacheState

  constructor(state: CacheState) {
    this.#state = state
  }

  /** The observer of reads; `undefined` if nobody observes them. */
  get observer(): Observer | undefined {
    return this.#state.observing('read')
  }

  /** Returns a private copy of the fresh value of `key`; `undefined` is a miss, or a store in trouble. */
  get(key: string, reading: Reading | undefined, family: Family): MaybePromise<unknown> {
    let stored: MaybePromise<Stored | undefined>
    try {
      stored = this.#state.store.get(key, reading)
    } catch (error) {
      return this.#failed(key, family, error)
    }
    if (isPromise(stored)) return this.#getLater(key, stored, family)
    const { trouble } = this.#state
    if (trouble.failing.size > 0) trouble.served('get')
    return this.#copy('get', key, stored, family)
  }

  /** Returns a private copy of the value of `key`, and what is known of its entry. `ttlMs` is the default of entries. */
  async getInFull(
    key: string,
    reading: Reading | undefined,
    ttlMs: number,
    family: Family,
  ): Promise<GetResult> {
    const found = (await this.look('get', [key], reading, family)).get(key)
    const isFresh = found !== undefined && found.remainingMs > 0
    const value = this.#copyLater('get', key, found?.stored, family, found?.remainingMs, this.observer)
    if (found === undefined || value === undefined) return MISS
    const { remainingMs } = found
    const tier = this.tierOf(found.stored)
    const known = { value, status: isFresh ? ('fresh' as const) : ('stale' as const), remainingMs, tier }
    return ttlMs === Infinity || remainingMs > ttlMs ? known : { ...known, ageMs: ttlMs - remainingMs }
  }

  /**
   * Returns private copies of the fresh values among `keys`, by the callers' names for them. Stale values are included
   * if `reading` asks for them.
   */
  async getMany(
    operation: string,
    keys: readonly string[],
    names: readonly string[],
    reading: Reading | undefined,
    family: Family,
  ): Promise<Map<string, unknown>> {
    const { store, trouble } = this.#state
    const values = new Map<string, unknown>()
    let list: readonly (Stored | undefined)[] = []
    let found: ReadonlyMap<string, Found> | undefined
    if (store.getMany !== undefined && reading?.stale !== true) {
      list = (await trouble.attempt(operation, () => store.getMany!(keys, reading), family.counters)) ?? list
    } else {
      const looking = this.look(operation, keys, reading, family)
      found = isPromise(looking) ? await looking : looking
    }
    // Nobody begins to observe in this turn, so that one question is enough for all keys.
    const { observer } = this
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]!
      const entry = found?.get(key)
      const stored = entry === undefined ? list[index] : entry.stored
      const value = this.#copyLater(operation, key, stored, family, entry?.remainingMs, observer)
      if (value !== undefined) values.set(names[index]!, value)
    }
    return values
  }

  /** Returns the entries of `keys`, see `Store.read`; none if the store is in trouble. Counts no hits and no misses. */
  look(
    operation: string,
    keys: readonly string[],
    reading: Reading | undefined,
    family: Family,
  ): MaybePromise<ReadonlyMap<string, Found>> {
    const { store, trouble } = this.#state
    const found = trouble.attempt(operation, () => store.read(keys, reading), family.counters)
    return isPromise(found) ? found.then((entries) => entries ?? NOTHING) : (found ?? NOTHING)
  }

  /** Returns a copy of the value for the reader; `undefined` if the entry is unreadable. */
  view(operation: string, key: string, stored: Stored, family: Family): unknown {
    try {
      return this.#state.store.view(stored)
    } catch (cause) {
      this.#state.trouble.unreadable(operation, key, cause, family.counters)
      return undefined
    }
  }

  async #getLater(key: string, pending: PromiseLike<Stored | undefined>, family: Family): Promise<unknown> {
    let stored: Stored | undefined
    try {
      stored = await pending
    } catch (error) {
      return this.#failed(key, family, error)
    }
    this.#state.trouble.served('get')
    return this.#copyLater('get', key, stored, family, undefined, this.observer)
  }

  // Copies a value that was read at once, hence not from a server.
  #copy(operation: string, key: string, stored: Stored | undefined, family: Family): unknown {
    const value = stored === undefined ? undefined : this.view(operation, key, stored, family)
    if (value === undefined) this.missed(key, family)
    else {
      family.counters.hits++
      const state = this.#state
      // Only observers of reads, because most reads are on this path.
      const observer =
        state.readObserver ?? (CHANNELS.read.hasSubscribers ? state.observing('read') : undefined)
      if (observer !== undefined) observer.read?.(family, key, 'hit', this.tierOf(stored!), undefined, stored)
    }
    return value
  }

  #copyLater(
    operation: string,
    key: string,
    stored: Stored | undefined,
    family: Family,
    remainingMs: number | undefined,
    observer: Observer | undefined,
  ): unknown {
    const value = stored === undefined ? undefined : this.view(operation, key, stored, family)
    if (value === undefined) this.missed(key, family)
    else if (remainingMs === undefined || remainingMs > 0)
      this.hit(key, family, stored!, remainingMs, observer)
    else {
      family.counters.misses++
      this.servedStale(key, family, 'asked', stored!, remainingMs)
    }
    return value
  }

  /** Returns the tier of an entry. */
  tierOf(stored: Stored): Tier {
    return this.#state.store.tierOf?.(stored) ?? 'l1'
  }

  /** Notes that a caller gets a fresh value. */
  hit(
    key: string,
    family: Family,
    stored: Stored,
    remainingMs: number | undefined,
    observer: Observer | undefined,
  ): void {
    const tier = this.tierOf(stored)
    family.counters.hits++
    if (tier === 'l2') family.counters.l2Hits++
    observer?.read?.(family, key, 'hit', tier, remainingMs, stored)
  }

  /** Notes that a caller gets a stale value, after its miss. */
  servedStale(
    key: string,
    family: Family,
    cause: keyof StaleServed,
    stored: Stored,
    remainingMs: number | undefined,
  ): void {
    const tier = this.tierOf(stored)
    family.counters.staleServed[cause]++
    if (tier === 'l2') family.counters.l2Stale++
    this.observer?.read?.(family, key, 'stale', tier, remainingMs, stored)
  }

  /** Notes that a caller finds nothing. */
  missed(key: string, family: Family): void {
    family.counters.misses++
    this.tellMiss(key, family)
  }

  /** Tells of a miss that is counted already. */
  tellMiss(key: string, family: Family): void {
    this.observer?.read?.(family, key, 'miss', undefined, undefined, undefined)
  }

  #failed(key: string, family: Family, error: unknown): undefined {
    this.missed(key, family)
    return this.#state.trouble.failed('get', error, family.counters)
  }
}
