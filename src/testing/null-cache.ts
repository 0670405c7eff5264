import { BaseCache } from '../cache/base-cache.ts'
import { storeFrom } from '../cache/store-from.ts'
import type { CacheOptions } from '../core/options.ts'

/** A cache that keeps nothing: every read misses, every load runs (concurrent ones still share it). */
export class NullCache<V = unknown> extends BaseCache<V> {
  constructor(options: CacheOptions = {}) {
    const nothing = { read: () => undefined, write: () => undefined, remove: () => false, keys: () => [] }
    super(storeFrom(nothing, { clock: options.clock }), options)
  }
}
