import type { BaseCache } from '../../cache/base-cache.ts'
import type { Runtime } from '../../cache/runtime.ts'
import { runtimeOf } from '../shared/check-cache.ts'
import { quiet } from '../shared/quiet.ts'
import { textKey } from '../shared/text-key.ts'
import { ttlOf } from '../shared/ttl.ts'
import { tagsOf, tagsToInvalidate, type Entity } from './entity-tags.ts'
import { RecentInvalidations } from './recent-invalidations.ts'

/**
 * The cache of the response cache of GraphQL Yoga and Envelop: `useResponseCache({ cache: new ResponseCache(cache) })`.
 * Each response has the tags of its entities, and a mutation invalidates those that it returned, in all processes. None of
 * its methods rejects, because the plugins wait for none of them but `get`.
 */
export class ResponseCache<Result extends object> {
  readonly #cache: BaseCache
  readonly #runtime: Runtime
  readonly #recent: RecentInvalidations

  /** @throws OptionsError for anything that is not a cache. */
  constructor(cache: BaseCache) {
    this.#runtime = runtimeOf(cache, 'ResponseCache: cache')
    this.#recent = new RecentInvalidations(this.#runtime.clock)
    this.#cache = cache
  }

  /** Returns a response; `undefined` is a miss. */
  async get(id: string): Promise<Result | undefined> {
    const key = textKey(id)
    // Noted before the read, because the response is made after it.
    const isEarliest = this.#recent.began(key)
    const result = (await this.#quiet(async () => this.#cache.get<Result>(key))) ?? undefined
    if (result !== undefined && isEarliest) this.#recent.ended(key)
    return result
  }

  /** Stores a response with the tags of its entities, for `ttl` milliseconds. */
  async set(id: string, result: Result, entities: Iterable<Entity>, ttl: number): Promise<void> {
    const key = textKey(id)
    const tags = tagsOf([...entities])
    if (this.#recent.isOutdated(key, tags) || ttl <= 0) return
    await this.#quiet(async () => this.#cache.set(key, result, { ...ttlOf(ttl, 'milliseconds'), tags }))
  }

  /** Removes the responses with the entities. */
  async invalidate(entities: Iterable<Entity>): Promise<void> {
    const tags = tagsToInvalidate([...entities])
    this.#recent.note(tags)
    await this.#quiet(async () => this.#cache.invalidateTag(tags))
  }

  async #quiet<T>(call: () => Promise<T>): Promise<T | undefined> {
    return quiet(this.#runtime, 'yoga', call)
  }
}
