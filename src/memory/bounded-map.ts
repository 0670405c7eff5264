import { checkFunction } from '../options/checks.ts'
import { durationMs } from '../options/durations.ts'
import { KeyHash } from '../internal/hash.ts'
import type { AdaptiveWindow } from './eviction/adaptive-window.ts'
import { checkedSetOptions, entryWeight, resolveOptions } from './bounded-map-options.ts'
import type { BoundedMapOptions, RemovalCause, ResolvedOptions, SetOptions } from './bounded-map-options.ts'
import { NO_SLOT, TIMED, WATCHED, noteHit } from './eviction/eviction-policy.ts'
import type { EvictionPolicy } from './eviction/eviction-policy.ts'
import type { Expiry } from './expiry.ts'
import { MapState } from './map-state.ts'
import { DELETED, EXPIRED, REPLACED } from './removals.ts'
import type { BoundedMapStats, Removals } from './removals.ts'

export type { BoundedMapOptions, RemovalCause, SetOptions } from './bounded-map-options.ts'
export type { BoundedMapStats } from './removals.ts'

// Constants of this module are part of the compiled code. Imported ones are read from memory on every hit.
const READER_LOOKS_AT = WATCHED
const HAS_DEADLINE = TIMED

/** Settings for benchmarks and tests only. */
export interface Internals {
  /** Keeps the window at this share of the bounds instead of adapting it. */
  readonly fixedWindowShare?: number
}

/**
 * A synchronous map with a bound and deadlines, which keeps the entries that are used most. It is the engine of
 * `MemoryCache`, and usable on its own. It keeps references: `get` returns the very value that was stored.
 *
 * If the map is full, W-TinyLFU decides which entry leaves (Einziger, Friedman and Manes, 2017, with a window whose
 * size is chosen by trial). That is the entry used least lately, which may be a new one. No entry is returned after its
 * deadline. One timer frees expired entries that are never read again. It does not keep the process alive. A deadline
 * more than five seconds ahead is judged by the time at which the running callback of the event loop first read the
 * system's clock.
 *
 * ```ts
 * const sessions = new BoundedMap<string, Session>({ maxEntries: 50_000, ttl: '30m' })
 * sessions.set(id, session)
 * sessions.get(id) // Session | undefined
 * ```
 */
export class BoundedMap<K, V> implements Iterable<[K, V]> {
  readonly #options: ResolvedOptions<K, V>
  readonly #weighed: boolean
  /** Whether an update has no listener to tell and no weight to find. */
  #plain: boolean
  readonly #hash: KeyHash
  readonly #state: MapState<K, V>
  // Parts of the state, kept here so that a hit looks nowhere else.
  readonly #policy: EvictionPolicy
  readonly #expiry: Expiry
  readonly #window: AdaptiveWindow
  readonly #removals: Removals<K, V>
  readonly #index: Map<K, number>
  #values: (V | undefined)[]
  #states: Uint16Array
  // The state of a slot for which a reader has nothing to note.
  #atRest: number

  /** @throws OptionsError for an unknown option or one that is not of an accepted form. */
  constructor(options?: BoundedMapOptions<K, V>)
  /** @internal */
  constructor(options?: BoundedMapOptions<K, V>, internals?: Internals)
  constructor(options: BoundedMapOptions<K, V> = {}, internals: Internals = {}) {
    const resolved = resolveOptions(options)
    const state = new MapState(resolved, internals.fixedWindowShare)
    const { slots, policy, expiry, window, removals } = state
    this.#options = resolved
    this.#weighed = resolved.maxWeight !== Infinity
    this.#plain = !this.#weighed && !removals.listening
    this.#hash = new KeyHash(Math.floor(resolved.random() * 2 ** 32))
    this.#state = state
    this.#policy = policy
    this.#expiry = expiry
    this.#window = window
    this.#removals = removals
    this.#index = slots.index
    this.#values = slots.values
    this.#states = policy.states
    this.#atRest = policy.atRest
  }

  /** The number of entries, including expired ones that were neither read nor swept since. */
  get size(): number {
    return this.#index.size
  }

  /**
   * Whether it is bounded by weight.
   * @internal
   */
  get isWeighed(): boolean {
    return this.#weighed
  }

  /**
   * Tells a listener, which does not throw, of every removal; `undefined` = no more. It is told besides `onRemoval`.
   * @internal
   */
  listen(listener: ((key: K, value: V, cause: RemovalCause) => void) | undefined): void {
    this.#removals.also = listener
    this.#plain = !this.#weighed && !this.#removals.listening
  }

