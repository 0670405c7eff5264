import { durationMs } from '../core/duration.ts'
import { KeyHash } from '../internal/hash.ts'
import { checkSetOptions, entryWeight, resolveOptions } from './bounded-map-options.ts'
import type { BoundedMapOptions, ResolvedOptions, SetOptions } from './bounded-map-options.ts'
import { createPolicy } from './create-policy.ts'
import { AT_REST, FIRST_SLOT, NO_SLOT, TIMED, WATCHED, noteHit } from './eviction-policy.ts'
import type { EvictionPolicy } from './eviction-policy.ts'
import { Expiry } from './expiry.ts'
import { CLEARED, DELETED, EVICTED, EXPIRED, REPLACED, Removals } from './removals.ts'
import type { BoundedMapStats } from './removals.ts'
import { INITIAL_WINDOW_SHARE, WindowTuner } from './window-tuner.ts'

export type { BoundedMapOptions, RemovalCause, SetOptions } from './bounded-map-options.ts'
export type { BoundedMapStats } from './removals.ts'

const INITIAL_CAPACITY = 64
// Constants of this module are part of the compiled code; imported ones are read from memory on every hit.
const READER_LOOKS_AT = WATCHED
const NOTHING_TO_DO = AT_REST
const HAS_DEADLINE = TIMED

/** What only benchmarks and tests may set. */
export interface Internals {
  /** Keeps the window at this share of the bounds instead of adapting it. */
  readonly fixedWindowShare?: number
}

/** The inside of a map. */
export interface MapParts<K, V> {
  readonly index: ReadonlyMap<K, number>
  readonly keys: readonly (K | undefined)[]
  readonly values: readonly (V | undefined)[]
  readonly free: readonly number[]
  readonly end: number
  readonly policy: EvictionPolicy
  readonly expiry: Expiry
}

