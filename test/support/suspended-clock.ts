import type { Clock } from '../../src/core/time/clock.ts'

/** The two clocks of a machine that can be suspended: its monotonic clock stands still, its wall clock does not. */
export class SuspendedClock implements Clock {
  #ranMs = 0
  #wallMs = Date.UTC(2026, 0, 1)

  now(): number {
    return this.#ranMs
  }

  wallNow(): number {
    return this.#wallMs
  }

  /** Time passes while the process runs. */
  run(ms: number): void {
    this.#ranMs += ms
    this.#wallMs += ms
  }

  /** Time passes while the machine is suspended. */
  suspend(ms: number): void {
    this.#wallMs += ms
  }

  /** Sets the wall clock by so much, forth or back. */
  setWall(byMs: number): void {
    this.#wallMs += byMs
  }
}
