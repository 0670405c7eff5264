import type { TimerHandle, Timers } from '../core/time/clock.ts'

/** Waits on the cache's timers, none of which keeps the process alive. All waiting ends when they are closed. */
export class Pauses {
  readonly #timers: Timers
  readonly #waiting = new Map<() => void, TimerHandle>()
  isClosed = false

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Resolves after a time; `false` = everything ended before. */
  async wait(ms: number): Promise<boolean> {
    if (this.isClosed) return false
    await new Promise<void>((resolve) => {
      const timer = this.#timers.set(
        () => {
          this.#waiting.delete(resolve)
          resolve()
        },
        ms,
        'background',
      )
      this.#waiting.set(resolve, timer)
    })
    return !this.isClosed
  }

  /** Resolves with the work, or with `undefined` after a time. */
  async within<T>(work: PromiseLike<T>, ms: number): Promise<T | undefined> {
    let end: () => void = () => undefined
    const over = new Promise<undefined>((resolve) => {
      end = () => resolve(undefined)
      this.#waiting.set(
        end,
        this.#timers.set(() => this.#end(end), ms, 'background'),
      )
    })
    try {
      return await Promise.race([work, over])
    } finally {
      this.#end(end)
    }
  }

  close(): void {
    this.isClosed = true
    for (const end of this.#waiting.keys()) this.#end(end)
  }

  #end(end: () => void): void {
    this.#timers.clear(this.#waiting.get(end))
    this.#waiting.delete(end)
    end()
  }
}
