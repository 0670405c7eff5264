import type { BaseCache } from '../../cache/base-cache.ts'
import type { Runtime } from '../../cache/runtime.ts'
import { runtimeOf } from '../shared/check-cache.ts'
import { quiet } from '../shared/quiet.ts'
import { textKey } from '../shared/text-key.ts'
import { ttlOf } from '../shared/ttl.ts'

/**
 * The `KeyValueCache` of Apollo Server and its data sources: `new ApolloServer({ cache: new ApolloCache(cache) })`. None of
 * its methods rejects.
 */
export class ApolloCache<V = string> {
  readonly #cache: BaseCache
  readonly #runtime: Runtime

  /** @throws OptionsError for anything that is not a cache. */
  constructor(cache: BaseCache) {
    this.#runtime = runtimeOf(cache, 'ApolloCache: cache')
    this.#cache = cache
  }

  /** Returns a value; `undefined` is a miss. */
  async get(key: string): Promise<V | undefined> {
    return (await this.#quiet(async () => this.#cache.get<V>(textKey(key)))) ?? undefined
  }

  /** Stores a value, for `ttl` seconds; without `ttl` for as long as the cache's own default says. */
  async set(key: string, value: V, options?: { ttl?: number | null }): Promise<void> {
    await this.#quiet(async () => this.#cache.set(textKey(key), value, ttlOf(options?.ttl, 'seconds')))
  }

  /** Removes a key. `true` = it existed. */
  async delete(key: string): Promise<boolean> {
    return (await this.#quiet(async () => this.#cache.delete(textKey(key)))) ?? false
  }

  async #quiet<T>(call: () => Promise<T>): Promise<T | undefined> {
    return quiet(this.#runtime, 'apollo', call)
  }
}
