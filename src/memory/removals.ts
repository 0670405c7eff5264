import type { RemovalCause } from './bounded-map-options.ts'

/** Counters of a {@link BoundedMap}. */
export interface BoundedMapStats {
  /** Entries it holds. */
  readonly entries: number
  /** The sum of their weights. */
  readonly weight: number
  /** The part of the bound that new entries have for themselves, 0 to 1; it adapts to the use. */
  readonly windowShare: number
  readonly evicted: number
  readonly expired: number
  readonly deleted: number
  readonly replaced: number
  readonly cleared: number
  /** Exceptions that `onRemoval` threw. */
  readonly listenerErrors: number
}

/**
 * Counts removals and tells a listener. It is told only when the map is consistent again, so that it may use
 * the map: removals are noted first and delivered at the end of the call that caused them.
 */
export class Removals<K, V> {
  readonly #listener: ((key: K, value: V, cause: RemovalCause) => void) | undefined
  readonly #pending: [key: K, value: V, cause: RemovalCause][] = []
  readonly #counts = { evicted: 0, expired: 0, deleted: 0, replaced: 0, cleared: 0, listenerErrors: 0 }

  constructor(listener: ((key: K, value: V, cause: RemovalCause) => void) | undefined) {
    this.#listener = listener
  }

  /** Counts a removal. */
  note(key: K, value: V, cause: RemovalCause): void {
    this.#counts[cause]++
    if (this.#listener !== undefined) this.#pending.push([key, value, cause])
  }

  /** Tells the listener what was noted since. */
  deliver(): void {
    if (this.#pending.length !== 0) this.#tell()
  }

  /** The counters so far. */
  counts(): Readonly<Record<RemovalCause | 'listenerErrors', number>> {
    return { ...this.#counts }
  }

  #tell(): void {
    // What the listener's own calls remove comes in further rounds of this loop, or inside of them.
    for (const [key, value, cause] of this.#pending.splice(0)) {
      try {
        this.#listener!(key, value, cause)
      } catch {
        this.#counts.listenerErrors++
      }
    }
  }
}
