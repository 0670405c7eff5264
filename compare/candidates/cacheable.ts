import { type EntryOptions, type Library, peer, TTL_MS } from '../candidate.ts'

interface Cacheable {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown, options: object): Promise<unknown>
  delete(key: string): Promise<unknown>
  getOrSet(key: string, loader: () => Promise<unknown>, options: object): Promise<unknown>
  clear(): Promise<unknown>
  readonly tags: { invalidateTag(tag: string): Promise<unknown> }
  on(event: string, listener: () => void): void
}
type Listening = object & { on(event: string, listener: () => void): void }

function translated({ ttl = TTL_MS, tags }: EntryOptions): object {
  return { ttl, ...(tags !== undefined && { tags: [...tags] }) }
}

export const cacheable: Library = {
  name: 'cacheable',
  packages: ['cacheable', '@keyv/redis', '@qified/redis'],
  hasServer: true,
  hasMemory: true,
  lacks: {
    increment: 'no counters',
    setIfAbsent: 'no such option',
    stale: 'stale values are not kept',
    limit: 'no time limit for loads',
    getAndProlong: 'a read does not prolong a ttl',
  },
  async open({ port, isTuned, hasTags }) {
    const uri = `redis://127.0.0.1:${port}`
    const { default: KeyvRedis } = await peer<{
      default: new (of: object | string, options: object) => object
    }>('@keyv/redis')
    const { Keyv } = await peer<{ Keyv: new (options: object) => Listening }>('keyv')
    const { RedisMessageProvider } = await peer<{ RedisMessageProvider: new (options: object) => object }>(
      '@qified/redis',
    )
    const { Cacheable: Cache } = await peer<{ Cacheable: new (options: object) => Cacheable }>('cacheable')
    const tuned = {
      url: uri,
      disableOfflineQueue: true,
      commandOptions: { timeout: 1_000 },
      socket: { connectTimeout: 2_000, socketTimeout: 2_000 },
      pingInterval: 500,
    }
    const open = (namespace?: string): Cacheable => {
      const store = new KeyvRedis(isTuned ? tuned : uri, {
        ...(isTuned && { throwOnConnectError: false, connectionTimeout: 2_000 }),
      })
      const secondary = new Keyv({ store, ...(namespace !== undefined && { namespace }) })
      secondary.on('error', () => undefined)
      const cache = new Cache({
        secondary,
        tags: hasTags,
        stats: false,
        sync: { qified: new RedisMessageProvider({ uri }) },
        ...(namespace !== undefined && { namespace }),
        ...(isTuned && { nonBlocking: true }),
      })
      cache.on('error', () => undefined)
      return cache
    }
    const cache = open()
    return {
      isSynchronous: false,
      get: (key) => cache.get(key),
      set: (key, value, options) => cache.set(key, value, translated(options)),
      delete: (key) => cache.delete(key),
      load: (key, loader, options) => cache.getOrSet(key, loader, translated(options)),
      invalidateTag: (tag) => cache.tags.invalidateTag(tag),
      namespace: (name) => {
        const part = open(name)
        return {
          get: (key) => part.get(key),
          set: (key, value, options) => part.set(key, value, translated(options)),
          clear: () => part.clear(),
        }
      },
    }
  },
}
