import { OptionsError } from '../core/errors.ts'
import { isList } from '../internal/objects.ts'
import { checkReadable } from '../options/checks.ts'
import { adviceOf } from './advice/advice.ts'
import { describeFamily } from './describe.ts'
import { mergeChanges } from './figures/change-rate.ts'
import { type HistogramData, mergeHistograms } from './figures/histogram.ts'
import { mergeMeans } from './figures/mean.ts'
import type { AnalysisSnapshot, CurveSnapshot, FamilyCounts, FamilySnapshot, HotKeys } from './snapshot.ts'

type Curve = CurveSnapshot

/**
 * Returns the figures of several processes as those of one. Counts add up. The curve is the mean of those for memories of
 * the same size as the first one. The advice follows from the sums.
 * @throws OptionsError for an empty list, or anything else.
 */
export function mergeSnapshots(snapshots: readonly AnalysisSnapshot[]): AnalysisSnapshot {
  if (!isList(snapshots)) throw new OptionsError('mergeSnapshots: snapshots: this is not a list')
  const [first] = snapshots
  if (first === undefined) throw new OptionsError('mergeSnapshots: snapshots: the list is empty')
  for (const one of snapshots) {
    checkReadable(one, 'mergeSnapshots: snapshot')
    if (!isList(one.families)) throw new OptionsError('mergeSnapshots: snapshot: this is none of an analysis')
  }
  const { cache, isShared, staleShare } = first
  const families = familiesOf(snapshots.flatMap((one) => one.families))
  const curve = curveOf(snapshots.flatMap((one) => (one.curve === undefined ? [] : [one.curve])))
  const forMs = Math.max(...snapshots.map((one) => one.forMs))
  return {
    ...first,
    startedAt: Math.min(...snapshots.map(({ startedAt }) => startedAt)),
    forMs,
    families,
    operations: operationsOf(snapshots.map(({ operations }) => operations)),
    hot: {
      hits: hotKeysOf(snapshots.map(({ hot }) => hot.hits)),
      bytes: hotKeysOf(snapshots.map(({ hot }) => hot.bytes)),
      loadMs: hotKeysOf(snapshots.map(({ hot }) => hot.loadMs)),
    },
    ...(curve !== undefined && { curve }),
    advice: adviceOf(families, curve, { cache, forMs, isShared, staleShare }),
  }
}

function familiesOf(all: readonly FamilyCounts[]): readonly FamilySnapshot[] {
  const merged = new Map<string, FamilyCounts>()
  for (const one of all) {
    const known = merged.get(one.family)
    merged.set(one.family, known === undefined ? one : sumOf(known, one))
  }
  return byWorth([...merged.values()].map(describeFamily))
}

/** Returns families by the time that they have saved. */
export function byWorth(families: readonly FamilySnapshot[]): readonly FamilySnapshot[] {
  return families.toSorted((a, b) => b.savedMs.value - a.savedMs.value || b.reads - a.reads)
}

function sumOf(one: FamilyCounts, other: FamilyCounts): FamilyCounts {
  const ttlMs = other.ttlMs ?? one.ttlMs
  return {
    family: one.family,
    hits: { l1: one.hits.l1 + other.hits.l1, l2: one.hits.l2 + other.hits.l2 },
    hitVariance: one.hitVariance + other.hitVariance,
    stale: one.stale + other.stale,
    misses: one.misses + other.misses,
    coalesced: one.coalesced + other.coalesced,
    loads: one.loads + other.loads,
    refreshes: one.refreshes + other.refreshes,
    failures: one.failures + other.failures,
    loadMs: mergeMeans(one.loadMs, other.loadMs),
    loadTimes: mergeHistograms([one.loadTimes, other.loadTimes]),
    sizes: mergeHistograms([one.sizes, other.sizes]),
    ages: mergeHistograms([one.ages, other.ages]),
    changes: mergeChanges([one.changes, other.changes]),
    lives: {
      ended: one.lives.ended + other.lives.ended,
      unread: one.lives.unread + other.lives.unread,
      invalidatedUnread: one.lives.invalidatedUnread + other.lives.invalidatedUnread,
    },
    ...(ttlMs !== undefined && { ttlMs }),
  }
}

function operationsOf(all: readonly AnalysisSnapshot['operations'][]): AnalysisSnapshot['operations'] {
  const merged = new Map<string, HistogramData[]>()
  for (const operations of all)
    for (const [name, data] of Object.entries(operations))
      merged.set(name, [...(merged.get(name) ?? []), data])
  return Object.fromEntries([...merged].map(([name, data]) => [name, mergeHistograms(data)]))
}

// A process that does not list a key may still have seen it (Agarwal and others, "Mergeable Summaries", 2012).
function hotKeysOf(all: readonly HotKeys[]): HotKeys {
  const total = all.reduce((sum, one) => sum + one.total, 0)
  const hidden = all.reduce((sum, one) => sum + one.hidden, 0)
  const names = new Set(all.flatMap(({ keys }) => keys.map(({ key }) => key)))
  const keys = [...names].map((key) => {
    let [amount, excess] = [0, 0]
    for (const one of all) {
      const listed = one.keys.find((item) => item.key === key)
      amount += listed?.amount ?? one.hidden
      excess += listed === undefined ? one.hidden : listed.error * one.total
    }
    return { key, amount, share: amount / total, error: excess / total }
  })
  return { total, hidden, keys: keys.toSorted((a, b) => b.amount - a.amount) }
}

function curveOf(all: readonly Curve[]): Curve | undefined {
  const [first] = all
  if (first === undefined) return undefined
  const alike = all.filter(({ entries }) => entries === first.entries)
  const accesses = alike.reduce((sum, one) => sum + one.accesses, 0)
  const points = first.points.map(({ entries }, index) => {
    const weighted = (value: (point: Curve['points'][number]) => number): number =>
      alike.reduce((sum, one) => sum + value(one.points[index]!) * one.accesses, 0) / accesses
    return { entries, hitRatio: weighted((point) => point.hitRatio), error: weighted((point) => point.error) }
  })
  return { entries: first.entries, accesses, points }
}
