import type { RateLimitResult } from '../core/limit-result.ts'

/**
 * Returns the headers that tell a client its limits: `RateLimit-Policy` and `RateLimit` as in the IETF draft
 * (draft-ietf-httpapi-ratelimit-headers-10), and `Retry-After` if the request was refused. All times are whole seconds.
 * While the store is unavailable, the remaining quantity is unknown and left out.
 */
export function rateLimitHeaders(result: RateLimitResult): Record<string, string> {
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
