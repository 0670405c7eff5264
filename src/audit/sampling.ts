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
  readonly #perMs: number
  #left = 1
  // The hits that are counted down to the next look at the clock, and all since the last hit that was taken.
  #hits = 1
  #sinceTaken = 0
  // Loads that are allowed now. A check that needs more than one borrows them.
  #tokens = 1
  #lookedMs: number
  #takenMs: number

  constructor(clock: Clock, random: Random, rate: number) {
    this.#clock = clock
    this.#random = random
    this.#perMs = rate / 1_000
    this.#lookedMs = clock.now()
    this.#takenMs = this.#lookedMs
  }

  /** Counts a hit. Returns whether it may be checked. */
  takes(): boolean {
    return --this.#left <= 0 && this.#look()
  }

  /** Notes a load. */
  spend(): void {
    if (this.#perMs !== Infinity) this.#tokens--
  }

  #look(): boolean {
    if (this.#perMs === Infinity) return true
    const nowMs = this.#clock.now()
    this.#tokens = Math.min(1, this.#tokens + (nowMs - this.#lookedMs) * this.#perMs)
    this.#lookedMs = nowMs
    this.#sinceTaken += this.#hits
    const isAllowed = this.#tokens >= 1
    this.#left = this.#hits = this.#hitsTo(isAllowed ? 1 : 1 - this.#tokens, nowMs - this.#takenMs)
    if (isAllowed) {
      this.#takenMs = nowMs
      this.#sinceTaken = 0
    }
    return isAllowed
  }

  // Returns the number of hits until so many more loads are allowed, about, by the hits of a time and by chance.
  #hitsTo(loads: number, passedMs: number): number {
    const perMs = this.#sinceTaken / passedMs
    const hits = passedMs > 0 ? (perMs * loads * (0.5 + this.#random())) / this.#perMs : this.#hits * 2
    return Math.max(1, Math.min(MOST_HITS, Math.floor(hits)))
  }
}
