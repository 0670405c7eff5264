import { type Library, peer, TTL_MS } from '../candidate.ts'

interface CacheManager {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown, ttl: unknown): Promise<unknown>
  del(key: string): Promise<unknown>
  wrap(key: string, loader: () => Promise<unknown>, ttl: unknown): Promise<unknown>
  clear(): Promise<unknown>
}
type Listening = object & { on(event: string, listener: () => void): void }

export const cacheManager: Library = {
  name: 'cache-manager',
  packages: ['cache-manager', 'keyv', '@keyv/redis'],
  hasServer: true,
  hasMemory: true,
  lacks: {
    invalidateTag: 'no tags',
    increment: 'no counters',
    setIfAbsent: 'no such option',
    stale: 'it refreshes ahead of the end; stale values are not kept',
    limit: 'no time limit for loads',
    getAndProlong: 'a read does not prolong a ttl',
  },
  async open({ port, isTuned }) {
    const url = `redis://127.0.0.1:${port}`
    const { createCache } = await peer<{ createCache: (options: object) => CacheManager }>('cache-manager')
    const { Keyv } = await peer<{ Keyv: new (options: object) => Listening }>('keyv')
    const { KeyvCacheableMemory } = await peer<{ KeyvCacheableMemory: new (options: object) => object }>(
      'cacheable',
    )
    const { default: KeyvRedis } = await peer<{
      default: new (of: object | string, options: object) => object
    }>('@keyv/redis')
    const tuned = {
      url,
      disableOfflineQueue: true,
      commandOptions: { timeout: 1_000 },
      socket: { connectTimeout: 2_000, socketTimeout: 2_000 },
      pingInterval: 500,
    }
    const open = (namespace?: string): CacheManager => {
      const memory = new Keyv({ store: new KeyvCacheableMemory({ lruSize: 50_000 }) })
      const store = new KeyvRedis(isTuned ? tuned : url, {
        ...(isTuned && { throwOnConnectError: false, connectionTimeout: 2_000 }),
      })
      const server = new Keyv({ store, ...(namespace !== undefined && { namespace }) })
      memory.on('error', () => undefined)
      server.on('error', () => undefined)
      return createCache({ stores: [memory, server] })
    }
    const cache = open()
    return {
      isSynchronous: false,
      get: (key) => cache.get(key),
      set: (key, value, { ttl = TTL_MS }) => cache.set(key, value, ttl),
      delete: (key) => cache.del(key),
      load: (key, loader, { ttl = TTL_MS }) => cache.wrap(key, loader, ttl),
      namespace: (name) => {
        const part = open(name)
        return {
          get: (key) => part.get(key),
          set: (key, value, { ttl = TTL_MS }) => part.set(key, value, ttl),
          clear: () => part.clear(),
        }
      },
    }
  },
}
