import type { Advice, CurveSnapshot, Estimate } from '../analysis/snapshot.ts'
import type { AuditReport } from '../audit/report.ts'
import type { CacheStats } from '../core/counters.ts'
import type { Health } from '../core/health.ts'

/** The figures of a family: what it is worth. */
export interface FamilyFigures {
  /** The template of its keys, or the name of the wrapped function. */
  readonly family: string
  /** Reads of any outcome. They are estimates where they were sampled, and so is all that follows. */
  readonly reads: number
  /** The share of reads that found a fresh entry in the memory of the process. */
  readonly l1Ratio: number
  /** The share of reads that found a fresh entry on the server. */
  readonly l2Ratio: number
  /** The keys that were loaded, those in the background included. */
  readonly loads: number
  /** Loads that failed or took too long. */
  readonly failures: number
  /** The callers that shared the load of another. */
  readonly coalesced: number
  /** The median time of a load. */
  readonly loadP50Ms?: number
  /** The time that one of a hundred loads exceeds. */
  readonly loadP99Ms?: number
  /** The milliseconds of loading that its hits have saved. */
  readonly savedMs: Estimate
  /** The median of the estimated sizes of its entries in bytes. */
  readonly bytesP50?: number
  /** The ttl of its latest entry in milliseconds. */
  readonly ttlMs?: number
}

/** The ages of answers. */
export interface Freshness {
  /** The median of the time since the write of a value that was read, where that is known: for entries with a ttl. */
  readonly ageP50Ms?: number
  /** The age that one of a hundred answers exceeds. */
  readonly ageP99Ms?: number
  /** The greatest age. */
  readonly ageMaxMs?: number
  /** The milliseconds since this process last knew all changes by others; absent if it keeps nothing of others. */
  readonly syncAgeMs?: number
  /** The milliseconds up to which it serves from its memory. */
  readonly boundMs?: number
}

/** A process that uses the cache and has a dashboard of its own. */
export interface ProcessFigures {
  /** The name of its host and its number. */
  readonly process: string
  /** Whether it is the process that answers. */
  readonly isThis: boolean
  /** The word of its `cache.health()`. */
  readonly status: Health['status']
  /** The reads that found a value, since its dashboard was made. */
  readonly hits: number
  /** The reads that found nothing. */
  readonly misses: number
  /** The keys that it has loaded. */
  readonly loads: number
  /** The milliseconds since it last knew all changes by others; absent if it keeps nothing of others. */
  readonly syncAgeMs?: number
}

/** The figures of a cache. Families, ages, curve and advice are those of all its processes together. */
export interface CacheFigures {
  /** Its number among the caches of the dashboard. */
  readonly id: string
  /** The `name` of the cache. */
  readonly name: string
  /** The answer of `cache.health()`. */
  readonly health: Health
  /** The answer of `cache.stats()`. */
  readonly stats: CacheStats
  /** The processes, this one first. */
  readonly processes: readonly ProcessFigures[]
  /** The families, by the time that they have saved; at most 100. */
  readonly families: readonly FamilyFigures[]
  /** The ages of its answers. */
  readonly freshness: Freshness
  /** The report of the auditor; absent without one. */
  readonly rightness?: AuditReport
  /** The hit ratio of the memory of the process at other sizes; absent without a bounded one, and before the first read. */
  readonly curve?: CurveSnapshot
  /** Proposals for the size and for ttls. */
  readonly advice: readonly Advice[]
}

/** An event of a cache, or several equal ones within a second. */
export interface TimelineEvent {
  /** Its number. */
  readonly id: number
  /** The number of its last change. */
  readonly change: number
  /** The milliseconds since the Unix epoch at which it began. */
  readonly at: number
  /** The `name` of the cache. */
  readonly cache: string
  /** `stampede`: callers shared a load instead of loading. */
  readonly kind: 'invalidation' | 'connection' | 'failure' | 'stampede'
  /** The event in words. */
  readonly text: string
  /** The number of times that it happened. */
  readonly count: number
}

/** The figures of all caches of a dashboard, as JSON. */
export interface DashboardFigures {
  /** The milliseconds since the Unix epoch at which they were taken. */
  readonly at: number
  /** The milliseconds since the Unix epoch at which the dashboard began to look. */
  readonly since: number
  /** The worth of the caches in one or two sentences. */
  readonly sentence: string
  /** Whether the page can neither delete nor invalidate. */
  readonly readOnly: boolean
  /** The figures by cache, in the order of the list that was given. */
  readonly caches: readonly CacheFigures[]
  /** The last events, the oldest first; of a live frame those that are new or have changed. */
  readonly timeline: readonly TimelineEvent[]
}
