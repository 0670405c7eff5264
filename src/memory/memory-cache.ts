import { BaseCache } from '../cache/base-cache.ts'
import {
  CACHE_OPTIONS,
  checkCacheOptions,
  checkOptions,
  timersFor,
  type CacheOptions,
} from '../core/options.ts'
import type { Stored } from '../core/store.ts'
import { systemClock } from '../core/system.ts'
import { ISOLATION_OPTIONS, valueKeeper, type IsolationOptions } from '../serialization/isolation.ts'
import { BoundedMap } from './bounded-map.ts'
import { MemoryStore } from './memory-store.ts'

/** Options of a {@link MemoryCache}, all of them optional. */
export interface MemoryCacheOptions extends CacheOptions, IsolationOptions {
  /** The most entries it holds; default 10,000. */
  readonly maxEntries?: number
}

/** The names of {@link MemoryCacheOptions}. */
export const MEMORY_CACHE_OPTIONS: readonly string[] = [...CACHE_OPTIONS, ...ISOLATION_OPTIONS, 'maxEntries']

/**
 * A cache in the memory of the process: bounded, expiring by itself, nothing to install. Every read-modify-write
 * (`increment`, `take`, `expire`, `getOrSet`) is atomic under any interleaving of async callers.
 */
export class MemoryCache<V = unknown> extends BaseCache<V> {
  /** @throws OptionsError, KeyError for wrong options. */
  constructor(options: MemoryCacheOptions = {}) {
    checkOptions(options, MEMORY_CACHE_OPTIONS, 'MemoryCache')
    checkCacheOptions(options)
    const { maxEntries = 10_000, clock = systemClock } = options
    const map = new BoundedMap<string, Stored>({ maxEntries, clock, timers: timersFor(options) })
    super(new MemoryStore(map, valueKeeper(options)), options)
  }
}
