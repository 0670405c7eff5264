import type { RateLimitResult } from '../core/limit-result.ts'

/**
 * The headers of a response that tell its receiver how it stands: `RateLimit-Policy` and `RateLimit` as the IETF draft
 * has them (draft-ietf-httpapi-ratelimit-headers-10), and `Retry-After` where the request was refused, all in whole
 * seconds. While the store is unavailable nothing is known of what remains, and nothing is said of it.
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

// Rounded up: who waits so long has waited long enough.
function seconds(ms: number): number {
  return Math.ceil(ms / 1000)
}
