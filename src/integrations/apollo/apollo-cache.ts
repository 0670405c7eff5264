import type { BaseCache } from '../../cache/base-cache.ts'
import { checkCache } from '../shared/check-cache.ts'
import { textKey } from '../shared/text-key.ts'
import { ttlOf } from '../shared/ttl.ts'

/**
 * The `KeyValueCache` of Apollo Server and its data sources: `new ApolloServer({ cache: new ApolloCache(cache) })`.
 */
export class ApolloCache<V = string> {
  readonly #cache: BaseCache

  /** @throws OptionsError for anything that is not a cache. */
  constructor(cache: BaseCache) {
    checkCache(cache, 'ApolloCache: cache')
    this.#cache = cache
  }

  /** Returns a value; `undefined` is a miss. */
  async get(key: string): Promise<V | undefined> {
    return (await this.#cache.get<V>(textKey(key))) ?? undefined
  }

  /** Stores a value, for `ttl` seconds; without `ttl` for as long as the cache's own default says. */
  async set(key: string, value: V, options?: { ttl?: number | null }): Promise<void> {
    await this.#cache.set(textKey(key), value, ttlOf(options?.ttl, 'seconds'))
  }

  /** Removes a key. `true` = it existed. */
  async delete(key: string): Promise<boolean> {
    return this.#cache.delete(textKey(key))
  }
}
