import type { LimitAlgorithm } from './atomic-store.ts'

/** How one of the limits of a key stands. */
export interface LimitStatus {
  /** The name of the limit: that of the limiter, or the one given to it among several. */
  readonly name: string
  /** How it counts. */
  readonly algorithm: LimitAlgorithm
  /** How many are admitted in a window. */
  readonly limit: number
  /** Milliseconds of the window. */
  readonly windowMs: number
  /** How many more would be admitted now. */
  readonly remaining: number
  /** Milliseconds until nothing that was taken counts any more. */
  readonly resetMs: number
}

/** What a rate limiter answers. */
export interface RateLimitResult {
  /** Whether the request may pass. */
  readonly allowed: boolean
  /** Of the limit that leaves least: how many are admitted in a window. */
  readonly limit: number
  /** Of that limit: how many more would be admitted now. */
  readonly remaining: number
  /** Milliseconds until a refused request would pass if nobody else came; 0 when it may; `Infinity` = never. */
  readonly retryAfterMs: number
  /** Milliseconds until nothing that was taken of that limit counts any more. */
  readonly resetMs: number
  /** Every limit of the key, in the order in which they were given. */
  readonly limits: readonly LimitStatus[]
  /**
   * Who decided: the `store`; the `block-list` of this process, which spares the store a question whose answer is known;
   * or, while the store is unavailable, what `whenUnavailable` says.
   */
  readonly decidedBy: 'store' | 'block-list' | 'allow' | 'deny' | 'memory'
}
