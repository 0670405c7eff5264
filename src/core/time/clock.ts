/** A source of time. Ages and deadlines use `now`. Dates of callers and the search for suspensions use `wallNow`. */
export interface Clock {
  /** Returns milliseconds of run time since an arbitrary start. It never goes back, even if the wall clock does. */
  now(): number
  /** Returns milliseconds since the Unix epoch, by the host's clock. */
  wallNow(): number
}

/** Opaque handle of a running timer. */
export type TimerHandle = unknown

/**
 * The kind of a timer: `'awaited'` if a caller waits for it, so that the process stays alive until it fires,
 * `'background'` if it serves only the cache.
 */
export type TimerKind = 'background' | 'awaited'

/** Timers, which keep the process alive only if a caller waits for them. */
export interface Timers {
  /**
   * Calls `callback` once after `delayMs` milliseconds; `Infinity` = never. The default of `kind` is `'background'`.
   */
  set(callback: () => void, delayMs: number, kind?: TimerKind): TimerHandle
  /** Cancels a timer. Does nothing if the timer has already fired. */
  clear(handle: TimerHandle): void
}

/** A source of random numbers in [0, 1), not for secrets. */
export type Random = () => number
