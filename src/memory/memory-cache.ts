import { BaseCache } from '../cache/base-cache.ts'
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
import { unwrapped } from './memory-entry.ts'
import { MemoryStore } from './memory-store.ts'

/** Options of a {@link MemoryCache}, all of them optional. */
export interface MemoryCacheOptions extends CacheOptions, IsolationOptions, MemoryBounds {
  /** The maximum number of states of rate limits, apart from entries and locks; default 100,000. */
  readonly maxStates?: number | undefined
}

/** The names of {@link MemoryCacheOptions}. */
export const MEMORY_CACHE_OPTIONS: readonly string[] = [
  ...CACHE_OPTIONS,
  ...ISOLATION_OPTIONS,
  ...MEMORY_BOUNDS,
  'maxStates',
]

/**
 * A cache in the memory of the process: bounded, expiring by itself, nothing to install. Every read-modify-write
 * (`increment`, `take`, `expire`, `getOrSet`) is atomic under any interleaving of async callers.
 */
export class MemoryCache<V = unknown> extends BaseCache<V> {
  /** @throws OptionsError, KeyError for wrong options. */
  constructor(options: MemoryCacheOptions = {}) {
    checkOptions(options, MEMORY_CACHE_OPTIONS, 'MemoryCache')
    checkCacheOptions(options)
    const values = valueKeeper(options)
    const map = entryMap<Stored>(options, options, { storedOf: unwrapped, view: values.view })
    const parts = { clock: options.clock, atomic: states(options), bounds: { ...options } }
    super(new MemoryStore(map, values, parts), options)
  }
}

// States of limits and locks are apart from the map, so that no cached entry evicts them.
function states(options: MemoryCacheOptions): LocalAtomicStore {
  const { clock = systemClock, random = systemRandom, logger, maxStates } = options
  if (maxStates !== undefined) wholeNumber(maxStates, 'maxStates')
  return new LocalAtomicStore({ clock, timers: timersFor(options), random, logger, maxStates })
}
