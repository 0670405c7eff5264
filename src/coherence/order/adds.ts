/** The answer of an add that meets an entry, and the answers that tell of one. */
export interface KnownAnswer<T> {
  readonly answer: T
  /** Whether an add with this result has met or made an entry. */
  tells(result: T): boolean
}

/**
 * Adds of a key that were called one after the other, all before the first of them is sent. So the answer of one that has
 * met or made an entry holds for all that were called after it.
 */
export class Adds {
  readonly #tags: readonly string[]
  #isSent = false
  #isTold = false
  #last: Promise<void> | undefined

  constructor(tags: readonly string[]) {
    this.#tags = tags
  }

  /** Whether an add that is called now is one of them. With other tags it may not see the same entry. */
  accepts(tags: readonly string[]): boolean {
    const own = this.#tags
    return !this.#isSent && own.length === tags.length && own.every((tag, index) => tag === tags[index])
  }

  /** Whether one of them has told that there is an entry. */
  get isTold(): boolean {
    return this.#isTold
  }

  /** Settles when the last of them is answered; `undefined` = there is none. */
  get last(): Promise<void> | undefined {
    return this.#last
  }

  /** Notes that one of them is sent. */
  send(): void {
    this.#isSent = true
  }

  /** Notes the answer of the next one. */
  answeredBy<T>(result: Promise<T>, known: KnownAnswer<T>): void {
    this.#last = result.then(
      (answer) => {
        if (known.tells(answer)) this.#isTold = true
      },
      () => undefined,
    )
  }
}
