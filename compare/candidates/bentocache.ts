import { type EntryOptions, type Library, type Loader, peer, TTL_MS } from '../candidate.ts'

interface Bento {
  get(options: object): Promise<unknown>
  set(options: object): Promise<unknown>
  delete(options: object): Promise<unknown>
  getOrSet(options: object): Promise<unknown>
  deleteByTag(options: object): Promise<unknown>
  namespace(name: string): Pick<Bento, 'get' | 'set'> & { clear(): Promise<unknown> }
}
interface Store {
  useL1Layer(driver: unknown): Store
  useL2Layer(driver: unknown): Store
  useBus(driver: unknown): Store
}
type Driver = (options: object) => unknown

function translated({ ttl = TTL_MS, tags, graceMs, limitMs }: EntryOptions): object {
  return {
    ttl,
    ...(tags !== undefined && { tags: [...tags] }),
    ...(graceMs !== undefined && { grace: graceMs }),
    ...(limitMs !== undefined && { hardTimeout: limitMs }),
  }
}

export const bentocache: Library = {
  name: 'bentocache',
  packages: ['bentocache', 'ioredis'],
  hasServer: true,
  hasMemory: true,
  lacks: {
    increment: 'no counters',
    setIfAbsent: 'no such option',
    getAndProlong: 'a read does not prolong a ttl',
  },
  async open({ port, isTuned }) {
    const { BentoCache, bentostore } = await peer<{
      BentoCache: new (options: object) => Bento
      bentostore: () => Store
    }>('bentocache')
    const { memoryDriver } = await peer<{ memoryDriver: Driver }>('bentocache/drivers/memory')
    const { redisDriver, redisBusDriver } = await peer<{ redisDriver: Driver; redisBusDriver: Driver }>(
      'bentocache/drivers/redis',
    )
    const connection = {
      host: '127.0.0.1',
      port,
      ...(isTuned && { maxRetriesPerRequest: 1, commandTimeout: 1_000, connectTimeout: 2_000 }),
    }
    const store = bentostore()
      .useL1Layer(memoryDriver({ maxItems: 50_000 }))
      .useL2Layer(redisDriver({ connection }))
      .useBus(redisBusDriver({ connection }))
    const cache = new BentoCache({
      default: 'two',
      stores: { two: store },
      ...(isTuned && { l2CircuitBreakerDuration: '5s' }),
    })
    return {
      isSynchronous: false,
      get: (key) => cache.get({ key }),
      set: (key, value, options) => cache.set({ key, value, ...translated(options) }),
      delete: (key) => cache.delete({ key }),
      load: (key, factory: Loader, options) => cache.getOrSet({ key, factory, ...translated(options) }),
      invalidateTag: (tag) => cache.deleteByTag({ tags: [tag] }),
      namespace: (name) => {
        const part = cache.namespace(name)
        return {
          get: (key) => part.get({ key }),
          set: (key, value, options) => part.set({ key, value, ...translated(options) }),
          clear: () => part.clear(),
        }
      },
    }
  },
}
