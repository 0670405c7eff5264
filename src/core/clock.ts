/** A source of time. Ages and deadlines use `now`; `wallNow` only where a date comes in or goes out, and to find suspensions. */
export interface Clock {
  /** Milliseconds since an arbitrary start in which the process has run; never goes back, whatever happens to the wall clock. */
  now(): number
  /** Milliseconds since the Unix epoch, as the host believes them to be. */
  wallNow(): number
}

/** Opaque handle of a running timer. */
export type TimerHandle = unknown

/**
 * Whether the process has to live until a timer fires: `'awaited'` if a caller waits for it, `'background'` if the
 * timer serves only the cache.
 */
export type TimerKind = 'background' | 'awaited'

/** Timers, which keep the process alive only if somebody waits for them. */
export interface Timers {
  /** Calls `callback` once after `delayMs` milliseconds, `Infinity` for never; `kind` is `'background'` unless given. */
  set(callback: () => void, delayMs: number, kind?: TimerKind): TimerHandle
  /** Cancels a timer; a timer that has fired already is ignored. */
  clear(handle: TimerHandle): void
}

/** A source of randomness: a number in [0, 1). Not for secrets. */
export type Random = () => number
