/** Runs the tasks of a key one after another, in the order they came. Tasks of different keys run at the same time. */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>()

  /**
   * Returns the result of `task`, which begins when all earlier tasks of `key` have ended, at once if there are none.
   */
  run<T>(key: string, task: () => T | PromiseLike<T>): Promise<T> {
    const before = this.#tails.get(key)
    const result = before === undefined ? start(task) : before.then(() => task())
    const tail: Promise<void> = result.then(
      () => this.#ended(key, tail),
      () => this.#ended(key, tail),
    )
    this.#tails.set(key, tail)
    return result
  }

  /** Whether no task of `key` is under way. */
  isIdle(key: string): boolean {
    return !this.#tails.has(key)
  }

  /**
   * Returns the result of `task`, which begins when all earlier tasks of `key` have ended. Later ones do not wait for it.
   */
  after<T>(key: string, task: () => T | PromiseLike<T>): Promise<T> {
    const before = this.#tails.get(key)
    return before === undefined ? start(task) : before.then(() => task())
  }

  /** Resolves when the tasks given so far for the matching keys have ended. */
  async settled(matches: (key: string) => boolean): Promise<void> {
    await Promise.all([...this.#tails].filter(([key]) => matches(key)).map(([, tail]) => tail))
  }

  #ended(key: string, tail: Promise<unknown>): void {
    if (this.#tails.get(key) === tail) this.#tails.delete(key)
  }
}

async function start<T>(task: () => T | PromiseLike<T>): Promise<T> {
  return task()
}
