import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { isList, isRecord } from '../internal/objects.ts'
import { reading } from '../options/checks.ts'
import type { RateLimitResult } from '../core/limit-result.ts'

/**
 * Returns the headers that tell a client its limits: `RateLimit-Policy` and `RateLimit` as in the IETF draft
 * (draft-ietf-httpapi-ratelimit-headers-10), and `Retry-After` if the request was refused. All times are whole seconds.
 * While the store is unavailable, the remaining quantity is unknown and left out.
 * @throws OptionsError for anything but the result of a limiter.
 */
export function rateLimitHeaders(result: RateLimitResult): Record<string, string> {
  const isResult = reading('rateLimitHeaders: the result', () => isRecord(result) && isList(result.limits))
  if (!isResult)
    throw new OptionsError(`rateLimitHeaders: ${inspect(result)} is not the result of a RateLimiter`)
  const { limits, allowed, retryAfterMs, decidedBy } = result
  const headers: Record<string, string> = {
    'RateLimit-Policy': limits
      .map(({ name, limit, windowMs }) => `"${name}";q=${limit};w=${seconds(windowMs)}`)
      .join(', '),
  }
  if (decidedBy !== 'allow' && decidedBy !== 'deny')
    headers['RateLimit'] = limits
      .map(({ name, remaining, resetMs }) => `"${name}";r=${remaining};t=${seconds(resetMs)}`)
      .join(', ')
  if (!allowed && Number.isFinite(retryAfterMs))
    headers['Retry-After'] = String(Math.max(1, seconds(retryAfterMs)))
  return headers
}

// Rounds up, so that a client that waits so long has waited long enough.
function seconds(ms: number): number {
  return Math.ceil(ms / 1000)
}
