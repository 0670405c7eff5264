import type { BaseCache } from '../../cache/base-cache.ts'
import { checkCache } from '../shared/check-cache.ts'
import { textKey } from '../shared/text-key.ts'
import { Spaces, store, valuesOf, type Opaque } from './spaces.ts'

// The beginning of a key in a namespace for a key that came without it. No other key begins so.
const BARE = '%:'

/**
 * The store for Keyv 5: `new Keyv({ store: new KeyvStore(cache) })`. A namespace of Keyv is a namespace of the cache,
 * and `clear()` clears only that. Give each Keyv a store of its own, because Keyv tells the store its namespace.
 */
export class KeyvStore {
  /** The options that Keyv reads. With any other `dialect` it finds no `iterator`, and throws. */
  readonly opts: Record<string, unknown> = { dialect: 'redis', url: '' }
  /** The namespace, which Keyv sets. */
  namespace: string | undefined = undefined
  readonly #spaces: Spaces

  /** @throws OptionsError for anything that is not a cache. */
  constructor(cache: BaseCache) {
    checkCache(cache, 'KeyvStore: cache')
    this.#spaces = new Spaces(cache as BaseCache<Opaque>)
  }

  /** Returns the stored value. `undefined` is a miss. */
  async get<T>(key: string): Promise<T | undefined> {
    return ((await this.#space.get(this.#inner(key))) ?? undefined) as T | undefined
  }

  /** Returns the stored values in the order of the keys; one round trip. */
  async getMany<T>(keys: string[]): Promise<(T | undefined)[]> {
    return valuesOf(
      this.#space,
      keys.map((key) => this.#inner(key)),
    )
  }

  /** Stores a value, for `ttl` milliseconds. `false` = it is not stored. */
  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    return store(this.#space, this.#inner(key), value, spanOf(ttl))
  }

  /** Removes a key. `true` = it existed. */
  async delete(key: string): Promise<boolean> {
    return this.#space.delete(this.#inner(key))
  }

  /** Removes keys; one round trip. `true` = all of them existed. */
  async deleteMany(keys: string[]): Promise<boolean> {
    const inner = new Set(keys.map((key) => this.#inner(key)))
    return (await this.#space.deleteMany(inner)) === inner.size
  }

  /** Removes the keys of the namespace. Without a namespace it removes all of the cache. */
  async clear(): Promise<void> {
    await this.#space.clear()
  }

  /** Whether there is a key. */
  async has(key: string): Promise<boolean> {
    return this.#space.has(this.#inner(key))
  }

  /** Whether there are keys, in their order. */
  async hasMany(keys: string[]): Promise<boolean[]> {
    return (await this.getMany(keys)).map((value) => value !== undefined)
  }

  /** Yields the keys of a namespace with their values, except keys that were too long to be kept as they are. */
  async *iterator<T>(
    namespace: string | undefined = this.namespace,
  ): AsyncGenerator<(string | Awaited<T> | undefined)[], void> {
    const space = this.#spaces.of(namespace)
    for await (const inner of space.keys()) {
      if (inner.startsWith('%') && !inner.startsWith(BARE)) continue
      const value = await space.get(inner)
      if (value === undefined || value === null) continue
      const prefix = namespace === undefined || namespace === '' ? '' : `${namespace}:`
      const key = inner.startsWith(BARE) ? inner.slice(BARE.length) : prefix + inner
      yield [key, value as Awaited<T>]
    }
  }

  /** Does nothing, because no error of the cache reaches Keyv. */
  on(_event: string, _listener: (...args: never[]) => void): this {
    return this
  }

  get #space(): BaseCache<Opaque> {
    return this.#spaces.of(this.namespace)
  }

  // Keyv puts the namespace before the key, unless its `useKeyPrefix` is false.
  #inner(key: string): string {
    const { namespace } = this
    if (namespace === undefined || namespace === '') return textKey(key)
    const prefix = `${namespace}:`
    if (key.startsWith(prefix)) return textKey(key.slice(prefix.length))
    const inner = textKey(key)
    return inner === key ? BARE + key : inner
  }
}

/** Returns a duration of Keyv's milliseconds. */
function spanOf(ttl: number | undefined): Date | { readonly milliseconds: number } | undefined {
  if (typeof ttl !== 'number' || Number.isNaN(ttl)) return undefined
  return ttl > 0 ? { milliseconds: ttl } : new Date(0)
}
