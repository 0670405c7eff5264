/** The state of the counter at the beginning of an observation. */
export interface CounterStart {
  readonly atLeast: number
  readonly resets: number
}

/** Judges a counter that only rises: a read after an acknowledged increment returns no less. */
export class CounterHistory {
  #highest = 0
  #resets = 0
  readonly #violated: (message: string) => void

  constructor(violated: (message: string) => void) {
    this.#violated = violated
  }

  begin(): CounterStart {
    return { atLeast: this.#highest, resets: this.#resets }
  }

  /** Judges an acknowledged increment, or the answer of a read. */
  seen(number: number, { atLeast, resets }: CounterStart, isIncrement: boolean): void {
    if (resets !== this.#resets) return
    if (number < atLeast + (isIncrement ? 1 : 0))
      this.#violated(`the counter was ${number}; it had been ${atLeast} before`)
    this.#highest = Math.max(this.#highest, number)
  }

  /** Forgets the counter because it was evicted. */
  reset(): void {
    this.#resets++
    this.#highest = 0
  }
}
