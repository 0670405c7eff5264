import type { LimiterStats, LockStats } from './observing/atomic-figures.ts'

/** Evicted entries by reason: the bound on their number, the bound on their weight, a value heavier than allowed. */
export interface Evictions {
  /** Entries removed for room in a cache bounded by `maxEntries` alone. */
  readonly entries: number
  /** Entries removed for room in a cache bounded by `maxWeight`. */
  readonly weight: number
  /** Values not stored because they were heavier than allowed. */
  readonly oversize: number
}

/** Expired entries by the finder: a reader, or the timer that frees memory. */
export interface Expirations {
  /** Entries found expired by a reader. */
  readonly read: number
  /** Entries found expired by the timer. */
  readonly timer: number
}

/** Invalidations that a shared server has not acknowledged yet. */
export interface OutboxStats {
  readonly keys: number
  readonly tags: number
  readonly prefixes: number
  /** Keys and tags that had no room in the queue. A scan of the server finds them. */
  readonly overflowed: number
  /** Invalidations given up since the cache was made, because there was no room at all or the server refuses them. */
  readonly dropped: number
}

/** The figures of a store. */
export interface StoreStats {
  /** Whether a server is not asked for now, because it does not answer. Absent without a server. */
  readonly breaker?: 'closed' | 'open' | undefined
  /**
   * The milliseconds since this process last knew all changes by others of what it keeps. Absent if it keeps nothing.
   */
  readonly syncAgeMs?: number | undefined
  /** Invalidations that wait to be sent again. Absent without a shared server. */
  readonly outbox?: OutboxStats
  /** The number of entries held now; `undefined` if counting them would cost too much. */
  readonly entries: number | undefined
  /** Entries removed for room, by cause. */
  readonly evictions: Evictions
  /** Entries removed for age, by finder. */
  readonly expirations: Expirations
  /** Keys that held something other than an entry. */
  readonly unreadable?: number | undefined
}

/** Stale values that callers got, by the reason why there was no fresh one. */
export interface StaleServed {
  /** `get` or `getMany` accepted stale values. */
  readonly asked: number
  /** A refresh ran in the background, and the caller did not wait for it. */
  readonly refreshing: number
  /** The loader took longer than `softTimeout` or `hardTimeout`. */
  readonly timeout: number
  /** The loader failed. */
  readonly error: number
  /** A loader failed recently, and no load begins before `loadErrorTtl` has passed. */
  readonly cooldown: number
}

/** The values that one tier has served. */
export interface TierStats {
  /** Fresh values. */
  readonly hits: number
  /** Stale values. */
  readonly stale: number
}

/** Figures of a namespace or a wrapped function since the cache was made. */
export interface FamilyStats {
  /** Reads that found a fresh entry. */
  readonly hits: number
  /**
   * Reads that found no fresh entry. A load that follows is not counted again. A caller that shares a load is counted.
   */
  readonly misses: number
  /**
   * `hits / (hits + misses)`, `undefined` before the first read. Concurrent misses of one key lower it, although they
   * cost one load.
   */
  readonly hitRatio: number | undefined
  /** The hits and stale values by the tier that served them: `l1` is the memory of this process, `l2` the server. */
  readonly tiers: { readonly l1: TierStats; readonly l2: TierStats }
  /** Loader calls begun. */
  readonly loads: number
  /** Loader calls that threw or rejected. */
  readonly loadErrors: number
  /** Loader calls that took longer than `hardTimeout`. */
  readonly loadTimeouts: number
  /** Loads in the background, of entries that were stale or soon would be. */
  readonly refreshes: number
  /** Stale values that callers got. Each is also a miss. */
  readonly staleServed: StaleServed
  /** Milliseconds spent in loaders that have ended. */
  readonly loadTimeMs: number
  /** Callers that shared the load of another caller. */
  readonly coalesced: number
  /** Loaded values not stored because their key was written or invalidated during the load. */
  readonly refusedFills: number
  /** Values stored by `set`, `setMany` and loads. */
  readonly writes: number
  /**
   * Keys removed by `delete`, `deleteMany`, `take`, `invalidate`, `deleteByPrefix` and a physical `clear`. A tag
   * invalidated by `invalidateTag` counts one, and so does the `clear` of a namespace.
   */
  readonly invalidations: number
  /** Calls that the store failed to serve. */
  readonly errors: number
  /**
   * Reads of unreadable entries: written by another serializer, encrypted with a key that this process lacks, damaged,
   * or of another Redis type. Each is a miss, and the next load replaces the entry.
   */
  readonly unreadable: number
  /**
   * Values refused because no reader could get them back unchanged, by class or kind. After the first 100 kinds the
   * others count as `'other'`.
   */
  readonly unstorable: Readonly<Record<string, number>>
}

