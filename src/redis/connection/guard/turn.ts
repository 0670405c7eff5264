import type { Clock } from '../../../core/time/clock.ts'
import { afterTurn } from '../../../core/time/system.ts'

/** The milliseconds of a turn of the event loop in which calls are refused at once. */
const AT_ONCE_MS = 10

/**
 * The present turn of the event loop. A refused call is answered at once, but not for ever in one turn: a caller that
 * repeats it without a pause would keep the process from hearing that the server is back.
 */
export class Turn {
  readonly #clock: Clock
  #beganMs = 0
  // Resolves at the end of the turn; absent before its first refusal.
  #end: Promise<void> | undefined = undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Rejects with `error`, in the next turn if the present one takes long. */
  async refuse(error: Error): Promise<never> {
    const isLong = this.#end !== undefined && this.#clock.now() - this.#beganMs >= AT_ONCE_MS
    this.#end ??= this.#begin()
    if (isLong) await this.#end
    throw error
  }

  #begin(): Promise<void> {
    this.#beganMs = this.#clock.now()
    return new Promise((resolve) => {
      afterTurn(() => {
        this.#end = undefined
        resolve()
      })
    })
  }
}
