import { hostname } from 'node:os'
import { Analysis } from '../analysis/analyse.ts'
import { mergeHistograms, quantile } from '../analysis/figures/histogram.ts'
import { mergeSnapshots } from '../analysis/merge.ts'
import type { AnalysisSnapshot, FamilySnapshot } from '../analysis/snapshot.ts'
import { auditedBy } from '../audit/audited.ts'
import type { Auditor } from '../audit/report.ts'
import { scopeOf, type BaseCache } from '../cache/base-cache.ts'
import type { Runtime } from '../cache/runtime.ts'
import type { Scope } from '../cache/scope.ts'
import type { CacheStats } from '../core/counters.ts'
import type { Health } from '../core/health.ts'
import type { CacheFigures, FamilyFigures, Freshness, ProcessFigures } from './figures.ts'
import { Fleet } from './fleet.ts'
import type { Summary } from './summary.ts'
import type { Timeline } from './timeline.ts'

/** The name of this process. */
const PROCESS = `${hostname()}:${process.pid}`
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
  readonly #fleet: Fleet

  constructor(id: string, cache: BaseCache, timeline: Timeline, auditors: readonly Auditor[]) {
    this.id = id
    this.cache = cache
    this.scope = scopeOf(cache)!
    const { runtime } = this.scope
    this.name = runtime.name
    this.#analysis = new Analysis(runtime, STALE_SHARE)
    this.#atStart = this.#stats()
    this.#auditor = auditors.find((auditor) => isOf(auditor, runtime))
    this.#endTimeline = timeline.follow(runtime)
    this.#fleet = new Fleet(runtime, async () => this.#summary())
  }

  /** Returns the figures of now. */
  async figures(): Promise<CacheFigures> {
    const { id, name } = this
    const others = await this.#fleet.others()
    const health = await this.cache.health()
    const own = this.#analysis.snapshot()
    const snapshot = merged(own, others)
    const { curve, advice } = snapshot
    const counts = this.#counts()
    const { syncAgeMs, status } = health
    const here = { ...counts, status, process: PROCESS, ...(syncAgeMs !== undefined && { syncAgeMs }) }
    return {
      id,
      name,
      health,
      stats: this.#stats(),
      processes: [processFigures(here, true), ...others.map((other) => processFigures(other, false))],
      families: snapshot.families.slice(0, MOST_FAMILIES).map(familyFigures),
      freshness: freshnessOf(snapshot, health),
      ...(this.#auditor !== undefined && { rightness: this.#auditor.report() }),
      ...(curve !== undefined && { curve }),
      advice,
    }
  }

  /** Returns the worth of the cache in all processes since their dashboards were made. */
  worth({ processes, families }: CacheFigures): Worth {
    const sum = (name: 'hits' | 'misses'): number => processes.reduce((total, one) => total + one[name], 0)
    const hits = sum('hits')
    return {
      hits,
      misses: sum('misses'),
      savedMs: families.reduce((total, { savedMs }) => total + savedMs.value, 0),
      savedLoads: hits,
    }
  }

  close(): void {
    this.#fleet.close()
    this.#analysis.close()
    this.#endTimeline()
  }

  async #summary(): Promise<Omit<Summary, 'form' | 'id'>> {
    const { status, syncAgeMs } = await this.cache.health()
    return {
      process: PROCESS,
      cache: this.name,
      status,
      ...this.#counts(),
      ...(syncAgeMs !== undefined && { syncAgeMs }),
      snapshot: this.#analysis.snapshot(),
    }
  }

  #counts(): Pick<Summary, 'hits' | 'misses' | 'loads'> {
    const [now, before] = [this.#stats(), this.#atStart]
    const [hits, misses] = [now.hits - before.hits, now.misses - before.misses]
    return { hits, misses, loads: now.loads - before.loads }
  }

  #stats(): CacheStats {
    const { runtime } = this.scope
    return runtime.stats(runtime.families.root)
  }
}

// Several caches may have one name.
function isOf(auditor: Auditor, runtime: Runtime): boolean {
  const audited = auditedBy(auditor)
  return audited === undefined ? auditor.report().cache === runtime.name : audited === runtime
}

// A process of another release may have figures of another form.
function merged(own: AnalysisSnapshot, others: readonly Summary[]): AnalysisSnapshot {
  if (others.length === 0) return own
  try {
    return mergeSnapshots([own, ...others.map(({ snapshot }) => snapshot)])
  } catch {
    return own
  }
}

function processFigures(
  { process, status, hits, misses, loads, syncAgeMs }: Omit<Summary, 'form' | 'id' | 'cache' | 'snapshot'>,
  isThis: boolean,
): ProcessFigures {
  return { process, isThis, status, hits, misses, loads, ...(syncAgeMs !== undefined && { syncAgeMs }) }
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
