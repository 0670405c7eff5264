import type { Random } from '../core/clock.ts'
import type { Settings } from '../core/settings.ts'

/** For how long a loaded value is to be fresh; 0 = it is not stored. */
export function ttlOf(value: unknown, settings: Settings, random: Random): number {
  const { ttlMs, negativeTtlMs = ttlMs, cacheNull = true, jitter = 0 } = settings
  if (value === null && !cacheNull) return 0
  const chosenMs = value === null ? negativeTtlMs : ttlMs
  if (jitter === 0 || chosenMs === Infinity) return Math.max(0, chosenMs)
  return Math.max(0, chosenMs * (1 + jitter * (2 * random() - 1)))
}

/** What an entry has left at the most when it is to be loaded ahead of time; 0 = it is not. */
export function aheadMs({ ttlMs, refreshAhead }: Settings): number {
  return refreshAhead === undefined || ttlMs === Infinity ? 0 : ttlMs * (1 - refreshAhead)
}
