// The measured libraries: bare clients with the JSON work of a cache, Cachette over the same clients, and its peers.

/** The verbs that are timed; `undefined` if a library has no such verb. */
export interface Subject {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown, ttlSeconds: number): Promise<unknown>
  getMany?: (keys: readonly string[]) => Promise<unknown>
  setMany?: (entries: readonly (readonly [string, unknown])[], ttlSeconds: number) => Promise<unknown>
  increment?: (key: string, ttlSeconds: number) => Promise<unknown>
}

/** A library, the base of its comparison, and its opening. */
export interface Library {
  readonly name: string
  /** The bare client that it uses. */
  readonly base: string
  readonly open: (port: number) => Promise<Subject>
}

// The type is loose, because the peers are not installed for the type check.
async function peer<T>(name: string): Promise<T> {
  return (await import(name)) as T
}

interface NodeRedis {
  connect(): Promise<unknown>
  withCommandOptions(options: object): NodeRedis
  get(key: string): Promise<string | null>
  set(key: string, value: string, options: object): Promise<unknown>
  mGet(keys: readonly string[]): Promise<readonly (string | null)[]>
  incr(key: string): Promise<number>
  on(event: string, listener: () => void): void
}

interface Pipeline {
  set(...args: unknown[]): Pipeline
  exec(): Promise<unknown>
}

interface IoRedis {
  get(key: string): Promise<string | null>
  set(...args: unknown[]): Promise<unknown>
  mget(keys: readonly string[]): Promise<readonly (string | null)[]>
  incr(key: string): Promise<number>
  pipeline(): Pipeline
}

async function nodeRedis(module: string, port: number): Promise<NodeRedis> {
  const { createClient } = await peer<{ createClient: (options: object) => NodeRedis }>(module)
  const client = createClient({ socket: { host: '127.0.0.1', port } })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function ioRedis(module: string, port: number): Promise<IoRedis> {
  const { default: Redis } = await peer<{ default: new (options: object) => IoRedis }>(module)
  return new Redis({ host: '127.0.0.1', port })
}

function parsed(text: string | null): unknown {
  return text === null ? undefined : (JSON.parse(text) as unknown)
}

function bareNodeRedis(client: NodeRedis): Subject {
  return {
    get: async (key) => parsed(await client.get(key)),
    set: (key, value, ttl) => client.set(key, JSON.stringify(value), { PX: ttl * 1000 }),
    getMany: async (keys) => (await client.mGet(keys)).map(parsed),
    // All of them are in one tick, because this client writes them together.
    setMany: (entries, ttl) =>
      Promise.all(entries.map(([key, value]) => client.set(key, JSON.stringify(value), { PX: ttl * 1000 }))),
    increment: (key) => client.incr(key),
  }
}

function bareIoRedis(client: IoRedis): Subject {
  return {
    get: async (key) => parsed(await client.get(key)),
    set: (key, value, ttl) => client.set(key, JSON.stringify(value), 'PX', ttl * 1000),
    getMany: async (keys) => (await client.mget(keys)).map(parsed),
    setMany(entries, ttl) {
      const pipeline = client.pipeline()
      for (const [key, value] of entries) pipeline.set(key, JSON.stringify(value), 'PX', ttl * 1000)
      return pipeline.exec()
    },
    increment: (key) => client.incr(key),
  }
}

interface Contract extends Subject {
  getMany(keys: readonly string[]): Promise<unknown>
  setMany(entries: readonly (readonly [string, unknown])[], ttl: number): Promise<unknown>
  increment(key: string, by?: number, ttl?: number): Promise<unknown>
}

const SILENT = { warn: () => undefined, error: () => undefined, info: () => undefined }

async function cachette(client: unknown): Promise<Subject> {
  const { RedisCache } = await peer<{ RedisCache: new (options: object) => Contract }>('../../dist/redis.mjs')
  const cache = new RedisCache({
    client,
    prefix: 'bench:',
    ttl: '1d',
    logger: SILENT,
    deadline: { hard: '30s' },
  })
  return {
    get: (key) => cache.get(key),
    set: (key, value, ttl) => cache.set(key, value, ttl),
    getMany: (keys) => cache.getMany(keys),
    setMany: (entries, ttl) => cache.setMany(entries, ttl),
    increment: (key, ttl) => cache.increment(key, 1, ttl),
  }
}

interface Keyed {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown, ttlMs: number): Promise<unknown>
}

