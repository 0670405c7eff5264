import type { Clock } from '../../../core/time/clock.ts'

/** A trouble that soon ends by itself, and is only worth a line if it does not. */
export class Lasting {
  readonly #clock: Clock
  readonly #patienceMs: number
  #sinceMs = 0
  #lastMs = -Infinity

  constructor(clock: Clock, patienceMs: number) {
    this.#clock = clock
    this.#patienceMs = patienceMs
  }

  /** Notes that the trouble is there. Returns whether it has been, without such a pause, for that long. */
  isTold(): boolean {
    const nowMs = this.#clock.now()
    if (nowMs - this.#lastMs > this.#patienceMs) this.#sinceMs = nowMs
    this.#lastMs = nowMs
    return nowMs - this.#sinceMs >= this.#patienceMs
  }

  /** Notes that it has begun only now. */
  reset(): void {
    this.#lastMs = -Infinity
  }
}
