import { createHash } from 'node:crypto'
import type { BaseCache } from '../../cache/base-cache.ts'
import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { systemClock } from '../../core/time/system.ts'
import { MAX_BUILT_BYTES, isLong } from '../../keys/key-builder.ts'
import { isSideKey } from '../../keys/key.ts'
import type { Duration } from '../../options/durations.ts'

/** **Milliseconds**; 0 = for ever. */
export type Milliseconds = number

/** Options of `wrap`. */
export interface CacheWrapOptions<T> {
  /** Milliseconds, or a function of the value; 0 = for ever. Default: the ttl of the cache. */
  readonly ttl?: Milliseconds | ((value: T) => Milliseconds) | undefined
  /** The milliseconds before the end of the ttl from which on a caller triggers a refresh in the background. */
  readonly refreshThreshold?: Milliseconds | undefined
}

/**
 * The methods of `cache-manager`, over a cache: the provider of `CACHE_MANAGER`, in **milliseconds**. None rejects for
 * trouble of the cache, which is a miss.
 */
export class Cache {
  /** The cache with its entries, for all that these methods can't say. */
  readonly cache: BaseCache

  /** Takes the cache whose entries it uses. */
  constructor(cache: BaseCache) {
    this.cache = cache
  }

  /** Returns the value of a key, `undefined` if there is none. */
  async get<T>(key: string): Promise<T | undefined> {
    return this.cache.get<T>(keyFor(key))
  }

  /** Returns the values of keys in their order, `undefined` for those without one. */
  async mget<T>(keys: readonly string[]): Promise<(T | undefined)[]> {
    const values = await this.cache.getMany<T>(keys.map(keyFor))
    return keys.map((key) => values.get(keyFor(key)))
  }

  /** Stores a value, and returns it. `undefined` removes the key. */
  async set<T>(key: string, value: T, ttl?: Milliseconds): Promise<T> {
    const name = keyFor(key)
    const options = ttlOption(ttl)
    if (value === undefined || options === undefined) await this.cache.invalidate(name)
    else await this.cache.set(name, value, options)
    return value
  }

  /** Stores several values, and returns the list. */
  async mset<T>(
    list: readonly { key: string; value: T; ttl?: Milliseconds }[],
  ): Promise<readonly { key: string; value: T; ttl?: Milliseconds }[]> {
    await Promise.all(list.map(async ({ key, value, ttl }) => this.set(key, value, ttl)))
    return list
  }

  /** Removes a key. Also loads under way are not stored. */
  async del(key: string): Promise<boolean> {
    await this.cache.invalidate(keyFor(key))
    return true
  }

  /** Removes keys. */
  async mdel(keys: readonly string[]): Promise<boolean> {
    await this.cache.invalidate(keys.map(keyFor))
    return true
  }

  /** Returns when the entry expires, in milliseconds since the epoch; `undefined` if never, or if there is none. */
  async ttl(key: string): Promise<number | undefined> {
    const seconds = await this.cache.ttl(keyFor(key))
    if (seconds === undefined || seconds === Infinity) return undefined
    return (this.cache.atomic?.clock ?? systemClock).wallNow() + seconds * 1000
  }

  /** Removes all entries of this facade and of `CacheInterceptor`, and no other of the cache. */
  async clear(): Promise<boolean> {
    return this.cache.clear()
  }

  /** Returns the keys that begin with the prefix. */
  async keys(prefix = ''): Promise<string[]> {
    const keys: string[] = []
    for await (const key of this.cache.keys({ prefix })) keys.push(key)
    return keys
  }

  /** Returns the value of a key, loaded if it is missing. Concurrent callers share one load. */
  async wrap<T>(
    key: string,
    load: () => T | Promise<T>,
    ttlOrOptions?: Milliseconds | ((value: T) => Milliseconds) | CacheWrapOptions<T>,
    threshold?: Milliseconds,
  ): Promise<T> {
    const { ttl, refreshThreshold = threshold } =
      typeof ttlOrOptions === 'object' ? ttlOrOptions : { ttl: ttlOrOptions }
    const isAhead = typeof ttl === 'number' && refreshThreshold !== undefined && refreshThreshold < ttl
    const refreshAhead = isAhead && refreshThreshold > 0 ? 1 - refreshThreshold / ttl : undefined
    return this.cache.getOrSet(
      keyFor(key),
      async ({ setTtl, doNotStore }) => {
        const value = await load()
        const options = ttlOption(typeof ttl === 'function' ? ttl(value) : ttl)
        if (options === undefined) doNotStore()
        else if (options.ttl !== undefined) setTtl(options.ttl)
        return value
      },
      { ...(refreshAhead !== undefined && { refreshAhead, ...ttlOption(ttl as number) }) },
    )
  }
}

/**
 * Returns the options of an entry for milliseconds; `undefined` = it has ended already. Text of a number is accepted,
 * because configurations give it.
 * @throws OptionsError that names the value.
 */
export function ttlOption(ttl: unknown): { readonly ttl?: Duration } | undefined {
  if (ttl === undefined || ttl === null) return {}
  const ms = typeof ttl === 'string' && ttl.trim() !== '' ? Number(ttl) : ttl
  if (typeof ms !== 'number' || Number.isNaN(ms))
    throw new OptionsError(
      `ttl: ${inspect(ttl)} is not a number of milliseconds, such as 30_000; 0 is for ever`,
    )
  if (ms < 0) return undefined
  return { ttl: ms === 0 || ms === Infinity ? Infinity : { milliseconds: ms } }
}

/** Returns a key of the cache for any text. Text that can't be one is replaced by its SHA-256. */
export function keyFor(text: unknown): string {
  const name = String(text)
  const isKey =
    name !== '' &&
    !/^[!~]/.test(name) &&
    name.isWellFormed() &&
    !isSideKey(name) &&
    !isLong(name, MAX_BUILT_BYTES)
  return isKey ? name : `~${createHash('sha256').update(name, 'utf16le').digest('hex')}`
}
