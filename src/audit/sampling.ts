import type { Clock, Random } from '../core/time/clock.ts'

// At most so many hits are counted between two looks at the clock. If traffic becomes rare, the next look is near.
const MOST_HITS = 256

/**
 * Chooses hits by chance, at most as many as loads are allowed. A hit costs one decrement; the clock is read now and
 * then.
 */
export class Sampling {
  readonly #clock: Clock
  readonly #random: Random
  readonly #rate: number
  #left = 1
  #stride = 1
  // Loads that are allowed now. A check that needs more than one borrows them.
  #tokens = 1
  #filledMs: number

  constructor(clock: Clock, random: Random, rate: number) {
    this.#clock = clock
    this.#random = random
    this.#rate = rate
    this.#filledMs = clock.now()
  }

  /** Counts a hit. Returns whether it may be checked. */
  takes(): boolean {
    if (--this.#left > 0) return false
    if (this.#rate === Infinity) return true
    const nowMs = this.#clock.now()
    this.#tokens = Math.min(1, this.#tokens + ((nowMs - this.#filledMs) * this.#rate) / 1_000)
    this.#filledMs = nowMs
    const isAllowed = this.#tokens >= 1
    this.#stride = isAllowed ? Math.max(1, this.#stride / 2) : Math.min(MOST_HITS, this.#stride * 2)
    this.#left = 1 + Math.floor(this.#random() * this.#stride)
    return isAllowed
  }

  /** Notes a load. */
  spend(): void {
    if (this.#rate !== Infinity) this.#tokens--
  }
}