  /** The sum of the weights of the entries; their number if no `maxWeight` is set. */
  get weight(): number {
    return this.#policy.weight
  }

  /** Returns the value of a key, or `undefined` if there is none or it has expired. Counts as a use of the entry. */
  get(key: K): V | undefined {
    const slot = this.#index.get(key)
    if (slot === undefined) return undefined
    const state = this.#states[slot]!
    if ((state & READER_LOOKS_AT) !== this.#atRest) {
      if ((state & HAS_DEADLINE) !== 0 && this.#expiry.isDue(slot)) {
        this.#expire(slot)
        return undefined
      }
      if (noteHit(this.#states, slot, this.#policy)) this.#window.hit(slot)
    }
    return this.#values[slot]
  }

  /** Does what {@link get} does, but does not count as a use. */
  peek(key: K): V | undefined {
    const slot = this.#live(key)
    return slot === undefined ? undefined : this.#values[slot]
  }

  /** Whether there is an unexpired entry. Does not count as a use. */
  has(key: K): boolean {
    return this.#live(key) !== undefined
  }

  /**
   * Stores a value. Returns whether the map holds the value now. The map holds neither it nor an older value of the key
   * if it is heavier than `maxEntryWeight`, if its ttl lies in the past, or if it is heavier than the window and worth
   * less than the entries that it would displace.
   * @throws OptionsError for a ttl or weight that is not of an accepted form.
   */
  set(key: K, value: V, options?: SetOptions): boolean {
    if (options === undefined) return this.put(key, value, this.#options.ttlMs)
    const { ttl, weight } = checkedSetOptions(options)
    const ttlMs = ttl === undefined ? this.#options.ttlMs : durationMs(ttl, 'ttl', this.#options.clock)
    return this.put(key, value, ttlMs, weight)
  }

  /**
   * Does what {@link set} does, with a ttl in milliseconds. `Infinity` is for ever.
   * @internal
   */
  put(key: K, value: V, ttlMs: number, givenWeight?: number): boolean {
    const weight = this.#weighed ? this.#weigh(key, value, givenWeight) : 1
    const slot = this.#index.get(key)
    if (
      slot !== undefined &&
      (this.#states[slot]! & READER_LOOKS_AT) === this.#atRest &&
      this.#plain &&
      ttlMs === Infinity
    ) {
      // Most updates: as in `#update`, without the checks that they do not need.
      this.#values[slot] = value
      this.#removals.replaced++
      return true
    }
    const stored =
      slot === undefined
        ? this.#insert(key, value, ttlMs, weight)
        : this.#update(slot, key, value, ttlMs, weight)
    this.#removals.deliver()
    return stored
  }

  /**
   * Replaces the value and keeps the deadline. Returns `false` if there is no such entry, or if the new value is too
   * heavy, which removes the entry.
   * @internal
   */
  replace(key: K, value: V): boolean {
    const slot = this.#live(key)
    if (slot === undefined) return false
    const weight = this.#weighed ? this.#weigh(key, value, undefined) : 1
    const stored = weight <= this.#options.maxEntryWeight
    if (stored) {
      this.#values[slot] = value
      this.#policy.reweigh(slot, weight)
      if (this.#policy.isOverweight) this.#state.shed()
    } else this.#state.drop(slot, REPLACED)
    this.#removals.deliver()
    return stored && this.#index.get(key) === slot
  }

  /**
   * Gives an entry a new ttl in milliseconds. Returns `false` if there is none. Zero or less removes the entry.
   * @internal
   */
  touch(key: K, ttlMs: number): boolean {
    const slot = this.#live(key)
    if (slot === undefined) return false
    if (ttlMs > 0) this.#setTtl(slot, ttlMs)
    else this.#expire(slot)
    return true
  }

  /** Returns the milliseconds until the entry expires: `Infinity` without a ttl, `undefined` if there is no entry. */
  remainingMs(key: K): number | undefined {
    const slot = this.#live(key)
    return slot === undefined ? undefined : this.#expiry.remainingMs(slot)
  }

  /** Removes an entry. Returns whether there was an unexpired one. */
  delete(key: K): boolean
  /** @internal */
  delete(key: K, cause?: number): boolean
  delete(key: K, cause: number = DELETED): boolean {
    const slot = this.#live(key)
    if (slot === undefined) return false
    this.#state.drop(slot, cause)
    this.#removals.deliver()
    return true
  }

  /** Removes all entries. The frequencies of keys stay known. */
  clear(): void {
    this.#state.clear()
    this.#removals.deliver()
  }

  /** Yields unexpired entries in the order in which their keys came. The map may change meanwhile, like a `Map`. */
  *entries(): Generator<[K, V], undefined> {
    for (const [key, slot] of this.#index) {
      if (!this.#expiry.isDue(slot)) yield [key, this.#values[slot] as V]
    }
  }

  /** Yields the keys of {@link entries}. */
  *keys(): Generator<K, undefined> {
    for (const [key, slot] of this.#index) if (!this.#expiry.isDue(slot)) yield key
  }

  /**
   * Returns the keys of all entries, including expired ones, so that each step takes the same time.
   * @internal
   */
  held(): IterableIterator<K> {
    return this.#index.keys()
  }

  /** Yields the values of {@link entries}. */
  *values(): Generator<V, undefined> {
    for (const slot of this.#index.values()) if (!this.#expiry.isDue(slot)) yield this.#values[slot] as V
  }

  [Symbol.iterator](): Generator<[K, V], undefined> {
    return this.entries()
  }

  /** Calls `visit` for each of {@link entries}. */
  forEach(visit: (value: V, key: K, map: BoundedMap<K, V>) => void): void {
    checkFunction(visit, 'forEach: visit')
    for (const [key, value] of this.entries()) visit(value, key, this)
  }

  get [Symbol.toStringTag](): string {
    return 'BoundedMap'
  }

  /** Returns the counters since the map was made, and its present state. */
  stats(): BoundedMapStats {
    return {
      entries: this.size,
      weight: this.weight,
      windowShare: this.#policy.windowShare,
      ...this.#removals.counts(),
    }
  }

  /** Stops the timer for good. The map stays usable. Expired entries are then freed only if they are read. */
  close(): void {
    this.#expiry.close()
  }

  /**
   * Returns the inside of the map, so that tests can check that its parts agree.
   * @internal
   */
  inside(): MapState<K, V> {
    return this.#state
  }

  #live(key: K): number | undefined {
    const slot = this.#index.get(key)
    if (slot === undefined || !this.#expiry.isDue(slot)) return slot
    this.#expire(slot)
    return undefined
  }

  #expire(slot: number): void {
    this.#state.drop(slot, EXPIRED)
    this.#removals.deliver()
  }

  #weigh(key: K, value: V, given: number | undefined): number {
    if (given !== undefined) return entryWeight(given)
    const { weigher } = this.#options
    return weigher === undefined ? 1 : entryWeight(weigher(value, key))
  }

  #update(slot: number, key: K, value: V, ttlMs: number, weight: number): boolean {
    if (this.#expiry.isDue(slot)) {
      this.#state.drop(slot, EXPIRED)
      return this.#insert(key, value, ttlMs, weight)
    }
    if (!this.#accepts(ttlMs, weight)) {
      this.#state.drop(slot, REPLACED)
      return false
    }
    if (this.#removals.listening) this.#removals.note(key, this.#values[slot] as V, REPLACED)
    else this.#removals.replaced++
    this.#values[slot] = value
    this.#setTtl(slot, ttlMs)
    if (noteHit(this.#states, slot, this.#policy)) this.#window.hit(slot)
    if (!this.#weighed) return true
    this.#policy.reweigh(slot, weight)
    if (!this.#policy.isOverweight) return true
    this.#state.shed()
    return this.#index.get(key) === slot
  }

  #insert(key: K, value: V, ttlMs: number, weight: number): boolean {
    if (!this.#accepts(ttlMs, weight)) return false
    const policy = this.#policy
    const hash = this.#hash.of(key)
    const uses = policy.miss(hash)
    const marked = this.#window.insertion(hash, weight, this.#index)
    const slot = policy.isFull(weight) ? this.#state.makeRoom(hash, weight) : this.#takeSlot()
    if (slot === NO_SLOT) return false
    this.#state.slots.fill(slot, key, value)
    policy.add(slot, hash, weight, uses)
    this.#atRest = policy.atRest
    if (marked) policy.mark(slot)
    if (ttlMs !== Infinity) this.#expiry.set(slot, ttlMs)
    return true
  }

  #setTtl(slot: number, ttlMs: number): void {
    if (ttlMs === Infinity) this.#expiry.clear(slot)
    else this.#expiry.set(slot, ttlMs)
  }

  #accepts(ttlMs: number, weight: number): boolean {
    if (!this.#weighed || weight <= this.#options.maxEntryWeight) return ttlMs > 0
    this.#removals.oversize++
    return false
  }

  #takeSlot(): number {
    const { slots } = this.#state
    if (slots.isFull) {
      this.#state.grow()
      this.#values = slots.values
      this.#states = this.#policy.states
    }
    return slots.take()
  }
}
