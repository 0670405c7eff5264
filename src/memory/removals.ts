import { isPromise } from '../core/promise.ts'
import type { RemovalCause } from './bounded-map-options.ts'

// Causes are numbers, because a counter named by a string would be looked up by name at every removal.
const CAUSES: readonly RemovalCause[] = ['evicted', 'expired', 'deleted', 'replaced', 'cleared']
export const EVICTED = 0
export const EXPIRED = 1
export const DELETED = 2
export const REPLACED = 3
export const CLEARED = 4

/** Counters of a {@link BoundedMap}. */
export interface BoundedMapStats {
  /** The number of entries. */
  readonly entries: number
  /** The sum of their weights. */
  readonly weight: number
  /** The share of the bound that is reserved for new entries, 0 to 1. It adapts to the use. */
  readonly windowShare: number
  /** Entries pushed out for room. */
  readonly evicted: number
  /** Entries removed for age. */
  readonly expired: number
  /** Entries removed on request. */
  readonly deleted: number
  /** Values replaced by a newer one of the same key. */
  readonly replaced: number
  /** Entries removed by `clear`. */
  readonly cleared: number
  /** Expired entries that the timer found, not a reader. */
  readonly swept: number
  /** Values not stored because each alone was heavier than `maxEntryWeight`. */
  readonly oversize: number
  /** Exceptions that `onRemoval` threw, and rejections of its promises. */
  readonly listenerErrors: number
}

/**
 * Counts removals and tells a listener. It is told only when the map is consistent again, so that it may use the map.
 * Removals are noted first and delivered at the end of the call that caused them.
 */
export class Removals<K, V> {
  readonly #listener: ((key: K, value: V, cause: RemovalCause) => void) | undefined
  readonly #pending: [key: K, value: V, cause: number][] = []
  readonly #counts = [0, 0, 0, 0, 0]
  /** Values replaced without a listener, counted apart because updates are frequent. */
  replaced = 0
  swept = 0
  oversize = 0
  #listenerErrors = 0
  readonly #failed = (): void => {
    this.#listenerErrors++
  }
  /** Another listener, which does not throw. */
  also: ((key: K, value: V, cause: RemovalCause) => void) | undefined = undefined

  constructor(listener: ((key: K, value: V, cause: RemovalCause) => void) | undefined) {
    this.#listener = listener
  }

  /** Whether a listener wants keys and values. */
  get listening(): boolean {
    return this.#listener !== undefined || this.also !== undefined
  }

  /** Counts a removal without a listener. */
  count(cause: number): void {
    this.#counts[cause]!++
  }

  /** Counts a removal and keeps it for the listener. */
  note(key: K, value: V, cause: number): void {
    this.count(cause)
    if (this.listening) this.#pending.push([key, value, cause])
  }

  /** Tells the listener about the removals since the last delivery. */
  deliver(): void {
    if (this.#pending.length !== 0) this.#tell()
  }

  /** Returns the counters so far. */
  counts(): Omit<BoundedMapStats, 'entries' | 'weight' | 'windowShare'> {
    const [evicted = 0, expired = 0, deleted = 0, replaced = 0, cleared = 0] = this.#counts
    return {
      evicted,
      expired,
      deleted,
      replaced: replaced + this.replaced,
      cleared,
      swept: this.swept,
      oversize: this.oversize,
      listenerErrors: this.#listenerErrors,
    }
  }

  #tell(): void {
    // Removals by calls of the listener itself come in further rounds of this loop, or inside of them.
    for (const [key, value, cause] of this.#pending.splice(0)) {
      try {
        const told: unknown = this.#listener?.(key, value, CAUSES[cause]!)
        if (isPromise(told)) told.then(undefined, this.#failed)
      } catch {
        this.#failed()
      }
      this.also?.(key, value, CAUSES[cause]!)
    }
  }
}
