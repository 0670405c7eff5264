import type { Clock } from '../../src/core/time/clock.ts'

/**
 * The two clocks of a machine that can be suspended. Its monotonic clock stands still then, its wall clock does not.
 */
export class SuspendedClock implements Clock {
  #ranMs = 0
  #wallMs = Date.UTC(2026, 0, 1)

  now(): number {
    return this.#ranMs
  }

  wallNow(): number {
    return this.#wallMs
  }

  /** Lets time pass while the process runs. */
  run(ms: number): void {
    this.#ranMs += ms
    this.#wallMs += ms
  }

  /** Lets time pass while the machine is suspended. */
  suspend(ms: number): void {
    this.#wallMs += ms
  }

  /** Sets the wall clock forth or back. */
  setWall(byMs: number): void {
    this.#wallMs += byMs
  }
}
