import type { LimitAlgorithm } from './atomic-store.ts'

/** The standing of one limit of a key. */
export interface LimitStatus {
  /** The name of the limiter, or the name of this limit among several. */
  readonly name: string
  /** The algorithm of the limit. */
  readonly algorithm: LimitAlgorithm
  /** The number admitted in a window. */
  readonly limit: number
  /** The length of the window in milliseconds. */
  readonly windowMs: number
  /** The number that would still be admitted now. */
  readonly remaining: number
  /** Milliseconds until the whole limit is free again. */
  readonly resetMs: number
}

/** The answer of a rate limiter. */
export interface RateLimitResult {
  /** Whether the request may pass. */
  readonly allowed: boolean
  /** The number admitted in a window by the limit that leaves least. */
  readonly limit: number
  /** The number that this limit would still admit now. */
  readonly remaining: number
  /** Milliseconds until a refused request would pass if nobody else came; 0 = it may pass now, `Infinity` = never. */
  readonly retryAfterMs: number
  /** Milliseconds until that limit is wholly free again. */
  readonly resetMs: number
  /** All limits of the key, in the order in which they were given. */
  readonly limits: readonly LimitStatus[]
  /**
   * The decider. `store` is the store. `block-list` is the block list of this process, which saves a request to the
   * store. While the store is unavailable, it is the choice of `whenUnavailable`.
   */
  readonly decidedBy: 'store' | 'block-list' | 'allow' | 'deny' | 'memory'
}
