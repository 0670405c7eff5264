import type { LimitAnswer } from '../core/atomic-store.ts'
import type { LimitStatus, RateLimitResult } from '../core/limit-result.ts'
import type { LimiterSettings } from './options.ts'

/** Returns the answer of a store in the form for callers. The limit that leaves least speaks for all. */
export function resultOf(
  { names, rules }: LimiterSettings,
  { allowed, blockedMs, standings }: LimitAnswer,
  decidedBy: RateLimitResult['decidedBy'],
): RateLimitResult {
  const limits = standings.map(({ remaining, resetMs }, index): LimitStatus => {
    const { algorithm, limit, windowMs } = rules[index]!
    return {
      name: names[index]!,
      algorithm,
      limit,
      windowMs,
      remaining: blockedMs > 0 ? 0 : remaining,
      resetMs,
    }
  })
  let tightest = limits[0]!
  for (const limit of limits) if (isTighter(limit, tightest)) tightest = limit
  let retryAfterMs = blockedMs
  for (const standing of standings) retryAfterMs = Math.max(retryAfterMs, standing.retryAfterMs)
  return {
    allowed,
    limit: tightest.limit,
    remaining: tightest.remaining,
    retryAfterMs,
    resetMs: Math.max(blockedMs, tightest.resetMs),
    limits,
    decidedBy,
  }
}

/** Returns an answer without the store, with no counts and no knowledge of the rest. */
export function guess(settings: LimiterSettings, allowed: boolean): RateLimitResult {
  const waitMs = allowed ? 0 : 1000
  const standing = (limit: number) => ({
    remaining: allowed ? limit : 0,
    retryAfterMs: waitMs,
    resetMs: waitMs,
  })
  const standings = settings.rules.map(({ limit }) => standing(limit))
  return resultOf(settings, { atMs: 0, allowed, blockedMs: 0, standings }, allowed ? 'allow' : 'deny')
}

function isTighter(limit: LimitStatus, other: LimitStatus): boolean {
  return (
    limit.remaining < other.remaining ||
    (limit.remaining === other.remaining && limit.resetMs > other.resetMs)
  )
}
