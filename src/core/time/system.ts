import { setImmediate } from 'node:timers'
import type { Clock, Random, Timers } from './clock.ts'
import { longTimers } from './long-timers.ts'
import { outsideRequests } from './outside.ts'

// Only this file touches the system's clock, timers and random. All other code has them injected. The globals that tell
// time are looked up at each call, because fake timers of test runners replace them. The ends of a turn and of a
// callback are no time, so they are those of the machine. Some environments that imitate a browser lack `setImmediate`.

let machineNow = isNative(Date.now) ? Date.now : undefined
const endOfTurn = setImmediate
const machineTick = globalThis.process?.nextTick

/** Whether a test runner has replaced `Date` or `Date.now`. If so, that is the time, whatever the machine shows. */
export function isTimeMocked(): boolean {
  return Date.now !== machineNow
}

/** Returns the `Date.now` of a test runner; `undefined` = the machine's is in use. */
export function mockedDate(): (() => number) | undefined {
  return isTimeMocked() ? Date.now : undefined
}

// The replacement may be older than this module.
function isNative(now: () => number): boolean {
  return String(now).includes('native code')
}

class SystemClock implements Clock {
  // The last time that was returned.
  #nowMs = 0
  // The offset that is added to `performance.now()` to go on from there.
  #shiftMs = 0
  // The mock that the last time was read from, and its date.
  #mock: (() => number) | undefined = undefined
  #mockedWallMs = 0

  now(): number {
    // Learns the machine's date if it was replaced when this module was loaded.
    if (machineNow === undefined && isNative(Date.now)) machineNow = Date.now
    if (isTimeMocked()) return this.#mockedNow()
    const machineMs = performance.now()
    if (this.#mock !== undefined || machineMs + this.#shiftMs < this.#nowMs)
      this.#shiftMs = this.#nowMs - machineMs
    this.#mock = undefined
    this.#nowMs = machineMs + this.#shiftMs
    return this.#nowMs
  }

  wallNow(): number {
    return Date.now()
  }

  // The time goes by the mocked date alone, because not every test runner replaces `performance`. A new mock counts from
  // the date of the machine.
  #mockedNow(): number {
    const wallMs = Date.now()
    if (this.#mock !== Date.now) this.#mockedWallMs = machineNow?.() ?? wallMs
    this.#mock = Date.now
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
    const start = (): { unref?(): unknown } | number => setTimeout(callback, Math.trunc(delayMs))
    if (kind === 'awaited') return start()
    // It serves no request, and would keep alive what belongs to the one in which it is set.
    const handle = outsideRequests(start)
    // The handle is a number in environments that imitate a browser. They have no process to keep alive.
    if (typeof handle === 'object') handle.unref?.()
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
  endOfTurn(callback)
}

/**
 * Calls `callback` after the present callback of the event loop and the promises that it has settled, and before any
 * other. `false` = this runtime can't do that, or a test runner has replaced what does it.
 */
export function afterCallback(callback: () => void): boolean {
  if (machineTick === undefined || process.nextTick !== machineTick) return false
  machineTick(callback)
  return true
}

/** Calls `callback` soon: after the present callback of the event loop if the runtime can do that. */
export function soon(callback: () => void): void {
  if (!afterCallback(callback)) void afterPromise(callback)
}

async function afterPromise(callback: () => void): Promise<void> {
  await Promise.resolve()
  callback()
}
