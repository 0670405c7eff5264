import type { TimerHandle, TimerKind, Timers } from './clock.ts'

/** The longest delay of a runtime's timers, which fire at once for a longer one. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

/** A timer that is set again until its time has come. */
class LongTimer {
  handle: TimerHandle
}

class LongTimers implements Timers {
  readonly #timers: Timers

  constructor(timers: Timers) {
    this.#timers = timers
  }

  set(callback: () => void, delayMs: number, kind: TimerKind = 'background'): TimerHandle {
    if (delayMs <= LONGEST_DELAY_MS) return this.#timers.set(callback, delayMs, kind)
    const timer = new LongTimer()
    this.#wait(timer, callback, delayMs, kind)
    return timer
  }

  clear(handle: TimerHandle): void {
    this.#timers.clear(handle instanceof LongTimer ? handle.handle : handle)
  }

  #wait(timer: LongTimer, callback: () => void, leftMs: number, kind: TimerKind): void {
    if (leftMs <= LONGEST_DELAY_MS) timer.handle = this.#timers.set(callback, leftMs, kind)
    else {
      const next = (): void => this.#wait(timer, callback, leftMs - LONGEST_DELAY_MS, kind)
      timer.handle = this.#timers.set(next, LONGEST_DELAY_MS, kind)
    }
  }
}

/** Returns the same timers for delays of any length. */
export function longTimers(timers: Timers): Timers {
  return timers instanceof LongTimers ? timers : new LongTimers(timers)
}