/**
 * Figures of a cache since it was made. In a namespace they are those of the namespace and of all below it. Then
 * `entries` is not known, and all else that belongs to the store is that of the whole cache.
 */
export interface CacheStats extends FamilyStats, StoreStats {
  readonly unreadable: number
  /**
   * The figures by namespace and wrapped function, `''` is the root; each without those below it. At most 256. Only for
   * `stats({ families: true })`.
   */
  readonly families?: Readonly<Record<string, FamilyStats>> | undefined
  /** The decisions of rate limiters by their names. */
  readonly limiters: Readonly<Record<string, Readonly<LimiterStats>>>
  /** All locks. */
  readonly locks: Readonly<LockStats>
  /** All semaphores. */
  readonly semaphores: Readonly<LockStats>
}

const COUNTS = [
  'hits',
  'misses',
  'loads',
  'loadErrors',
  'loadTimeouts',
  'refreshes',
  'loadTimeMs',
  'coalesced',
  'refusedFills',
  'writes',
  'invalidations',
  'errors',
  'unreadable',
] as const
const CAUSES = ['asked', 'refreshing', 'timeout', 'error', 'cooldown'] as const

/** The running counts behind {@link CacheStats}. They are plain fields, because counting must cost nothing. */
export class Counters {
  hits = 0
  /** Those among the hits that the shared server served. */
  l2Hits = 0
  misses = 0
  loads = 0
  loadErrors = 0
  loadTimeouts = 0
  refreshes = 0
  readonly staleServed: Record<keyof StaleServed, number> = {
    asked: 0,
    refreshing: 0,
    timeout: 0,
    error: 0,
    cooldown: 0,
  }
  /** Those among the stale values that the shared server served. */
  l2Stale = 0
  loadTimeMs = 0
  coalesced = 0
  refusedFills = 0
  writes = 0
  invalidations = 0
  errors = 0
  unreadable = 0
  readonly unstorable: Map<string, number> = new Map()

  /** Returns the present figures. */
  snapshot(): FamilyStats {
    const { hits, l2Hits, l2Stale, unstorable } = this
    const figures: Record<string, unknown> = { hitRatio: hitRatioOf(this) }
    // Faster than a copy of all properties, and there may be many families.
    for (const name of COUNTS) figures[name] = this[name]
    let stale = 0
    const staleServed: Record<string, number> = {}
    for (const cause of CAUSES) stale += staleServed[cause] = this.staleServed[cause]
    figures['tiers'] = {
      l1: { hits: hits - l2Hits, stale: stale - l2Stale },
      l2: { hits: l2Hits, stale: l2Stale },
    }
    figures['staleServed'] = staleServed
    figures['unstorable'] = unstorable.size === 0 ? {} : Object.fromEntries(unstorable)
    return figures as unknown as FamilyStats
  }

  /** Adds the counts of another. */
  add(other: Counters): void {
    for (const name of COUNTS) this[name] += other[name]
    this.l2Hits += other.l2Hits
    this.l2Stale += other.l2Stale
    for (const cause of CAUSES) this.staleServed[cause] += other.staleServed[cause]
    for (const [kind, count] of other.unstorable)
      this.unstorable.set(kind, (this.unstorable.get(kind) ?? 0) + count)
  }
}

function hitRatioOf({ hits, misses }: Pick<FamilyStats, 'hits' | 'misses'>): number | undefined {
  return hits + misses === 0 ? undefined : hits / (hits + misses)
}

/** Returns the sum of several counts. */
export function sumOf(all: readonly Counters[]): Counters {
  const sum = new Counters()
  for (const each of all) sum.add(each)
  return sum
}

/** Returns the figures of the interval between two answers. Figures of the present are those of the later one. */
export function difference(later: CacheStats, earlier: CacheStats): CacheStats {
  const { entries, syncAgeMs, outbox } = later
  const result = less(later, earlier)
  const dropped = result.outbox?.dropped ?? 0
  return { ...result, entries, syncAgeMs, ...(outbox && { outbox: { ...outbox, dropped } }) }
}

function less<T extends object>(later: T, earlier: object): T {
  const result: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(later)) {
    const before: unknown = Reflect.get(earlier, name)
    if (typeof value === 'number') result[name] = value - (typeof before === 'number' ? before : 0)
    else result[name] = value instanceof Object ? less(value as object, Object(before) as object) : value
  }
  if ('hitRatio' in result) result['hitRatio'] = hitRatioOf(result as unknown as FamilyStats)
  return result as T
}
