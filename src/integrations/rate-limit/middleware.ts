import type { RateLimitResult } from '../../core/limit-result.ts'
import { checkFunction, checkMethods, checkReadable } from '../../options/checks.ts'
import { checkOptions } from '../../options/options.ts'
import { rateLimitHeaders } from '../../ratelimit/headers.ts'
import type { RateLimiter } from '../../ratelimit/rate-limiter.ts'
import { textKey } from '../shared/text-key.ts'

/** Options of the middleware of a rate limiter. */
export interface RateLimitOptions<Request> {
  /** Returns the key of the client that makes a request. `undefined` = the request is not limited. */
  readonly key?: ((request: Request) => string | undefined | Promise<string | undefined>) | undefined
  /** Returns the quantity that a request takes, a whole number from 1; default 1. */
  readonly quantity?: ((request: Request) => number | Promise<number>) | undefined
}

/** The answer about a request. */
export interface Decision {
  readonly result: RateLimitResult
  /** `RateLimit-Policy`, `RateLimit` and, if it is refused, `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>
}

/** The body of a refusal. */
export const REFUSAL = 'Too many requests, please try again later.'

/** Returns a function that asks the limiter about requests; it answers `undefined` for those that are not limited. */
export function decider<Request>(
  limiter: RateLimiter,
  options: RateLimitOptions<Request>,
  keyOf: ((request: Request) => string) | undefined,
): (request: Request) => Promise<Decision | undefined> {
  checkMethods(limiter, ['consume', 'peek'], 'rateLimit: limiter')
  checkReadable(options, 'rateLimit')
  checkOptions(options, ['key', 'quantity'], 'rateLimit')
  const { key = keyOf, quantity } = options
  checkFunction(key, 'rateLimit: key')
  if (quantity !== undefined) checkFunction(quantity, 'rateLimit: quantity')
  return async (request) => {
    const client = await key!(request)
    if (client === undefined) return undefined
    const result = await limiter.consume(
      typeof client === 'string' ? textKey(client) : client,
      await quantity?.(request),
    )
    return { result, headers: rateLimitHeaders(result) }
  }
}