/**
 * A synchronous map with a bound, deadlines and a memory for what is worth keeping: the engine of
 * `MemoryCache`, usable on its own. It is a map of references: what `get` returns is what was stored.
 *
 * When it is full, W-TinyLFU decides what leaves (Einziger, Friedman and Manes, 2017, with a window whose size
 * is chosen by trial): what was used least lately, which may well be a new entry. No entry is returned after its
 * deadline; one timer, which does not keep the process alive, frees those that are never read again. With the
 * system's clock, a deadline more than five seconds ahead may be judged by a look that is up to a second old.
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
  readonly #ttlMs: number
  readonly #hash: KeyHash
  readonly #policy: EvictionPolicy
  readonly #expiry: Expiry
  readonly #removals: Removals<K, V>
  readonly #index = new Map<K, number>()
  // By slot. Slots are reused; those never used are from `#end` on.
  #keys: (K | undefined)[]
  #values: (V | undefined)[]
  #states: Uint8Array
  #capacity: number
  #end = FIRST_SLOT
  readonly #free: number[] = []
  /** Absent until the map is half full for the first time, and where the window is fixed. */
  #tuner: WindowTuner | undefined
  readonly #adaptive: boolean
  /** Whether an update has nobody to tell and nothing to weigh. */
  readonly #plain: boolean

  /** @throws OptionsError for an unknown option or one that is not of an accepted form. */
  constructor(options: BoundedMapOptions<K, V> = {}, internals: Internals = {}) {
    const resolved = resolveOptions(options)
    this.#options = resolved
    this.#ttlMs = resolved.ttlMs
    this.#weighed = resolved.maxWeight !== Infinity
    this.#capacity = Math.min(INITIAL_CAPACITY, resolved.maxEntries)
    this.#keys = slots(this.#capacity)
    this.#values = slots(this.#capacity)
    this.#hash = new KeyHash(Math.floor(resolved.random() * 2 ** 32))
    this.#adaptive = internals.fixedWindowShare === undefined
    this.#policy = createPolicy(
      { maxEntries: resolved.maxEntries, maxWeight: resolved.maxWeight },
      internals.fixedWindowShare ?? INITIAL_WINDOW_SHARE,
      this.#capacity,
    )
    this.#states = this.#policy.states
    this.#removals = new Removals(resolved.onRemoval)
    this.#plain = !this.#weighed && !this.#removals.listening
    this.#expiry = new Expiry(
      {
        slotsEnd: () => this.#end,
        expire: (slot) => {
          this.#removals.swept++
          this.#drop(slot, EXPIRED)
        },
        swept: () => this.#removals.deliver(),
      },
      resolved.clock,
      resolved.timers,
      this.#capacity,
    )
  }

  /** How many entries it holds, those included that have expired and were not read or swept since. */
  get size(): number {
    return this.#index.size
  }

  /** Whether it is bounded by weight. */
  get isWeighed(): boolean {
    return this.#weighed
  }

  /** The sum of the weights of its entries; their number when no `maxWeight` is set. */
  get weight(): number {
    return this.#policy.weight
  }

  /** The value of a key, `undefined` when there is none or it has expired. Counts as a use of the entry. */
  get(key: K): V | undefined {
    const slot = this.#index.get(key)
    if (slot === undefined) return undefined
    const state = this.#states[slot]!
    if ((state & READER_LOOKS_AT) !== NOTHING_TO_DO) {
      if ((state & HAS_DEADLINE) !== 0 && this.#expiry.isDue(slot)) {
        this.#expire(slot)
        return undefined
      }
      if (noteHit(this.#states, slot)) this.#sample(slot)
    }
    return this.#values[slot]
  }

  /** As {@link get}, but does not count as a use. */
  peek(key: K): V | undefined {
    const slot = this.#live(key)
    return slot === undefined ? undefined : this.#values[slot]
  }

  /** Whether there is an unexpired entry. Does not count as a use. */
  has(key: K): boolean {
    return this.#live(key) !== undefined
  }

  /**
   * Stores a value; whether it is in the map now. It is not, and neither is an older value of the key, when it
   * is heavier than `maxEntryWeight`, when its ttl lies in the past, or when it is heavier than the window
   * and worth less than what it would displace.
   * @throws OptionsError for a ttl or weight that is not of an accepted form.
   */
  set(key: K, value: V, options?: SetOptions): boolean {
    if (options === undefined) return this.put(key, value, this.#ttlMs)
    checkSetOptions(options)
    const { ttl, weight } = options
    const ttlMs = ttl === undefined ? this.#ttlMs : durationMs(ttl, 'ttl', this.#options.clock)
    return this.put(key, value, ttlMs, weight)
  }

  /** As {@link set}, for callers who have the ttl in milliseconds; `Infinity` is for ever. */
  put(key: K, value: V, ttlMs: number, givenWeight?: number): boolean {
    const weight = this.#weighed ? this.#weigh(key, value, givenWeight) : 1
    const slot = this.#index.get(key)
    if (
      slot !== undefined &&
      (this.#states[slot]! & READER_LOOKS_AT) === NOTHING_TO_DO &&
      this.#plain &&
      ttlMs === Infinity
    ) {
      // Most updates: as in `#update`, with what need not be asked left out.
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
   * Replaces the value and keeps the deadline; `false` when there is no such entry, or when the new value is
   * too heavy to be stored, which removes the entry.
   */
  replace(key: K, value: V): boolean {
    const slot = this.#live(key)
    if (slot === undefined) return false
    const weight = this.#weighed ? this.#weigh(key, value, undefined) : 1
    const stored = weight <= this.#options.maxEntryWeight
    if (stored) {
      this.#values[slot] = value
      this.#policy.reweigh(slot, weight)
      if (this.#policy.isOverweight) this.#shed()
    } else this.#drop(slot, REPLACED)
    this.#removals.deliver()
    return stored && this.#index.get(key) === slot
  }

  /** Gives an entry a new ttl in milliseconds; `false` when there is none. Zero or less removes it. */
  touch(key: K, ttlMs: number): boolean {
    const slot = this.#live(key)
    if (slot === undefined) return false
    if (ttlMs > 0) this.#setTtl(slot, ttlMs)
    else this.#expire(slot)
    return true
  }

  /** Milliseconds until the entry expires, `Infinity` for one without ttl, `undefined` when there is none. */
  remainingMs(key: K): number | undefined {
    const slot = this.#live(key)
    return slot === undefined ? undefined : this.#expiry.remainingMs(slot)
  }

  /** Removes an entry; whether there was an unexpired one. */
  delete(key: K): boolean {
    const slot = this.#live(key)
    if (slot === undefined) return false
    this.#drop(slot, DELETED)
    this.#removals.deliver()
    return true
  }

  /** Removes all entries. How often which keys were used stays known. */
  clear(): void {
    for (const slot of this.#index.values()) {
      const key = this.#keys[slot] as K
      const value = this.#values[slot] as V
      this.#removals.note(key, value, this.#isDue(slot) ? EXPIRED : CLEARED)
    }
    this.#index.clear()
    this.#policy.clear()
    this.#tuner?.clear()
    this.#expiry.clearAll()
    this.#keys.fill(undefined)
    this.#values.fill(undefined)
    this.#free.length = 0
    this.#end = FIRST_SLOT
    this.#removals.deliver()
  }

  /** Unexpired entries, in the order in which their keys came. The map may be changed meanwhile, as a `Map`. */
  *entries(): Generator<[K, V], undefined> {
    for (const [key, slot] of this.#index) {
      if (!this.#isDue(slot)) yield [key, this.#values[slot] as V]
    }
  }

  /** The keys of {@link entries}. */
  *keys(): Generator<K, undefined> {
    for (const [key, slot] of this.#index) if (!this.#isDue(slot)) yield key
  }

  /** The values of {@link entries}. */
  *values(): Generator<V, undefined> {
    for (const slot of this.#index.values()) if (!this.#isDue(slot)) yield this.#values[slot] as V
  }

  [Symbol.iterator](): Generator<[K, V], undefined> {
    return this.entries()
  }

  /** Calls `visit` for each of {@link entries}. */
  forEach(visit: (value: V, key: K, map: BoundedMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this)
  }

  get [Symbol.toStringTag](): string {
    return 'BoundedMap'
  }

  /** Counters since it was made, and what it holds now. */
  stats(): BoundedMapStats {
    return {
      entries: this.size,
      weight: this.weight,
      windowShare: this.#policy.windowShare,
      ...this.#removals.counts(),
    }
  }

  /** Stops the timer for good. The map stays usable; expired entries are then freed only when they are read. */
  close(): void {
    this.#expiry.close()
  }

  /**
   * What tests look into to see that the parts agree.
   * @internal
   */
  parts(): MapParts<K, V> {
    const slots = { keys: this.#keys, values: this.#values, free: this.#free, end: this.#end }
    return { ...slots, index: this.#index, policy: this.#policy, expiry: this.#expiry }
  }

  #isDue(slot: number): boolean {
    return (this.#states[slot]! & HAS_DEADLINE) !== 0 && this.#expiry.isDue(slot)
  }

  #live(key: K): number | undefined {
    const slot = this.#index.get(key)
    if (slot === undefined || !this.#isDue(slot)) return slot
    this.#expire(slot)
    return undefined
  }

  #expire(slot: number): void {
    this.#drop(slot, EXPIRED)
    this.#removals.deliver()
  }

  #weigh(key: K, value: V, given: number | undefined): number {
    if (given !== undefined) return entryWeight(given)
    const { weigher } = this.#options
    return weigher === undefined ? 1 : entryWeight(weigher(value, key))
  }

  #update(slot: number, key: K, value: V, ttlMs: number, weight: number): boolean {
    if (this.#isDue(slot)) {
      this.#drop(slot, EXPIRED)
      return this.#insert(key, value, ttlMs, weight)
    }
    if (!this.#accepts(ttlMs, weight)) {
      this.#drop(slot, REPLACED)
      return false
    }
    if (this.#removals.listening) this.#removals.note(key, this.#values[slot] as V, REPLACED)
    else this.#removals.replaced++
    this.#values[slot] = value
    this.#setTtl(slot, ttlMs)
    if (noteHit(this.#states, slot)) this.#sample(slot)
    if (!this.#weighed) return true
    this.#policy.reweigh(slot, weight)
    if (!this.#policy.isOverweight) return true
    this.#shed()
    return this.#index.get(key) === slot
  }

  #insert(key: K, value: V, ttlMs: number, weight: number): boolean {
    if (!this.#accepts(ttlMs, weight)) return false
    const policy = this.#policy
    const hash = this.#hash.of(key)
    const uses = policy.miss(hash)
    if (this.#tuner === undefined && this.#adaptive) this.#startTuner()
    const sampled = this.#tuner !== undefined && this.#tuner.samples(hash)
    if (sampled && this.#tuner!.access(hash, weight)) policy.windowShare = this.#tuner!.windowShare
    const slot = policy.isFull(weight) ? this.#makeRoom(hash, weight) : this.#takeSlot()
    if (slot === NO_SLOT) return false
    this.#keys[slot] = key
    this.#values[slot] = value
    this.#index.set(key, slot)
    policy.add(slot, hash, weight, uses)
    if (sampled) policy.mark(slot)
    this.#setTtl(slot, ttlMs)
    return true
  }

  #setTtl(slot: number, ttlMs: number): void {
    if (ttlMs !== Infinity) {
      this.#states[slot]! |= HAS_DEADLINE
      this.#expiry.set(slot, ttlMs)
    } else this.#forever(slot)
  }

  #forever(slot: number): void {
    const state = this.#states[slot]!
    if ((state & HAS_DEADLINE) === 0) return
    this.#states[slot] = state & ~HAS_DEADLINE
    this.#expiry.clear(slot)
  }

  #accepts(ttlMs: number, weight: number): boolean {
    if (!this.#weighed || weight <= this.#options.maxEntryWeight) return ttlMs > 0
    this.#removals.oversize++
    return false
  }

  // Evicts and answers a slot that is free now, `NO_SLOT` when the new entry is not worth it.
  #makeRoom(hash: number, weight: number): number {
    const policy = this.#policy
    const competes = policy.outweighsWindow(weight)
    for (;;) {
      const slot = competes ? policy.evictFor(hash, weight) : policy.evict()
      if (slot === NO_SLOT) return NO_SLOT
      this.#vacate(slot, this.#isDue(slot) ? EXPIRED : EVICTED)
      if (!policy.isFull(weight)) return slot
      this.#putAway(slot)
    }
  }

  // After an update that made an entry heavier.
  #shed(): void {
    do {
      const slot = this.#policy.evict()
      this.#release(slot, this.#isDue(slot) ? EXPIRED : EVICTED)
    } while (this.#policy.isOverweight)
  }

  // A map that never fills needs no tuner.
  #startTuner(): void {
    const { maxEntries, maxWeight } = this.#options
    const fullness = Math.max(this.size / maxEntries, this.weight / maxWeight)
    if (fullness < 0.5) return
    const tuner = new WindowTuner({ maxEntries, maxWeight }, this.size / fullness)
    for (const slot of this.#index.values()) {
      const hash = this.#policy.hashOf(slot)
      if (!tuner.samples(hash)) continue
      this.#policy.mark(slot)
      tuner.access(hash, this.#policy.weightOf(slot))
    }
    this.#tuner = tuner
  }

  #sample(slot: number): void {
    const changed = this.#tuner?.access(this.#policy.hashOf(slot), this.#policy.weightOf(slot))
    if (changed) this.#policy.windowShare = this.#tuner!.windowShare
  }

  #takeSlot(): number {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#end - FIRST_SLOT === this.#capacity) this.#grow()
    return this.#end++
  }

  #grow(): void {
    const capacity = Math.min(this.#capacity * 2, this.#options.maxEntries)
    this.#keys = slots(capacity, this.#keys)
    this.#values = slots(capacity, this.#values)
    this.#policy.grow(capacity)
    this.#states = this.#policy.states
    this.#expiry.grow(capacity)
    this.#capacity = capacity
  }

  // Removes an entry on request or for age: what the miniature caches have of it goes too.
  #drop(slot: number, cause: number): void {
    if (this.#policy.isMarked(slot)) this.#tuner?.forget(this.#policy.hashOf(slot))
    this.#policy.remove(slot)
    this.#release(slot, cause)
  }

  #release(slot: number, cause: number): void {
    this.#vacate(slot, cause)
    this.#putAway(slot)
  }

  // A slot that the next entry takes at once keeps its old key and value until they are overwritten.
  #vacate(slot: number, cause: number): void {
    const key = this.#keys[slot] as K
    if (this.#plain) this.#removals.count(cause)
    else this.#removals.note(key, this.#values[slot] as V, cause)
    this.#index.delete(key)
    this.#forever(slot)
  }

  #putAway(slot: number): void {
    this.#keys[slot] = undefined
    this.#values[slot] = undefined
    this.#free.push(slot)
  }
}

function slots<T>(capacity: number, old: readonly (T | undefined)[] = []): (T | undefined)[] {
  // Array.from takes ten times as long, and pushing leaves room for half as many again.
  // oxlint-disable-next-line unicorn/no-new-array
  const array = new Array<T | undefined>(capacity + FIRST_SLOT).fill(undefined)
  for (let i = 0; i < old.length; i++) array[i] = old[i]
  return array
}
