import type { BaseCache } from '../../cache/base-cache.ts'
import { RateLimiter } from '../../ratelimit/rate-limiter.ts'
import { textKey } from '../shared/text-key.ts'

/** The standing of a key, in seconds; as `ThrottlerStorageRecord` of `@nestjs/throttler`. */
export interface ThrottlerRecord {
  /** The hits in the window, with this one. */
  totalHits: number
  /** The seconds until the window ends. */
  timeToExpire: number
  /** Whether the hit is refused. */
  isBlocked: boolean
  /** The seconds until hits are admitted again. */
  timeToBlockExpire: number
}

// Limits may be functions of the request.
const MOST_LIMITERS = 1000
// In place of no end: 10 years, and more than anybody asks for.
const LONGEST_MS = 315_360_000_000
const MOST = 1_000_000_000

/**
 * The storage of `@nestjs/throttler`, 6: counts in the cache's store, for all processes, by one atomic step. If the
 * server is away, each process counts for itself.
 */
export class ThrottlerStorage {
  readonly #cache: BaseCache
  readonly #limiters = new Map<string, RateLimiter>()

  /** Takes any cache. */
  constructor(cache: BaseCache) {
    this.#cache = cache
  }

  /** Counts a hit. `ttl` and `blockDuration` are milliseconds. */
  async increment(key: string, ttl: number, limit: number, blockDuration: number): Promise<ThrottlerRecord> {
    const windowMs = Math.min(LONGEST_MS, Math.max(1, Math.ceil(ttl)))
    const blockMs = Math.min(LONGEST_MS, Math.max(0, Math.ceil(blockDuration)))
    const most = Math.min(MOST, Math.floor(limit))
    if (most < 1) return refused(1, windowMs, blockMs || windowMs)
    const result = await this.#limiter(most, windowMs, blockMs).consume(textKey(key))
    const { allowed, remaining, resetMs, retryAfterMs } = result
    if (!allowed) return refused(most + 1, resetMs, retryAfterMs)
    return {
      totalHits: most - remaining,
      timeToExpire: seconds(resetMs),
      isBlocked: false,
      timeToBlockExpire: 0,
    }
  }

  #limiter(limit: number, windowMs: number, blockMs: number): RateLimiter {
    const id = `${limit} ${windowMs} ${blockMs}`
    const known = this.#limiters.get(id)
    if (known !== undefined) return known
    if (this.#limiters.size >= MOST_LIMITERS) this.#limiters.clear()
    const limiter = new RateLimiter(this.#cache, {
      name: 'throttler',
      algorithm: 'fixed-window',
      limit,
      window: { milliseconds: windowMs },
      ...(blockMs > 0 && { blockFor: { milliseconds: blockMs } }),
    })
    this.#limiters.set(id, limiter)
    return limiter
  }
}

function refused(totalHits: number, resetMs: number, retryAfterMs: number): ThrottlerRecord {
  return {
    totalHits,
    timeToExpire: seconds(resetMs),
    isBlocked: true,
    timeToBlockExpire: seconds(retryAfterMs),
  }
}

function seconds(ms: number): number {
  return Math.ceil(ms / 1000)
}
