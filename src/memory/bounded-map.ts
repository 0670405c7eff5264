import type { Clock, Timers } from '../core/clock.ts'
import type { StoreStats } from '../core/counters.ts'
import { systemClock, systemTimers } from '../core/system.ts'

/** Why an entry left the map. */
export type RemovalCause = 'evicted' | 'expired' | 'deleted' | 'replaced' | 'cleared'

/** Settings of a {@link BoundedMap}, all of them optional. */
export interface BoundedMapOptions<K, V> {
  /** The most entries it holds; default 10,000. */
  readonly maxEntries?: number
  /** Called after an entry has left, with the reason. */
  readonly onRemoval?: (key: K, value: V, cause: RemovalCause) => void
  readonly clock?: Clock
  readonly timers?: Timers
}

/** A map with a bound and deadlines. */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, { value: V; deadlineMs: number }>()
  readonly #maxEntries: number
  readonly #onRemoval: ((key: K, value: V, cause: RemovalCause) => void) | undefined
  readonly #clock: Clock
  #evicted = 0
  #expired = 0

  constructor(options: BoundedMapOptions<K, V> = {}) {
    this.#maxEntries = options.maxEntries ?? 10_000
    this.#onRemoval = options.onRemoval
    this.#clock = options.clock ?? systemClock
    void (options.timers ?? systemTimers)
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    const entry = this.#live(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  peek(key: K): V | undefined {
    return this.#live(key)?.value
  }

  /** Milliseconds until the entry expires, `undefined` when there is none. */
  remainingMs(key: K): number | undefined {
    const entry = this.#live(key)
    return entry && entry.deadlineMs - this.#clock.now()
  }

  /** Stores with a ttl in milliseconds, for callers who have resolved the duration already. */
  put(key: K, value: V, ttlMs: number): boolean {
    const old = this.#entries.get(key)
    if (old) this.#remove(key, old.value, 'replaced')
    this.#entries.set(key, { value, deadlineMs: this.#clock.now() + ttlMs })
    if (this.#entries.size > this.#maxEntries) {
      const [oldest, entry] = this.#entries.entries().next().value!
      this.#remove(oldest, entry.value, 'evicted')
      this.#evicted++
    }
    return true
  }

  /** Replaces the value and keeps the deadline; `false` when there is no such entry. */
  replace(key: K, value: V): boolean {
    const entry = this.#live(key)
    if (entry === undefined) return false
    entry.value = value
    return true
  }

  /** Gives an entry a new ttl in milliseconds; `false` when there is none. */
  touch(key: K, ttlMs: number): boolean {
    const entry = this.#live(key)
    if (entry === undefined) return false
    entry.deadlineMs = this.#clock.now() + ttlMs
    return true
  }

  delete(key: K): boolean {
    const entry = this.#live(key)
    if (entry === undefined) return false
    this.#remove(key, entry.value, 'deleted')
    return true
  }

  clear(): void {
    this.#entries.clear()
  }

  *keys(): IterableIterator<K> {
    for (const key of this.#entries.keys()) if (this.#live(key)) yield key
  }

  stats(): StoreStats {
    return {
      entries: this.#entries.size,
      evictions: { entries: this.#evicted, weight: 0, oversize: 0 },
      expirations: { read: this.#expired, timer: 0 },
    }
  }

  /** Stops the timer; the map stays usable, with lazy expiry alone. */
  close(): void {}

  #live(key: K): { value: V; deadlineMs: number } | undefined {
    const entry = this.#entries.get(key)
    if (entry !== undefined && entry.deadlineMs <= this.#clock.now()) {
      this.#remove(key, entry.value, 'expired')
      this.#expired++
      return undefined
    }
    return entry
  }

  #remove(key: K, value: V, cause: RemovalCause): void {
    this.#entries.delete(key)
    this.#onRemoval?.(key, value, cause)
  }
}
