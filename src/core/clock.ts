/** A source of time. Ages and deadlines use `now`; `wallNow` only where a date comes in or goes out. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back, whatever happens to the wall clock. */
  now(): number
  /** Milliseconds since the Unix epoch, as the host believes them to be. */
  wallNow(): number
}

/** Opaque handle of a running timer. */
export type TimerHandle = unknown

/** Timers that never keep the process alive. */
export interface Timers {
  /** Calls `callback` once after `delayMs` milliseconds (at most 2^31 - 1). */
  set(callback: () => void, delayMs: number): TimerHandle
  /** Cancels a timer; a timer that has fired already is ignored. */
  clear(handle: TimerHandle): void
}

/** A source of randomness: a number in [0, 1). Not for secrets. */
export type Random = () => number
