import type { BaseCache } from '../../cache/base-cache.ts'
import { checkCache } from '../shared/check-cache.ts'
import { textKey } from '../shared/text-key.ts'
import { ttlOf } from '../shared/ttl.ts'

/** A storage of ocache, which Nitro 3 caches with. */
export interface OcacheStorage {
  /** Whether binary values come back as they are. */
  readonly binary: true
  /** Returns a value; `null` is a miss. */
  get<T = unknown>(key: string): Promise<T | null>
  /** Stores a value, for `ttl` seconds; `null` removes the key. */
  set<T = unknown>(key: string, value: T, options?: { ttl?: number }): Promise<void>
}

/**
 * Returns a storage for ocache: `defineCachedFunction(fn, { storage: ocacheStorage(cache) })`.
 * @throws OptionsError for anything that is not a cache.
 */
export function ocacheStorage(cache: BaseCache): OcacheStorage {
  checkCache(cache, 'ocacheStorage: cache')
  return {
    binary: true,
    async get<T>(key: string): Promise<T | null> {
      return (await cache.get<T>(textKey(key))) ?? null
    },
    async set<T>(key: string, value: T, options?: { ttl?: number }): Promise<void> {
      if (value === null || value === undefined) await cache.delete(textKey(key))
      else await cache.set(textKey(key), value, ttlOf(options?.ttl, 'seconds'))
    },
  }
}
