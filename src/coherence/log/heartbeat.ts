import type { TimerHandle, Timers } from '../../core/time/clock.ts'
import type { RemoteStore } from '../../core/remote/remote-store.ts'

/** Work that is done at each beat and at each reconnection. */
export interface Beating {
  /** Whether it needs the next beat. */
  readonly isNeeded: boolean
  /** Does the work. Never rejects. */
  beat(): Promise<void> | void
  reconnected(): void
}

/** The timer of a node's regular work, and its response to a reconnection. It beats while there is something to do. */
export class Heartbeat {
  readonly #timers: Timers
  readonly #intervalMs: number
  readonly #unlisten: () => void
  readonly #works: Beating[] = []
  #timer: TimerHandle
  #isBeating = false
  #isClosed = false

  constructor(remote: RemoteStore, timers: Timers, intervalMs: number) {
    this.#timers = timers
    this.#intervalMs = intervalMs
    this.#unlisten = remote.onReconnect(() => {
      // Knowledge of the server before is given up first, before anything is sent.
      for (const work of this.#works.toReversed()) work.reconnected()
    })
  }

  /** Adds work. A beat does it after the work that was added before, a reconnection before it. */
  add(work: Beating): void {
    this.#works.push(work)
  }

  /** Starts the timer, unless it runs, because there is something to do. */
  wake(): void {
    if (this.#isBeating || this.#isClosed) return
    this.#isBeating = true
    this.#timer = this.#timers.set(() => void this.#beat(), this.#intervalMs)
  }

  close(): void {
    this.#isClosed = true
    this.#unlisten()
    this.#timers.clear(this.#timer)
  }

  async #beat(): Promise<void> {
    await Promise.all(this.#works.map(async (work) => work.beat()))
    this.#isBeating = false
    if (this.#works.some(({ isNeeded }) => isNeeded)) this.wake()
  }
}
