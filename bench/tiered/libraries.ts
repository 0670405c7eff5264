// Caches in two tiers whose nodes tell each other of changes over Redis: Cachette over two clients, and its peers.
import type { IoredisClient, NodeRedisClient, UsersClient } from '../../src/redis/connection/users-client.ts'

/** One node. */
export interface Node {
  get(key: string): Promise<unknown>
  /** Sets a value. Answers `false`, as `remove` does, if it knows that the work has not been done. Peers never do. */
  set(key: string, value: unknown): Promise<unknown>
  /** Removes a key everywhere. */
  remove(key: string): Promise<unknown>
}

// The type is loose, because the peers are not installed for the type check.
async function peer<T>(name: string): Promise<T> {
  return (await import(name)) as T
}

const TTL_SECONDS = 600
const silent = { warn: () => undefined, error: () => undefined }

async function cachette(client: UsersClient): Promise<Node> {
  const { MemoryCache, TieredCache } = await import('../../src/index.ts')
  const { RedisCache } = await import('../../src/redis/index.ts')
  const l2 = new RedisCache({ client, prefix: 'bench:', ttl: TTL_SECONDS, logger: silent })
  const cache = new TieredCache({ l1: new MemoryCache(), l2, ttl: TTL_SECONDS, logger: silent })
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    remove: async (key) => (await cache.invalidate(key)).l2 === 'acked',
  }
}

export const libraries: Readonly<Record<string, (port: number) => Promise<Node>>> = {
  'Cachette on node-redis 6': async (port) => {
    type NodeRedis = NodeRedisClient & {
      connect(): Promise<unknown>
      on(event: string, listener: () => void): void
    }
    const { createClient } = await peer<{ createClient: (options: object) => NodeRedis }>('redis')
    const client = createClient({ socket: { host: '127.0.0.1', port } })
    client.on('error', () => undefined)
    await client.connect()
    return cachette(client)
  },
  'Cachette on ioredis 5': async (port) => {
    const { default: Redis } = await peer<{ default: new (options: object) => IoredisClient }>('ioredis')
    return cachette(new Redis({ host: '127.0.0.1', port }))
  },
  bentocache: async (port) => {
    interface Bento {
      get(options: { key: string }): Promise<unknown>
      set(options: { key: string; value: unknown; ttl: string }): Promise<unknown>
      delete(options: { key: string }): Promise<unknown>
    }
    interface Store {
      useL1Layer(driver: unknown): Store
      useL2Layer(driver: unknown): Store
      useBus(driver: unknown): Store
    }
    const { BentoCache, bentostore } = await peer<{
      BentoCache: new (options: object) => Bento
      bentostore: () => Store
    }>('bentocache')
    const { memoryDriver } = await peer<{ memoryDriver: (options: object) => unknown }>(
      'bentocache/drivers/memory',
    )
    const { redisDriver, redisBusDriver } =
      await peer<Record<'redisDriver' | 'redisBusDriver', (options: object) => unknown>>(
        'bentocache/drivers/redis',
      )
    const connection = { host: '127.0.0.1', port }
    const store = bentostore()
      .useL1Layer(memoryDriver({ maxItems: 10_000 }))
      .useL2Layer(redisDriver({ connection }))
      .useBus(redisBusDriver({ connection }))
    const cache = new BentoCache({ default: 'two', stores: { two: store } })
    return {
      get: (key) => cache.get({ key }),
      set: (key, value) => cache.set({ key, value, ttl: `${TTL_SECONDS}s` }),
      remove: (key) => cache.delete({ key }),
    }
  },
  cacheable: async (port) => {
    interface Cacheable {
      get(key: string): Promise<unknown>
      set(key: string, value: unknown, ttlMs: number): Promise<unknown>
      delete(key: string): Promise<unknown>
    }
    const url = `redis://127.0.0.1:${port}`
    const { default: KeyvRedis } = await peer<{ default: new (url: string) => object }>('@keyv/redis')
    const { Keyv } = await peer<{ Keyv: new (options: object) => object }>('keyv')
    const { RedisMessageProvider } = await peer<{ RedisMessageProvider: new (options: object) => object }>(
      '@qified/redis',
    )
    const { Cacheable: Cache } = await peer<{ Cacheable: new (options: object) => Cacheable }>('cacheable')
    const cache = new Cache({
      secondary: new Keyv({ store: new KeyvRedis(url), useKeyPrefix: false }),
      sync: { qified: new RedisMessageProvider({ uri: url }) },
      stats: false,
    })
    return {
      get: (key) => cache.get(key),
      set: (key, value) => cache.set(key, value, TTL_SECONDS * 1000),
      remove: (key) => cache.delete(key),
    }
  },
}

async function bareNodeRedis(port: number): Promise<Node> {
  interface NodeRedis {
    connect(): Promise<unknown>
    on(event: string, listener: () => void): void
    get(key: string): Promise<string | null>
    set(key: string, value: string, options: object): Promise<unknown>
    unlink(key: string): Promise<unknown>
  }
  const { createClient } = await peer<{ createClient: (options: object) => NodeRedis }>('redis')
  const client = createClient({ socket: { host: '127.0.0.1', port } })
  client.on('error', () => undefined)
  await client.connect()
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, JSON.stringify(value), { EX: TTL_SECONDS }),
    remove: (key) => client.unlink(key),
  }
}

async function bareIoRedis(port: number): Promise<Node> {
  interface IoRedis {
    get(key: string): Promise<string | null>
    set(...args: unknown[]): Promise<unknown>
    unlink(key: string): Promise<unknown>
  }
  const { default: Redis } = await peer<{ default: new (options: object) => IoRedis }>('ioredis')
  const client = new Redis({ host: '127.0.0.1', port })
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, JSON.stringify(value), 'EX', TTL_SECONDS),
    remove: (key) => client.unlink(key),
  }
}

/**
 * The writes of bare clients. Their cost to the server is the measure. The first sends a turn's commands in one packet.
 */
export const bareClients: Readonly<Record<string, (port: number) => Promise<Node>>> = {
  'bare node-redis 6': bareNodeRedis,
  'bare ioredis 5': bareIoRedis,
}
