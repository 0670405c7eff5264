import { createHash } from 'node:crypto'
import type { BaseCache } from '../../cache/base-cache.ts'
import { isLong } from '../../keys/key-builder.ts'
import { checkCache } from '../shared/check-cache.ts'
import { textKey } from '../shared/text-key.ts'
import { ttlOf } from '../shared/ttl.ts'

const MOST_BYTES = 500
const HASHED = /%[\da-f]{64}$/

/** The options of one call, of which `ttl` is read, in seconds. */
export type CallOptions = Readonly<Record<string, unknown>>

/** Values that unstorage reads and writes. */
export type StorageValue = null | string | number | boolean | object

/** A driver of unstorage. */
export interface UnstorageDriver {
  /** The name of the driver. */
  readonly name: string
  /** Whether it knows `ttl`. */
  readonly flags: { readonly ttl: true }
  /** Returns the cache. */
  getInstance(): BaseCache
  /** Whether there is a key. */
  hasItem(key: string): Promise<boolean>
  /** Returns a value; `null` is a miss. */
  getItem(key: string): Promise<StorageValue>
  /** Returns values; one round trip. */
  getItems(items: { key: string }[]): Promise<{ key: string; value: StorageValue }[]>
  /** Returns a binary value as it is. */
  getItemRaw(key: string): Promise<unknown>
  /** Stores a text. */
  setItem(key: string, value: string, options?: CallOptions): Promise<void>
  /** Stores texts; one round trip for each. */
  setItems(
    items: { key: string; value: string; options?: CallOptions }[],
    common?: CallOptions,
  ): Promise<void>
  /** Stores a binary value as it is. */
  setItemRaw(key: string, value: unknown, options?: CallOptions): Promise<void>
  /** Removes a key. */
  removeItem(key: string): Promise<void>
  /** Returns the rest of the ttl, in seconds. */
  getMeta(key: string): Promise<{ ttl?: number } | null>
  /** Returns the keys that begin with `base`, except those that are kept under a hash. */
  getKeys(base?: string): Promise<string[]>
  /** Removes the keys that begin with `base`. */
  clear(base?: string): Promise<void>
}

/**
 * Returns a driver for unstorage: `createStorage({ driver: unstorageDriver(cache) })`. Closing the storage leaves the
 * cache open.
 * @throws OptionsError for anything that is not a cache.
 */
export function unstorageDriver(cache: BaseCache): UnstorageDriver {
  checkCache(cache, 'unstorageDriver: cache')
  const write = async (key: string, value: unknown, options?: CallOptions): Promise<void> => {
    await cache.set(storageKey(key), value, ttlOf(options?.['ttl'], 'seconds'))
  }
  const read = async (key: string): Promise<StorageValue> =>
    (await cache.get<StorageValue>(storageKey(key))) ?? null
  return {
    name: 'cachette',
    flags: { ttl: true },
    getInstance: () => cache,
    hasItem: async (key) => cache.has(storageKey(key)),
    getItem: read,
    getItemRaw: read,
    async getItems(items) {
      const found = await cache.getMany<StorageValue>(items.map(({ key }) => storageKey(key)))
      return items.map(({ key }) => ({ key, value: found.get(storageKey(key)) ?? null }))
    },
    setItem: write,
    setItemRaw: write,
    async setItems(items, common) {
      await Promise.all(
        items.map(async ({ key, value, options }) => write(key, value, { ...common, ...options })),
      )
    },
    async removeItem(key) {
      await cache.delete(storageKey(key))
    },
    async getMeta(key) {
      const ttl = await cache.ttl(storageKey(key))
      if (ttl === undefined) return null
      return ttl === Infinity ? {} : { ttl }
    },
    async getKeys(base = '') {
      const keys: string[] = []
      // No key that begins so is kept as it is.
      if (base !== '' && textKey(base) !== base) return keys
      for await (const key of cache.keys(base === '' ? {} : { prefix: base }))
        if (!HASHED.test(key)) keys.push(key)
      return keys
    },
    async clear(base = '') {
      await (base === '' ? cache.clear() : cache.deleteByPrefix(base))
    },
  }
}

// A long key keeps its begin, so that `clear` of its base finds it.
function storageKey(key: string): string {
  if (!isLong(key, MOST_BYTES) || !key.isWellFormed()) return textKey(key)
  const begin = Buffer.from(key)
    .subarray(0, 200)
    .toString()
    .replace(/\uFFFD$/, '')
  return textKey(`${begin}%${createHash('sha256').update(key).digest('hex')}`)
}
