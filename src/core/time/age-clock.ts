import type { Clock } from './clock.ts'
import { afterCallback, isTimeMocked, mockedDate, systemClock } from './system.ts'

/** The excess of wall over monotonic time that counts as an inaccuracy. */
const SLACK_MS = 1_000

// Time must pass even in a callback that never ends, such as a loop of awaited reads.
const READS_PER_LOOK = 64

/**
 * The clock by which entries, records and syncs age (docs/decisions/0091-a-suspension-ages-what-is-kept.md). The
 * monotonic clock may stand still while a machine is suspended, and the wall clock shows it afterwards. A wall clock
 * that goes back changes nothing, because only forgetting too early is harmless.
 *
 * The system's clocks are read once in each callback of the event loop, because that costs more than the rest of a
 * read.
 */
export class AgeClock implements Clock {
  /** The clock without suspensions, for leases, locks and limits, because a wall clock must not end a right. */
  readonly running: Clock
  /** The time at which the end of the last suspension was noticed. Older knowledge may be out of date. */
  resumedAtMs: number = -Infinity
  readonly #slackMs: number
  readonly #isSystem: boolean
  #nowMs: number
  #runningMs: number
  #wallMs: number
  // The excess that is not counted yet, and the sum of all that is.
  #aheadMs = 0
  #missedMs = 0
  #readsLeft = 0
  // The mock that the last look was made by.
  #mock: (() => number) | undefined
  #isCallbackNoted = false
  readonly #onCallbackEnd = (): void => {
    this.#isCallbackNoted = false
    this.#readsLeft = 0
  }

  /** `slackMs` is the excess of wall over monotonic time that counts as an inaccuracy. */
  constructor(running: Clock, slackMs: number = SLACK_MS) {
    this.running = running
    this.#slackMs = slackMs
    this.#isSystem = running === systemClock
    this.#runningMs = running.now()
    this.#mock = this.#isSystem ? mockedDate() : undefined
    this.#wallMs = running.wallNow()
    this.#nowMs = this.#runningMs
  }

  /** Returns milliseconds since an arbitrary start, suspensions included. It never goes back. */
  now(): number {
    if (this.#readsLeft > 0 && !isTimeMocked()) {
      this.#readsLeft--
      return this.#nowMs
    }
    return this.#look()
  }

  /**
   * Returns the same time, read now. Deadlines and births of entries use it, because work may block the callback for
   * long.
   */
  preciseNow(): number {
    const nowMs = this.running.now() + this.#missedMs
    // A later read of the same callback must not be earlier: an entry would seem to live longer than its ttl.
    if (nowMs > this.#nowMs) this.#nowMs = nowMs
    return nowMs
  }

  wallNow(): number {
    return this.running.wallNow()
  }

  #look(): number {
    const runningMs = this.running.now()
    const wallMs = this.running.wallNow()
    const mock = this.#isSystem ? mockedDate() : undefined
    // A test runner that replaces the date or gives it back is no suspension.
    if (mock !== this.#mock) this.#wallMs = wallMs - (runningMs - this.#runningMs)
    this.#mock = mock
    this.#aheadMs = Math.max(0, this.#aheadMs + (wallMs - this.#wallMs) - (runningMs - this.#runningMs))
    this.#runningMs = runningMs
    this.#wallMs = wallMs
    const isSuspension = this.#aheadMs > this.#slackMs
    if (isSuspension) {
      this.#missedMs += this.#aheadMs
      this.#aheadMs = 0
    }
    this.#nowMs = runningMs + this.#missedMs
    if (isSuspension) this.resumedAtMs = this.#nowMs
    if (this.#isSystem && mock === undefined) this.#keep()
    return this.#nowMs
  }

  #keep(): void {
    this.#isCallbackNoted ||= afterCallback(this.#onCallbackEnd)
    this.#readsLeft = this.#isCallbackNoted ? READS_PER_LOOK : 0
  }
}

const known = new WeakMap<Clock, AgeClock>()

/** Returns the age clock of `clock`. There is one for each, so that all callers learn of the same suspensions. */
export function ageClock(clock: Clock = systemClock): AgeClock {
  if (clock instanceof AgeClock) return clock
  let ages = known.get(clock)
  if (ages === undefined) {
    ages = new AgeClock(clock)
    known.set(clock, ages)
  }
  return ages
}
