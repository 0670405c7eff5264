import KeyvRedis from '@keyv/redis'
import { createCache as createManager } from 'cache-manager'
import { type BaseCache, createCache, MemoryCache, silentLogger } from 'cachette'
import { Redis } from 'ioredis'
import { Keyv } from 'keyv'
import { LRUCache } from 'lru-cache'
import NodeCache from 'node-cache'
import { bentoAt } from '../bentocache/before.ts'
import type { Open } from './subject.ts'

const byHand: Open = async (url) => {
  const redis = new Redis(url)
  const get = async (key: string): Promise<unknown> => {
    const cached = await redis.get(key)
    return cached === null ? undefined : JSON.parse(cached)
  }
  const set = async (key: string, value: unknown, ttl = 600): Promise<unknown> =>
    redis.set(key, JSON.stringify(value), 'EX', ttl)
  return {
    get,
    set,
    async load(key, loader) {
      const cached = await get(key)
      if (cached !== undefined) return cached
      const value = await loader()
      if (value !== undefined) await set(key, value)
      return value
    },
    delete: async (key) => redis.del(key),
    close: async () => redis.quit(),
  }
}

const bentocache: Open = async (url) => {
  const bento = bentoAt(url)
  return {
    get: async (key) => bento.get({ key }),
    set: async (key, value, ttl = 600_000) => bento.set({ key, value, ttl }),
    load: async (key, factory) => bento.getOrSet({ key, ttl: '10m', factory }),
    delete: async (key) => bento.delete({ key }),
    close: async () => bento.disconnect(),
  }
}

const cacheManager: Open = async (url) => {
  const cache = createManager({ stores: [new Keyv({ store: new KeyvRedis(url) })], ttl: 600_000 })
  return {
    get: async (key) => cache.get(key),
    set: async (key, value, ttl) => cache.set(key, value, ttl),
    load: async (key, loader) => cache.wrap(key, loader),
    delete: async (key) => cache.del(key),
    close: async () => cache.disconnect(),
  }
}

const nodeCache: Open = async () => {
  const cache = new NodeCache({ stdTTL: 600, maxKeys: 10_000 })
  const set = (key: string, value: unknown, ttl?: number): boolean =>
    ttl === undefined ? cache.set(key, value) : cache.set(key, value, ttl)
  return {
    get: async (key) => cache.get(key),
    set: async (key, value, ttl) => set(key, value, ttl),
    async load(key, loader) {
      const cached = cache.get(key)
      if (cached !== undefined) return cached
      const value = await loader()
      if (value !== undefined) set(key, value)
      return value
    },
    delete: async (key) => cache.del(key),
    leftMs: async (key) => {
      const end = cache.getTtl(key) ?? 0
      return end === 0 ? Infinity : end - Date.now()
    },
    close: async () => cache.close(),
  }
}

const lruCache: Open = async () => {
  const cache = new LRUCache<string, object, () => Promise<unknown>>({
    max: 10_000,
    ttl: 600_000,
    fetchMethod: async (_key, _stale, { context }) => (await context()) as object,
  })
  return {
    get: async (key) => cache.get(key),
    set: async (key, value, ttl) => cache.set(key, value as object, ttl === undefined ? {} : { ttl }),
    load: async (key, context) => cache.fetch(key, { context }),
    delete: async (key) => cache.delete(key),
    leftMs: async (key) => cache.getRemainingTTL(key),
    close: async () => cache.clear(),
  }
}

const subjectOf = (cache: BaseCache): Awaited<ReturnType<Open>> => ({
  get: async (key) => cache.get(key),
  set: async (key, value, ttl) => (ttl === undefined ? cache.set(key, value) : cache.set(key, value, ttl)),
  load: async (key, loader) => cache.getOrSet(key, loader),
  delete: async (key) => cache.delete(key),
  leftMs: async (key) => ((await cache.ttl(key)) ?? 0) * 1000,
  close: async () => cache.close(),
})
const onServer: Open = async (redis) =>
  subjectOf(await createCache({ redis, prefix: 'shop:', ttl: '10m', logger: silentLogger }))
const inMemory: Open = async () => subjectOf(new MemoryCache({ ttl: 600, maxEntries: 10_000 }))

/** The libraries by the names of their pages, before and after the move. */
export const LIBRARIES: Readonly<
  Record<string, { readonly before: Open; readonly after: Open; readonly isShared: boolean }>
> = {
  ioredis: { before: byHand, after: onServer, isShared: true },
  bentocache: { before: bentocache, after: onServer, isShared: true },
  'cache-manager': { before: cacheManager, after: onServer, isShared: true },
  'node-cache': { before: nodeCache, after: inMemory, isShared: false },
  'lru-cache': { before: lruCache, after: inMemory, isShared: false },
}
