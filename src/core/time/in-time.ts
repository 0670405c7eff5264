import type { Timers } from './clock.ts'

/** The result if no answer came in time. */
export const LATE: unique symbol = Symbol('late')

/** The extra time for an answer that arrived while the process was busy. */
const LAST_LOOK_MS = 1

/**
 * Returns the result of a promise if it settles within `leftMs`, else {@link LATE}. A rejection in time rejects. A
 * later result is ignored.
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
