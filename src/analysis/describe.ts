import { quantile } from './figures/histogram.ts'
import { standardError, TWO_SIDED } from './figures/mean.ts'
import type { Estimate, FamilyCounts, FamilySnapshot } from './snapshot.ts'

/** Returns the figures of a family that follow from its counts. */
export function describeFamily(counts: FamilyCounts): FamilySnapshot {
  const { hits, stale, misses, hitVariance, loadMs, loadTimes, changes, lives } = counts
  const found = hits.l1 + hits.l2
  const reads = found + stale + misses
  const loadP50Ms = quantile(loadTimes, 0.5)
  const loadP99Ms = quantile(loadTimes, 0.99)
  const reloads = changes.changed.count + changes.unchanged.count
  // The two factors are independent.
  const savedVariance = loadMs.mean ** 2 * hitVariance + found ** 2 * standardError(loadMs) ** 2
  return {
    ...counts,
    reads,
    ...(reads > 0 && { hitRatio: found / reads }),
    savedMs: estimate(found * loadMs.mean, savedVariance),
    savedLoads: estimate(found, hitVariance),
    ...(loadP50Ms !== undefined && { loadP50Ms }),
    ...(loadP99Ms !== undefined && { loadP99Ms }),
    ...(reloads > 0 && { unchangedShare: changes.unchanged.count / reloads }),
    ...(lives.ended > 0 && {
      unreadShare: lives.unread / lives.ended,
      invalidatedUnreadShare: lives.invalidatedUnread / lives.ended,
    }),
  }
}

function estimate(value: number, variance: number): Estimate {
  const error = TWO_SIDED * Math.sqrt(variance)
  // Infinite, or not a number if nothing was found: not known.
  return Number.isFinite(error) ? { value, error } : { value }
}
