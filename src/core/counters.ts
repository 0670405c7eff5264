/** Why entries were evicted: the bound on their number, the bound on their weight, a value heavier than allowed. */
export interface Evictions {
  /** For room, in a cache bounded by `maxEntries` alone. */
  readonly entries: number
  /** For room, in a cache bounded by `maxWeight`. */
  readonly weight: number
  /** Not stored, because the value alone was heavier than allowed. */
  readonly oversize: number
}

/** How expired entries were noticed: by a reader who asked for them, or by the timer that frees memory. */
export interface Expirations {
  /** Noticed by a reader. */
  readonly read: number
  /** Noticed by the timer. */
  readonly timer: number
}

/** Invalidations that a shared server has not acknowledged yet. */
export interface OutboxStats {
  readonly keys: number
  readonly tags: number
  readonly prefixes: number
  /** Keys and tags for which there was no room, and which are found by a scan of the server. */
  readonly overflowed: number
  /** Duties that were given up since the cache was made: there was no room at all, or the server refuses them. */
  readonly dropped: number
}

/** What a store tells of itself. */
export interface StoreStats {
  /** Invalidations that wait to be sent again; absent without a shared server. */
  readonly outbox?: OutboxStats
  /** Entries held at the moment; `undefined` where counting them would cost more than it tells. */
  readonly entries: number | undefined
  /** Entries removed for room, by cause. */
  readonly evictions: Evictions
  /** Entries removed for age, by who noticed. */
  readonly expirations: Expirations
  /** Keys that held something else than an entry. */
  readonly unreadable?: number | undefined
}

/** Stale values that callers got, by why it was no fresh one. */
export interface StaleServed {
  /** `get` or `getMany` asked for stale ones, too. */
  readonly asked: number
  /** A refresh runs in the background; nobody waited for it. */
  readonly refreshing: number
  /** The loader took longer than `softTimeout` or `hardTimeout`. */
  readonly timeout: number
  /** The loader failed. */
  readonly error: number
  /** A loader failed not long ago: nobody asks again before `loadErrorTtl` has passed. */
  readonly cooldown: number
}

/** Figures of a cache and all of its namespaces since it was made or `resetStats()` was called. */
export interface CacheStats extends StoreStats {
  /** Reads that found a fresh entry. */
  readonly hits: number
  /** Reads that found no fresh one; a load that follows is not counted again, a caller who shares a load is. */
  readonly misses: number
  /** `hits / (hits + misses)`, `undefined` before the first read. A crowd on a cold key lowers it, though it costs one load. */
  readonly hitRatio: number | undefined
  /** Loader calls begun. */
  readonly loads: number
  /** Loader calls that threw or rejected. */
  readonly loadErrors: number
  /** Loader calls that took longer than `hardTimeout`. */
  readonly loadTimeouts: number
  /** Loads in the background: of what was stale, or soon would be. */
  readonly refreshes: number
  /** Stale values that callers got; each is a miss as well. */
  readonly staleServed: StaleServed
  /** Milliseconds spent in loaders that have ended. */
  readonly loadTimeMs: number
  /** Callers who shared the load of another. */
  readonly coalesced: number
  /** Loaded values not stored, because their key was written or invalidated during the load. */
  readonly refusedFills: number
  /** Values stored by `set`, `setMany` and loads. */
  readonly writes: number
  /**
   * Keys removed by `delete`, `deleteMany`, `take`, `invalidate`, `deleteByPrefix` and a physical `clear`; tags
   * invalidated by `invalidateTag` and the `clear` of a namespace count one each.
   */
  readonly invalidations: number
  /** Calls that the store failed to serve. */
  readonly errors: number
  /**
   * Reads of what can't be read: written by another serializer, encrypted with a key that this process lacks, damaged, or
   * of another type of Redis. Each is a miss, and the next load replaces it.
   */
  readonly unreadable: number
  /**
   * Values refused because no reader could get them back as they were, by class or kind; after the first 100 of these as
   * `'other'`.
   */
  readonly unstorable: Readonly<Record<string, number>>
}

/** The running counts behind {@link CacheStats}: plain fields, so that counting costs nothing. */
export class Counters {
  hits = 0
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
  loadTimeMs = 0
  coalesced = 0
  refusedFills = 0
  writes = 0
  invalidations = 0
  errors = 0
  unreadable = 0
  readonly unstorable: Map<string, number> = new Map()

  /** The present figures, less those at the last reset. */
  snapshot(store: StoreStats, atReset: StoreStats): CacheStats {
    const { unstorable, ...counts } = this
    const reads = this.hits + this.misses
    return {
      ...counts,
      staleServed: { ...this.staleServed },
      hitRatio: reads === 0 ? undefined : this.hits / reads,
      unstorable: Object.fromEntries(unstorable),
      unreadable: this.unreadable + (store.unreadable ?? 0) - (atReset.unreadable ?? 0),
      entries: store.entries,
      ...(store.outbox !== undefined && { outbox: store.outbox }),
      evictions: {
        entries: store.evictions.entries - atReset.evictions.entries,
        weight: store.evictions.weight - atReset.evictions.weight,
        oversize: store.evictions.oversize - atReset.evictions.oversize,
      },
      expirations: {
        read: store.expirations.read - atReset.expirations.read,
        timer: store.expirations.timer - atReset.expirations.timer,
      },
    }
  }

  /** Sets every count to zero. */
  reset(): void {
    Object.assign(this, new Counters())
  }
}
