// The two that have no server: what they keep is in the memory of the process.
import { type EntryOptions, type Library, type Loader, peer, TTL_MS } from '../candidate.ts'

const ALONE = 'in the memory of the process alone'

export const nodeCache: Library = {
  name: 'node-cache',
  packages: ['node-cache'],
  hasServer: false,
  hasMemory: true,
  lacks: {
    server: ALONE,
    load: 'no loaders',
    invalidateTag: 'no tags',
    increment: 'no counters',
    setIfAbsent: 'no such option',
    namespace: 'no namespaces',
    getAndProlong: 'a read does not prolong a ttl',
  },
  async open() {
    interface NodeCache {
      get(key: string): unknown
      set(key: string, value: unknown, ttl: unknown): boolean
      del(key: string): number
    }
    const { default: Cache } = await peer<{ default: new () => NodeCache }>('node-cache')
    const cache = new Cache()
    return {
      isSynchronous: true,
      get: (key) => cache.get(key),
      set: (key, value, { ttl = TTL_MS }) =>
        cache.set(key, value, typeof ttl === 'number' ? ttl / 1000 : ttl),
      delete: (key) => cache.del(key),
    }
  },
}

export const lruCache: Library = {
  name: 'lru-cache',
  packages: ['lru-cache'],
  hasServer: false,
  hasMemory: true,
  lacks: {
    server: ALONE,
    invalidateTag: 'no tags',
    increment: 'no counters',
    setIfAbsent: 'no such option',
    namespace: 'no namespaces',
    limit: 'a signal for the loader, no time limit',
  },
  async open() {
    interface Lru {
      get(key: string, options?: object): unknown
      set(key: string, value: unknown, options: object): unknown
      delete(key: string): boolean
      fetch(key: string, options: object): Promise<unknown>
    }
    const { LRUCache } = await peer<{ LRUCache: new (options: object) => Lru }>('lru-cache')
    const fetchMethod = (_: string, __: unknown, { context }: { context: Loader }): Promise<unknown> =>
      context()
    const cache = new LRUCache({ max: 50_000, fetchMethod })
    const stale = ({ graceMs }: EntryOptions): object =>
      graceMs === undefined
        ? {}
        : { allowStale: true, allowStaleOnFetchRejection: true, noDeleteOnFetchRejection: true }
    return {
      isSynchronous: true,
      get: (key) => cache.get(key),
      set: (key, value, { ttl = TTL_MS, ...options }) =>
        cache.set(key, value, { ttl, ...(options.graceMs !== undefined && { noDeleteOnStaleGet: true }) }),
      delete: (key) => cache.delete(key),
      getAndProlong: (key) => cache.get(key, { updateAgeOnGet: true }),
      load: (key, context, { ttl = TTL_MS, ...options }) =>
        cache.fetch(key, { ttl, context, ...stale(options) }),
    }
  },
}
