import { BaseCache } from '../cache/base-cache.ts'
import { storeFrom } from '../cache/store-from.ts'
import { CACHE_OPTIONS, checkCacheOptions, checkOptions, type CacheOptions } from '../options/options.ts'

/** A cache that keeps nothing. Every read misses, and every load runs. Concurrent calls still share a load. */
export class NullCache<V = unknown> extends BaseCache<V> {
  /** @throws OptionsError, KeyError for wrong options. */
  constructor(options: CacheOptions = {}) {
    checkOptions(options, CACHE_OPTIONS, 'NullCache')
    checkCacheOptions(options)
    const nothing = { read: () => undefined, write: () => undefined, remove: () => false, keys: () => [] }
    super(storeFrom(nothing, { clock: options.clock }), options)
  }
}
