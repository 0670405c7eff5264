import type { Clock, Random, Timers } from './clock.ts'

// The one file that touches the system's clock, timers and random: everything else has them injected.

// Looked up once: the global one is found by a getter, which is a seventh of what a look costs.
const machine = performance

/** The clock of the machine: `performance.now()` for ages, `Date.now()` for dates. */
export const systemClock: Clock = {
  now: () => machine.now(),
  wallNow: () => Date.now(),
}

/** The timers of the runtime, unref'd so that a cache never keeps a process alive. */
export const systemTimers: Timers = {
  set(callback, delayMs) {
    const handle = setTimeout(callback, delayMs)
    handle.unref()
    return handle
  },
  clear(handle) {
    clearTimeout(handle as NodeJS.Timeout)
  },
}

/** The same, but that the process waits for them: for delays that stand for work. */
export const waitingTimers: Timers = {
  set: (callback, delayMs) => setTimeout(callback, delayMs),
  clear: systemTimers.clear,
}

/** The runtime's pseudo-random numbers. */
export const systemRandom: Random = () => Math.random()

/** Calls back when the present turn of the event loop has ended, with all that follows from it. */
export function afterTurn(callback: () => void): void {
  setImmediate(callback)
}
