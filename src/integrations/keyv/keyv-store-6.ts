import type { BaseCache } from '../../cache/base-cache.ts'
import { checkCache } from '../shared/check-cache.ts'
import { textKey } from '../shared/text-key.ts'
import { Listeners } from './listeners.ts'
import { Spaces, store, valuesOf, type Opaque } from './spaces.ts'

/** The description of a method of a store, by which Keyv 6 decides how to call it. */
interface Method {
  readonly exists: boolean
  readonly methodType: 'sync' | 'async' | 'none'
}

type MethodName =
  | 'get'
  | 'getMany'
  | 'has'
  | 'hasMany'
  | 'set'
  | 'setMany'
  | 'delete'
  | 'deleteMany'
  | 'clear'
  | 'disconnect'
  | 'iterator'

const METHOD: Method = { exists: true, methodType: 'async' }

const METHODS: Readonly<Record<MethodName, Method>> = {
  get: METHOD,
  getMany: METHOD,
  has: METHOD,
  hasMany: METHOD,
  set: METHOD,
  setMany: METHOD,
  delete: METHOD,
  deleteMany: METHOD,
  clear: METHOD,
  disconnect: { exists: false, methodType: 'none' },
  iterator: { exists: true, methodType: 'sync' },
}

/** An entry that Keyv 6 stores. */
interface Entry {
  readonly key: string
  readonly value: unknown
  readonly expires?: number
}

/**
 * The store for Keyv 6: `new Keyv({ store: new KeyvStore6(cache) })`. A namespace of Keyv is a namespace of the cache,
 * and `clear()` clears only that. Give each Keyv a store of its own, because Keyv tells the store its namespace.
 */
export class KeyvStore6 extends Listeners {
  /** The namespace, which Keyv sets. */
  namespace: string | undefined = undefined
  readonly #spaces: Spaces

  /** @throws OptionsError for anything that is not a cache. */
  constructor(cache: BaseCache) {
    super()
    checkCache(cache, 'KeyvStore6: cache')
    this.#spaces = new Spaces(cache as BaseCache<Opaque>)
  }

  /** The description by which Keyv passes the time when an entry expires, rather than its ttl. */
  get capabilities(): {
    compatible: boolean
    store: 'keyvStorage'
    expires: boolean
    methods: Readonly<Record<MethodName, Method>>
  } {
    return { compatible: true, store: 'keyvStorage', expires: true, methods: METHODS }
  }

  /** Returns the stored value. `undefined` is a miss. */
  async get<T>(key: string): Promise<T | undefined> {
    return ((await this.#space.get(textKey(key))) ?? undefined) as T | undefined
  }

  /** Returns the stored values in the order of the keys; one round trip. */
  async getMany<T>(keys: string[]): Promise<(T | undefined)[]> {
    return valuesOf(
      this.#space,
      keys.map((key) => textKey(key)),
    )
  }

  /** Stores a value until a time in milliseconds since 1970. `false` = it is not stored. */
  async set(key: string, value: unknown, expires?: number): Promise<boolean> {
    return store(this.#space, textKey(key), value, timeOf(expires))
  }

  /** Stores values. The answers are in the order of the entries. */
  async setMany(entries: Entry[]): Promise<boolean[]> {
    return Promise.all(entries.map(async ({ key, value, expires }) => this.set(key, value, expires)))
  }

  /** Removes a key. `true` = it existed. */
  async delete(key: string): Promise<boolean> {
    return this.#space.delete(textKey(key))
  }

  /** Removes keys. The answers are in the order of the keys. */
  async deleteMany(keys: string[]): Promise<boolean[]> {
    return Promise.all(keys.map(async (key) => this.delete(key)))
  }

  /** Removes the keys of the namespace. Without a namespace it removes all of the cache. */
  async clear(): Promise<void> {
    await this.#space.clear()
  }

  /** Whether there is a key. */
  async has(key: string): Promise<boolean> {
    return this.#space.has(textKey(key))
  }

  /** Whether there are keys, in their order. */
  async hasMany(keys: string[]): Promise<boolean[]> {
    return (await this.getMany(keys)).map((value) => value !== undefined)
  }

  /** Yields the keys of the namespace with their values, except keys that were too long to be kept as they are. */
  async *iterator<T>(): AsyncGenerator<(string | Awaited<T> | undefined)[], void> {
    const space = this.#space
    for await (const key of space.keys()) {
      const value = key.startsWith('%') ? undefined : await space.get(key)
      if (value !== undefined && value !== null) yield [key, value as Awaited<T>]
    }
  }

  get #space(): BaseCache<Opaque> {
    return this.#spaces.of(this.namespace)
  }
}

/** Returns the time of Keyv's milliseconds since 1970. */
function timeOf(expires: number | undefined): Date | undefined {
  if (typeof expires !== 'number' || !Number.isFinite(expires)) return undefined
  return new Date(expires)
}
