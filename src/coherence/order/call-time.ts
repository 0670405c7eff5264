import type { Clock, Timers } from '../../core/time/clock.ts'
import { StoreTimeoutError } from '../../core/errors.ts'
import { inTime, LATE } from '../../core/time/in-time.ts'
import { KEYS_OF_A_QUESTION } from '../../core/store.ts'

/** The time that all questions of a call have together (docs/decisions/0085). */
export class CallTime {
  readonly deadlineMs: number
  readonly #clock: Clock
  readonly #timers: Timers

  constructor(deadlineMs: number, clock: Clock, timers: Timers) {
    this.deadlineMs = deadlineMs
    this.#clock = clock
    this.#timers = timers
  }

  /** Returns the end of a call that begins now. One of many keys is asked in parts, each with a deadline of its own. */
  end(keys = 1): number {
    const parts = keys <= KEYS_OF_A_QUESTION ? 1 : Math.ceil(keys / KEYS_OF_A_QUESTION)
    return this.#clock.now() + parts * this.deadlineMs
  }

  /** Returns the time that a call has left for its next question. The store gives each a little. */
  left(untilMs: number): number {
    return Math.max(0, untilMs - this.#clock.now())
  }

  /**
   * Returns the result of work that no single question bounds.
   * @throws StoreTimeoutError
   */
  async inTime<T>(pending: PromiseLike<T>, untilMs: number): Promise<T> {
    const answer = await inTime(pending, this.left(untilMs), this.#timers)
    if (answer === LATE) throw new StoreTimeoutError('no answer before the deadline of the call')
    return answer
  }
}
