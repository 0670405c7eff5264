import { Analysis } from '../analysis/analyse.ts'
import { mergeHistograms, quantile } from '../analysis/figures/histogram.ts'
import type { AnalysisSnapshot, FamilySnapshot } from '../analysis/snapshot.ts'
import type { Auditor } from '../audit/report.ts'
import { scopeOf, type BaseCache } from '../cache/base-cache.ts'
import type { Scope } from '../cache/scope.ts'
import type { CacheStats } from '../core/counters.ts'
import type { Health } from '../core/health.ts'
import type { CacheFigures, FamilyFigures, Freshness } from './figures.ts'
import type { Timeline } from './timeline.ts'

const MOST_FAMILIES = 100
const STALE_SHARE = 0.01

/** The figures that the dashboard's sentence is made of. */
export interface Worth {
  readonly hits: number
  readonly misses: number
  readonly savedMs: number
  readonly savedLoads: number
}

/** A cache of the dashboard, whose figures it gathers. */
export class WatchedCache {
  readonly id: string
  /** The name of the cache. */
  readonly name: string
  readonly cache: BaseCache
  readonly scope: Scope
  readonly #analysis: Analysis
  readonly #atStart: CacheStats
  readonly #auditor: Auditor | undefined
  readonly #endTimeline: () => void

  constructor(id: string, cache: BaseCache, timeline: Timeline, auditors: readonly Auditor[]) {
    this.id = id
    this.cache = cache
    this.scope = scopeOf(cache)!
    const { runtime } = this.scope
    this.name = runtime.name
    this.#analysis = new Analysis(runtime, STALE_SHARE)
    this.#atStart = this.#stats()
    this.#auditor = auditors.find((auditor) => auditor.report().cache === runtime.name)
    this.#endTimeline = timeline.follow(runtime)
  }

  /** Returns the figures of now. */
  async figures(): Promise<CacheFigures> {
    const { id, name } = this
    const health = await this.cache.health()
    const snapshot = this.#analysis.snapshot()
    const { curve, advice } = snapshot
    return {
      id,
      name,
      health,
      stats: this.#stats(),
      families: snapshot.families.slice(0, MOST_FAMILIES).map(familyFigures),
      freshness: freshnessOf(snapshot, health),
      ...(this.#auditor !== undefined && { rightness: this.#auditor.report() }),
      ...(curve !== undefined && { curve }),
      advice,
    }
  }

  /** Returns the worth of the cache since the dashboard was made. */
  worth({ stats, families }: CacheFigures): Worth {
    const hits = stats.hits - this.#atStart.hits
    return {
      hits,
      misses: stats.misses - this.#atStart.misses,
      savedMs: families.reduce((sum, { savedMs }) => sum + savedMs.value, 0),
      savedLoads: hits,
    }
  }

  close(): void {
    this.#analysis.close()
    this.#endTimeline()
  }

  #stats(): CacheStats {
    const { runtime } = this.scope
    return runtime.stats(runtime.families.root)
  }
}

function familyFigures(snapshot: FamilySnapshot): FamilyFigures {
  const { family, reads, hits, loads, failures, coalesced, savedMs, sizes, ttlMs } = snapshot
  const { loadP50Ms, loadP99Ms } = snapshot
  const bytesP50 = quantile(sizes, 0.5)
  return {
    family,
    reads,
    l1Ratio: reads === 0 ? 0 : hits.l1 / reads,
    l2Ratio: reads === 0 ? 0 : hits.l2 / reads,
    loads,
    failures,
    coalesced,
    savedMs,
    ...(loadP50Ms !== undefined && { loadP50Ms }),
    ...(loadP99Ms !== undefined && { loadP99Ms }),
    ...(bytesP50 !== undefined && { bytesP50 }),
    ...(ttlMs !== undefined && { ttlMs }),
  }
}

function freshnessOf({ families }: AnalysisSnapshot, { syncAgeMs, policy }: Health): Freshness {
  const ages = mergeHistograms(families.map((family) => family.ages))
  const boundMs = policy?.name === 'strict' ? policy.maxLagMs : policy?.maxStaleMs
  return {
    ...(ages.count > 0 && {
      ageP50Ms: quantile(ages, 0.5)!,
      ageP99Ms: quantile(ages, 0.99)!,
      ageMaxMs: ages.max,
    }),
    ...(syncAgeMs !== undefined && { syncAgeMs }),
    ...(boundMs !== undefined && { boundMs }),
  }
}
