import type { Clock, TimerHandle, Timers } from '../core/clock.ts'
import { durationMs, type Duration } from '../core/duration.ts'

interface FakeTimer {
  readonly dueMs: number
  readonly callback: () => void
}

/**
 * A clock and timers in one that stand still until they are told to go on: `new MemoryCache({ clock })`, then
 * `await clock.advance('31m')`.
 */
export class FakeClock implements Clock, Timers {
  #nowMs = 0
  readonly #startMs: number
  readonly #timers = new Set<FakeTimer>()

  /** `start` is what the wall clock shows at first; default 2026-01-01T00:00:00Z. */
  constructor(start: Date = new Date('2026-01-01T00:00:00Z')) {
    this.#startMs = start.getTime()
  }

  /** Milliseconds since the clock was made. */
  now(): number {
    return this.#nowMs
  }

  /** Milliseconds since the Unix epoch. */
  wallNow(): number {
    return this.#startMs + this.#nowMs
  }

  /** Timers that have not fired yet. */
  get pending(): number {
    return this.#timers.size
  }

  set(callback: () => void, delayMs: number): TimerHandle {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), callback }
    this.#timers.add(timer)
    return timer
  }

  clear(handle: TimerHandle): void {
    this.#timers.delete(handle as FakeTimer)
  }

  /**
   * Lets time pass: timers fire in the order they are due, each at its own time, those included that were set
   * meanwhile, and what they set off is given the chance to run before time goes on. `0` does only that.
   * @throws OptionsError for a wrong duration.
   */
  async advance(duration: Exclude<Duration, Date>): Promise<void> {
    const untilMs = this.#nowMs + (duration === 0 ? 0 : durationMs(duration, 'advance', this))
    await settle()
    for (let timer = this.#next(untilMs); timer !== undefined; timer = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs)
      this.#timers.delete(timer)
      timer.callback()
      await settle()
    }
    this.#nowMs = untilMs
    await settle()
  }

  #next(untilMs: number): FakeTimer | undefined {
    let next: FakeTimer | undefined
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer
    }
    return next
  }
}

// One turn of the event loop: every promise that can settle by itself has settled then.
async function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
