import type { Clock, TimerHandle, Timers } from '../core/time/clock.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { isDate, timeOf } from '../internal/objects.ts'
import { afterTurn } from '../core/time/system.ts'
import { durationMs, type Duration } from '../options/durations.ts'

interface FakeTimer {
  readonly dueMs: number
  readonly callback: () => void
}

/**
 * A clock and timers in one, which stand still until a test advances them: `new MemoryCache({ clock })`, then
 * `await clock.advance('31m')`.
 */
export class FakeClock implements Clock, Timers {
  #nowMs = 0
  readonly #startMs: number
  readonly #timers = new Set<FakeTimer>()

  /** `start` is the first time of the wall clock; default 2026-01-01T00:00:00Z. @throws OptionsError for no date. */
  constructor(start: Date = new Date('2026-01-01T00:00:00Z')) {
    if (!isDate(start) || Number.isNaN(timeOf(start)))
      throw new OptionsError(`FakeClock: start: ${inspect(start)} is not a date`)
    this.#startMs = timeOf(start)
  }

  /** Returns milliseconds since the clock was made. */
  now(): number {
    return this.#nowMs
  }

  /** Returns milliseconds since the Unix epoch. */
  wallNow(): number {
    return this.#startMs + this.#nowMs
  }

  /** The number of timers that have not fired yet. */
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
   * Lets time pass. Timers fire in the order in which they are due, each at its own time, new ones included. Before
   * time goes on, the work that they start may run. `0` does only that. Time never goes back, even if a timer advances it
   * further.
   * @throws OptionsError for a wrong duration.
   */
  async advance(duration: Exclude<Duration, Date>): Promise<void> {
    const untilMs = this.#nowMs + (duration === 0 ? 0 : durationMs(duration, 'advance', this))
    if (untilMs === Infinity) throw new OptionsError('advance: Infinity is no time to advance by')
    await settle()
    for (let timer = this.#next(untilMs); timer !== undefined; timer = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs)
      this.#timers.delete(timer)
      timer.callback()
      await settle()
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs)
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

// Waits one turn of the event loop, after which every promise has settled that can settle by itself.
async function settle(): Promise<void> {
  return new Promise((resolve) => {
    afterTurn(resolve)
  })
}
