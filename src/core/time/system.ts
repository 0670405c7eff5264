import type { Clock, Random, Timers } from './clock.ts'
import { longTimers } from './long-timers.ts'

// Only this file touches the system's clock, timers and random. All other code has them injected. Globals are looked up
// at each call, because fake timers of test runners replace them.

const MachineDate = Date

/** Whether a test runner has replaced `Date`. If so, that is the time, whatever the machine shows. */
export function isTimeMocked(): boolean {
  return Date !== MachineDate
}

class SystemClock implements Clock {
  // The last time that was returned.
  #nowMs = 0
  // The offset that is added to `performance.now()` to go on from there.
  #shiftMs = 0
  #isMocked = false
  #mockedWallMs = 0

  now(): number {
    if (isTimeMocked()) return this.#mockedNow()
    const machineMs = performance.now()
    if (this.#isMocked || machineMs + this.#shiftMs < this.#nowMs) this.#shiftMs = this.#nowMs - machineMs
    this.#isMocked = false
    this.#nowMs = machineMs + this.#shiftMs
    return this.#nowMs
  }

  wallNow(): number {
    return Date.now()
  }

  // The time goes by the mocked date alone, because not every test runner replaces `performance`.
  #mockedNow(): number {
    const wallMs = Date.now()
    if (!this.#isMocked) this.#mockedWallMs = MachineDate.now()
    this.#isMocked = true
    this.#nowMs += Math.max(0, wallMs - this.#mockedWallMs)
    this.#mockedWallMs = wallMs
    return this.#nowMs
  }
}

/** The clock of the machine: `performance.now()` for ages, `Date.now()` for dates. */
export const systemClock: Clock = new SystemClock()

/** The timers of the runtime. */
export const systemTimers: Timers = longTimers({
  set(callback, delayMs, kind) {
    // The handle is a number in environments that imitate a browser. They have no process to keep alive.
    const handle: { unref?(): unknown } | number = setTimeout(callback, delayMs)
    if (kind !== 'awaited' && typeof handle === 'object') handle.unref?.()
    return handle
  },
  clear(handle) {
    clearTimeout(handle as NodeJS.Timeout)
  },
})

/** The pseudo-random numbers of the runtime. */
export const systemRandom: Random = () => Math.random()

/** Calls `callback` when the present turn of the event loop has ended, with all that follows from it. */
export function afterTurn(callback: () => void): void {
  setImmediate(callback)
}

/**
 * Calls `callback` after the present callback of the event loop and the promises that it has settled, and before any
 * other. `false` = this runtime can't do that.
 */
export function afterCallback(callback: () => void): boolean {
  if (typeof process === 'undefined' || typeof process.nextTick !== 'function') return false
  process.nextTick(callback)
  return true
}