async function keyv(port: number): Promise<unknown> {
  const { default: KeyvRedis } = await peer<{ default: new (url: string) => object }>('@keyv/redis')
  const { Keyv } = await peer<{ Keyv: new (options: object) => unknown }>('keyv')
  return new Keyv({ store: new KeyvRedis(`redis://127.0.0.1:${port}`), useKeyPrefix: false })
}

export const libraries: readonly Library[] = [
  {
    name: 'node-redis 6, as it comes',
    base: 'node-redis 6, as it comes',
    open: async (port) => bareNodeRedis(await nodeRedis('redis', port)),
  },
  {
    name: 'node-redis 6, timer off',
    base: 'node-redis 6, timer off',
    open: async (port) => bareNodeRedis((await nodeRedis('redis', port)).withCommandOptions({ timeout: 0 })),
  },
  {
    name: 'Cachette on node-redis 6',
    base: 'node-redis 6, timer off',
    open: async (port) => cachette(await nodeRedis('redis', port)),
  },
  {
    name: 'node-redis 5',
    base: 'node-redis 5',
    open: async (port) => bareNodeRedis(await nodeRedis('redis5', port)),
  },
  {
    name: 'Cachette on node-redis 5',
    base: 'node-redis 5',
    open: async (port) => cachette(await nodeRedis('redis5', port)),
  },
  { name: 'ioredis 5', base: 'ioredis 5', open: async (port) => bareIoRedis(await ioRedis('ioredis', port)) },
  {
    name: 'Cachette on ioredis 5',
    base: 'ioredis 5',
    open: async (port) => cachette(await ioRedis('ioredis', port)),
  },
  {
    name: 'ioredis 6',
    base: 'ioredis 6',
    open: async (port) => bareIoRedis(await ioRedis('ioredis6', port)),
  },
  {
    name: 'Cachette on ioredis 6',
    base: 'ioredis 6',
    open: async (port) => cachette(await ioRedis('ioredis6', port)),
  },
  {
    name: 'bentocache',
    base: 'ioredis 5',
    async open(port) {
      interface Bento {
        get(options: { key: string }): Promise<unknown>
        set(options: { key: string; value: unknown; ttl: string }): Promise<unknown>
      }
      const { BentoCache, bentostore } = await peer<{
        BentoCache: new (options: object) => Bento
        bentostore: () => { useL2Layer(driver: unknown): unknown }
      }>('bentocache')
      const { redisDriver } = await peer<{ redisDriver: (options: object) => unknown }>(
        'bentocache/drivers/redis',
      )
      const store = bentostore().useL2Layer(redisDriver({ connection: { host: '127.0.0.1', port } }))
      const bento = new BentoCache({ default: 'redis', stores: { redis: store } })
      return {
        get: (key) => bento.get({ key }),
        set: (key, value, ttl) => bento.set({ key, value, ttl: `${ttl}s` }),
      }
    },
  },
  {
    name: 'cache-manager',
    base: 'node-redis 5',
    async open(port) {
      interface Manager extends Keyed {
        mget(keys: readonly string[]): Promise<unknown>
        mset(entries: readonly object[]): Promise<unknown>
      }
      const { createCache } = await peer<{ createCache: (options: object) => Manager }>('cache-manager')
      const cache = createCache({ stores: [await keyv(port)] })
      return {
        get: (key) => cache.get(key),
        set: (key, value, ttl) => cache.set(key, value, ttl * 1000),
        getMany: (keys) => cache.mget(keys),
        setMany: (entries, ttl) =>
          cache.mset(entries.map(([key, value]) => ({ key, value, ttl: ttl * 1000 }))),
      }
    },
  },
  {
    // Redis is its primary store here, because its second tier is never read while the first has the value.
    name: 'cacheable',
    base: 'node-redis 5',
    async open(port) {
      interface Cacheable extends Keyed {
        getMany(keys: readonly string[]): Promise<unknown>
        setMany(entries: readonly object[]): Promise<unknown>
      }
      const { Cacheable: Cache } = await peer<{ Cacheable: new (options: object) => Cacheable }>('cacheable')
      const cache = new Cache({ primary: await keyv(port), stats: false })
      return {
        get: (key) => cache.get(key),
        set: (key, value, ttl) => cache.set(key, value, ttl * 1000),
        getMany: (keys) => cache.getMany(keys),
        setMany: (entries, ttl) =>
          cache.setMany(entries.map(([key, value]) => ({ key, value, ttl: ttl * 1000 }))),
      }
    },
  },
]
