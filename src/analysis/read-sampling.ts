import type { Random } from '../core/time/clock.ts'

/** At most one read of so many is looked at. */
const MOST_WEIGHT = 1024
/** Reads of one second that are looked at before the weight doubles. */
const ENOUGH = 250

/**
 * Chooses the reads that are looked at. While there are few, that is each of them. From 250 in a second on it is one
 * of two, four and so on up to 1,024, at random distances, so that no pattern of the reads is in step with the choice.
 */
export class ReadSampling {
  /** The number of reads that the next chosen read stands for. */
  weight = 1
  #seen = 0
  #state: number

  constructor(random: Random) {
    this.#state = Math.floor(random() * 2 ** 32) | 1
  }

  /** Returns the number of reads until the next one is to be looked at: `weight` on average. */
  next(): number {
    if (++this.#seen > ENOUGH && this.weight < MOST_WEIGHT) {
      this.weight *= 2
      this.#seen = 0
    }
    if (this.weight === 1) return 1
    // Xorshift (Marsaglia, 2003), because a call of `random` costs more than the choice.
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    return 1 + ((state >>> 0) % (2 * this.weight - 1))
  }

  /** Begins another second. */
  tick(): void {
    if (this.#seen < ENOUGH / 4 && this.weight > 1) this.weight /= 2
    this.#seen = 0
  }
}
