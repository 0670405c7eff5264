import type { Random } from '../../core/time/clock.ts'
import { TextFilter } from '../../internal/text-filter.ts'

/**
 * The duties for which a queue has no room, kept in a filter of fixed size. Every key or tag that matches it counts as
 * absent on this node until the server of its partition was swept. A sweep invalidates each match that the server has.
 */
export class Suspects {
  readonly #bits: number
  readonly #limit: number
  readonly #random: Random
  #filter: TextFilter | undefined
  // Partitions that were not swept since something was added for them.
  readonly #owed = new Set<string>()
  // Matches whose invalidation was acknowledged since.
  readonly #cleared = new Set<string>()
  #count = 0
  #last = 0
  #isRefused = false
  /** A number that changes with each addition. */
  version = 0

  /** `bits` is the size of the filter, `limit` the most matches that are cleared one by one. */
  constructor(bits: number, limit: number, random: Random) {
    this.#bits = bits
    this.#limit = limit
    this.#random = random
  }

  get isEmpty(): boolean {
    return this.#filter === undefined
  }

  /** The number of additions since it was empty. */
  get count(): number {
    return this.#count
  }

  /** The last place of a call at the latest addition. */
  get addedAt(): number {
    return this.#last
  }

  /** The partitions that are still to be swept. */
  get owed(): readonly string[] {
    return [...this.#owed]
  }

  has(item: string, partition: string): boolean {
    if (this.#filter === undefined || !this.#owed.has(partition)) return false
    return this.#filter.has(item) && !this.#cleared.has(item)
  }

  /** Adds an item; `last` is the last place of a call. `false` = there is no room, or sweeps are refused. */
  add(item: string, partition: string, last: number): boolean {
    if (this.#isRefused) return false
    const filter = this.#filter ?? new TextFilter(this.#bits, Math.floor(this.#random() * 2 ** 32))
    if (!filter.add(item)) return false
    this.#filter = filter
    this.#owed.add(partition)
    this.#cleared.delete(item)
    this.#count++
    this.#last = last
    this.version++
    return true
  }

  /**
   * Clears an item whose invalidation by the call with this place was acknowledged. It stays suspect if too many are
   * cleared.
   */
  clear(item: string, partition: string, place: number): void {
    if (place <= this.#last || this.#cleared.size >= this.#limit) return
    if (this.has(item, partition)) this.#cleared.add(item)
  }

  /** Notes that all matches of these partitions were invalidated, by a sweep that began with this version. */
  swept(partitions: readonly string[], version: number): void {
    if (version !== this.version) return
    for (const partition of partitions) this.#owed.delete(partition)
    if (this.#owed.size === 0) this.#reset()
  }

  /**
   * Gives up, because the server refuses sweeps, and returns the number of forgotten duties. Nothing is added from now
   * on.
   */
  refuse(): number {
    const count = this.#count
    this.#isRefused = true
    this.#owed.clear()
    this.#reset()
    return count
  }

  #reset(): void {
    this.#filter = undefined
    this.#cleared.clear()
    this.#count = 0
  }
}
