import { BaseCache, scopeOf } from '../cache/base-cache.ts'
import {
  CACHE_OPTIONS,
  checkCacheOptions,
  checkOptions,
  timersFor,
  type CacheOptions,
} from '../options/options.ts'
import { LocalAtomicStore } from '../in-process/local-atomic-store.ts'
import { wholeNumber } from '../options/spans.ts'
import type { Stored } from '../core/store.ts'
import { systemClock, systemRandom } from '../core/time/system.ts'
import { ISOLATION_OPTIONS, valueKeeper, type IsolationOptions } from '../serialization/isolation.ts'
import { entryMap, MEMORY_BOUNDS, type MemoryBounds } from './entry-map.ts'
import type { MemoryTierOptions } from './local-memory.ts'
import { unwrapped } from './memory-entry.ts'
import { MemoryStore } from './memory-store.ts'

/** Options of a {@link MemoryCache}, all of them optional. */
export interface MemoryCacheOptions extends CacheOptions, IsolationOptions, MemoryBounds {
  /** The maximum number of states of rate limits, apart from entries and locks; default 100,000. */
  readonly maxStates?: number
}

/** The names of {@link MemoryCacheOptions}. */
export const MEMORY_CACHE_OPTIONS: readonly string[] = [
  ...CACHE_OPTIONS,
  ...ISOLATION_OPTIONS,
  ...MEMORY_BOUNDS,
  'maxStates',
]

/** Returns the bounds of a memory cache and its default ttl; `undefined` for anything that this copy of the package has not made. */
export let boundsOf: (cache: unknown) => MemoryTierOptions | undefined

/**
 * A cache in the memory of the process: bounded, expiring by itself, nothing to install. Every read-modify-write
 * (`increment`, `take`, `expire`, `getOrSet`) is atomic under any interleaving of async callers.
 */
export class MemoryCache<V = unknown> extends BaseCache<V> {
  static {
    boundsOf = (cache) =>
      typeof cache === 'object' && cache !== null && #bounds in cache ? cache.#bounds : undefined
  }

  readonly #bounds: MemoryTierOptions

  /** @throws OptionsError, KeyError for wrong options. */
  constructor(options: MemoryCacheOptions = {}) {
    checkOptions(options, MEMORY_CACHE_OPTIONS, 'MemoryCache')
    checkCacheOptions(options)
    const values = valueKeeper(options)
    // An injected source of jitter gives the same jitter as ever, and no seed of a hash.
    const { random: _, ...rest } = options
    const map = entryMap<Stored>(options, rest, (kept) => values.view(unwrapped(kept)))
    super(new MemoryStore(map, values, { clock: options.clock, atomic: states(options) }), options)
    const { maxEntries, maxWeight, maxEntryWeight, weigher } = options
    const { ttlMs } = scopeOf(this)!
    const ttl = ttlMs === Infinity ? ttlMs : { milliseconds: ttlMs }
    this.#bounds = { maxEntries, maxWeight, maxEntryWeight, weigher, ttl }
  }
}

// States of limits and locks are apart from the map, so that no cached entry evicts them.
function states(options: MemoryCacheOptions): LocalAtomicStore {
  const { clock = systemClock, random = systemRandom, logger, maxStates } = options
  if (maxStates !== undefined) wholeNumber(maxStates, 'maxStates')
  return new LocalAtomicStore({ clock, timers: timersFor(options), random, logger, maxStates })
}
