import type { ChangeData } from './figures/change-rate.ts'
import type { HistogramData } from './figures/histogram.ts'
import type { MeanData } from './figures/mean.ts'

/** An estimate and half the width of its interval of 95 %. */
export interface Estimate {
  /** The estimate. */
  readonly value: number
  /** Absent while too little was observed to tell. */
  readonly error?: number
}

/** The counts of a family, which can be added up. Reads are estimates where they were sampled. */
export interface FamilyCounts {
  /** The template of its keys, such as `user:{id}`, or the name of the wrapped function. */
  readonly family: string
  /** Reads that found a fresh entry in the memory of the process, and on the server. */
  readonly hits: { readonly l1: number; readonly l2: number }
  /** The variance of the number of hits, because they were sampled. */
  readonly hitVariance: number
  /** Reads that were answered with a stale value. */
  readonly stale: number
  /** Reads that found nothing. */
  readonly misses: number
  /** Callers that shared the load of another. */
  readonly coalesced: number
  /** Keys that were loaded, those in the background included. */
  readonly loads: number
  /** Keys that were loaded in the background. */
  readonly refreshes: number
  /** Loads that failed or took too long. */
  readonly failures: number
  /** The milliseconds that the load of a key took. */
  readonly loadMs: MeanData
  /** The milliseconds that calls of loaders took. */
  readonly loadTimes: HistogramData
  /** The estimated bytes of entries that were loaded or written, as `maxBytes` counts them. */
  readonly sizes: HistogramData
  /** The milliseconds since the write of values that were read, where that is known. */
  readonly ages: HistogramData
  /** Evidence of how often values change. */
  readonly changes: ChangeData
  /** The sampled entries whose life is over. */
  readonly lives: {
    readonly ended: number
    /** Those whose key nobody has read until now. */
    readonly unread: number
    /** Those that were invalidated before anybody has read them. */
    readonly invalidatedUnread: number
  }
  /** The ttl of its latest entry in milliseconds; absent for entries that live for ever, or if there is none yet. */
  readonly ttlMs?: number
}

/** The figures of a family. */
export interface FamilySnapshot extends FamilyCounts {
  /** Reads of any outcome. */
  readonly reads: number
  /** The share of reads that found a fresh entry. Absent before the first read. */
  readonly hitRatio?: number
  /** The time that loaders would have taken for the hits: hits times the mean time of a load. */
  readonly savedMs: Estimate
  /** The loads that the hits have saved. */
  readonly savedLoads: Estimate
  /** The median time of a call of the loader. */
  readonly loadP50Ms?: number
  /** The time that one of a hundred calls of the loader exceeds. */
  readonly loadP99Ms?: number
  /** The share of repeated loads that returned the value of the load before. */
  readonly unchangedShare?: number
  /** The share of entries whose key nobody has read after they were stored, until now. */
  readonly unreadShare?: number
  /** The share of entries that were invalidated before anybody has read them. */
  readonly invalidatedUnreadShare?: number
}

/** The keys with the largest part of a total. */
export interface HotKeys {
  /** The total over all keys, of the last minutes. Older amounts weigh less. */
  readonly total: number
  /** The largest amount that a key may have without being listed. */
  readonly hidden: number
  /** The keys, largest first. */
  readonly keys: readonly {
    /** The key, with the names of namespaces, without the prefix of the cache. */
    readonly key: string
    readonly amount: number
    /** The share of the total. */
    readonly share: number
    /** The share may be too high by that much, and by what sampling adds. */
    readonly error: number
  }[]
}

/** The hit ratio of the memory of the process at other sizes. */
export interface CurveSnapshot {
  /** The number of entries that it has room for now. */
  readonly entries: number
  /** The number of reads that the curve rests on. Older ones weigh less. */
  readonly accesses: number
  /** The points in ascending order of sizes. */
  readonly points: readonly {
    readonly entries: number
    readonly hitRatio: number
    /** Half the width of the interval of its estimate: that of the method, or that of the number of misses. */
    readonly error: number
  }[]
}

/** A proposal, as a plain sentence and with the numbers behind it. */
export interface Advice {
  /** The subject: another size, another ttl, or entries that serve nobody. */
  readonly kind: 'size' | 'ttl' | 'unread'
  /** The family that it concerns. Absent for the cache as a whole. */
  readonly family?: string
  /** The proposal. */
  readonly sentence: string
  /** The numbers behind the sentence, by name. */
  readonly numbers: Readonly<Record<string, number>>
}

/** The figures of an analysis as plain JSON. */
export interface AnalysisSnapshot {
  /** The `name` of the cache. */
  readonly cache: string
  /** The milliseconds since the Unix epoch at which the analysis began. */
  readonly startedAt: number
  /** The milliseconds for which it has run. */
  readonly forMs: number
  /** Whether a miss asks a server, which may have the entry. */
  readonly isShared: boolean
  /** The share of answers that may be out of date, by which ttls are proposed. */
  readonly staleShare: number
  /** The families, by the time that they have saved. */
  readonly families: readonly FamilySnapshot[]
  /** The milliseconds that calls of the server took, by command or script. */
  readonly operations: Readonly<Record<string, HistogramData>>
  /** The hottest keys: by hits, by estimated bytes of hits, and by the milliseconds that their loads took. */
  readonly hot: { readonly hits: HotKeys; readonly bytes: HotKeys; readonly loadMs: HotKeys }
  /** The curve. Absent if the cache has no bounded memory in the process, or before the first read. */
  readonly curve?: CurveSnapshot
  /** The proposals, that of the size first. Nothing is proposed without enough evidence. */
  readonly advice: readonly Advice[]
}
