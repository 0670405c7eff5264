import { setTimeout as wait } from 'node:timers/promises'
import { durationMs, type Duration } from '../../src/options/durations.ts'
import type { TimerHandle } from '../../src/core/time/clock.ts'
import { FakeClock } from '../../src/testing/index.ts'

/** Delay of a look behind its time, because a server counts in whole milliseconds. */
const LATE_MS = 5
/** Advance of a look before the end of something, because it may come late on a busy machine. */
const EARLY_MS = 250

/**
 * A clock of a process whose server counts in real time. It goes on no sooner than real time does, and at each step
 * waits for the answers of the server. So all events of the process happen at exact times, and no machine is too slow.
 */
export class PacedClock extends FakeClock {
  readonly #due = new Map<TimerHandle, number>()
  readonly #answered: () => Promise<void>
  // The time by which real time is behind after a look before the end of something.
  #behindMs = 0

  /** `answered` waits for the answers to all requests, and to the requests that these answers cause. */
  constructor(answered: () => Promise<void>) {
    super()
    this.#answered = answered
  }

  override set(callback: () => void, delayMs: number): TimerHandle {
    const handle: TimerHandle = super.set(() => {
      this.#due.delete(handle)
      callback()
    }, delayMs)
    this.#due.set(handle, this.now() + Math.max(0, delayMs))
    return handle
  }

  override clear(handle: TimerHandle): void {
    this.#due.delete(handle)
    super.clear(handle)
  }

  override async advance(duration: Exclude<Duration, Date>): Promise<void> {
    await this.#answered()
    const fromMs = this.now()
    const untilMs = fromMs + (duration === 0 ? 0 : durationMs(duration, 'advance', this))
    const began = performance.now()
    // A look just before the end of something is made a little sooner, any other a little later than its time.
    const isEarly = untilMs % 10 === 9
    const marginMs = this.#behindMs + (isEarly ? -EARLY_MS : LATE_MS)
    if (untilMs > fromMs) this.#behindMs = isEarly ? EARLY_MS + LATE_MS : 0
    while (this.now() < untilMs) {
      const nextMs = Math.min(untilMs, ...this.#due.values())
      const leftMs = nextMs - fromMs + marginMs - (performance.now() - began)
      if (leftMs > 0) await wait(leftMs)
      await super.advance(nextMs > this.now() ? { milliseconds: nextMs - this.now() } : 0)
      await this.#answered()
    }
    if (untilMs === fromMs) await super.advance(0)
    await this.#answered()
  }
}
