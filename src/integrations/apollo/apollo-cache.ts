import type { BaseCache } from '../../cache/base-cache.ts'
import type { Runtime } from '../../cache/runtime.ts'
import { checkTags } from '../../keys/tags.ts'
import { runtimeOf } from '../shared/check-cache.ts'
import { quiet } from '../shared/quiet.ts'
import { textKey } from '../shared/text-key.ts'
import { ttlOf } from '../shared/ttl.ts'

/** Options of a value that is set. */
export interface ApolloSetOptions {
  /** The ttl in seconds; `null`, 0 or none = the cache's own default. */
  readonly ttl?: number | null | undefined
  /** The tags of the entry, for `cache.invalidateTag`. A `RESTDataSource` passes those of its `cacheOptions`. */
  readonly tags?: readonly string[] | undefined
}

/**
 * The `KeyValueCache` of Apollo Server and its data sources: `new ApolloServer({ cache: new ApolloCache(cache) })`. None of
 * its methods rejects because of the cache.
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

  /**
   * Stores a value with its ttl and tags.
   * @throws OptionsError, KeyError for wrong tags. A `RESTDataSource` logs it, and answers its caller.
   */
  async set(key: string, value: V, options?: ApolloSetOptions): Promise<void> {
    const tags = options?.tags === undefined ? undefined : checkTags(options.tags, 'ApolloCache: set')
    const ttl = ttlOf(options?.ttl, 'seconds')
    await this.#quiet(async () => this.#cache.set(textKey(key), value, { ...ttl, tags }))
  }

  /** Removes a key. `true` = it existed. */
  async delete(key: string): Promise<boolean> {
    return (await this.#quiet(async () => this.#cache.delete(textKey(key)))) ?? false
  }

  async #quiet<T>(call: () => Promise<T>): Promise<T | undefined> {
    return quiet(this.#runtime, 'apollo', call)
  }
}
