import type { Timers } from './clock.ts'

/** The answer was not there in time. */
export const LATE: unique symbol = Symbol('late')

/** How long to look for an answer that has arrived already while the process was busy. */
const LAST_LOOK_MS = 1

/**
 * What a promise comes to within `leftMs`, else {@link LATE}; a rejection in time rejects. Whatever it comes to later is
 * nobody's.
 */
export function inTime<T>(pending: PromiseLike<T>, leftMs: number, timers: Timers): Promise<T | typeof LATE> {
  return new Promise((resolve, reject) => {
    let timer = timers.set(() => {
      timer = timers.set(() => resolve(LATE), LAST_LOOK_MS)
    }, leftMs)
    pending.then(
      (value) => {
        timers.clear(timer)
        resolve(value)
      },
      (error: unknown) => {
        timers.clear(timer)
        reject(error)
      },
    )
  })
}
