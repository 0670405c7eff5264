// Options of client libraries that change replies, life cycle or routing: each works, on both engines.
import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { RecordingLogger } from '../support/recording-logger.ts'
import { until } from '../support/until.ts'
import { cacheOver, ENGINES } from './caches.ts'
import { describeWithServers, startRedis, type RedisServer } from './servers/index.ts'

type Options = Readonly<Record<string, unknown>>
interface Made {
  readonly client: object
  close(): void
}

const require = createRequire(import.meta.url)
const NODE_REDIS: readonly Options[] = [
  { RESP: 2 },
  { RESP: 3 },
  { commandOptions: { typeMapping: { 36: Buffer } } },
  { commandOptions: { timeout: 5000 } },
  { disableOfflineQueue: true },
  { disableClientInfo: true },
  { pingInterval: 1000 },
  { name: 'named' },
  { database: 3 },
  { commandsQueueMaxLength: 1000 },
]
const IOREDIS: readonly Options[] = [
  { enableAutoPipelining: true },
  { enableOfflineQueue: false },
  { enableReadyCheck: false },
  { lazyConnect: true },
  { showFriendlyErrorStack: true },
  { autoResubscribe: false },
  { autoResendUnfulfilledCommands: false },
  { maxRetriesPerRequest: null },
  { maxRetriesPerRequest: 0 },
  { retryStrategy: null },
  { commandTimeout: 5000 },
  { socketTimeout: 5000 },
  { connectionName: 'named' },
  { disableClientInfo: true },
  { noDelay: false },
  { keepAlive: 1000 },
  { db: 3 },
]

function make(library: string, port: number, options: Options): Made {
  if (library.startsWith('redis')) {
    const { createClient } = require(library) as { createClient(options: object): { destroy(): void } }
    const client = createClient({ socket: { port }, ...options })
    return { client, close: () => client.destroy() }
  }
  const { Redis } = require(library) as { Redis: new (options: object) => { disconnect(): void } }
  const client = new Redis({ port, ...options })
  return { client, close: () => client.disconnect() }
}

// As instrumentation wraps a client.
function wrapped(client: object): object {
  return new Proxy(client, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value
    },
  })
}

describeWithServers('a client with an option', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => server.close())

  const cases = [
    ...['redis5', 'redis'].flatMap((library) => NODE_REDIS.map((options) => [library, options] as const)),
    ...['ioredis', 'ioredis6'].flatMap((library) => IOREDIS.map((options) => [library, options] as const)),
  ]
  let count = 0

  async function works(engine: (typeof ENGINES)[number], client: object): Promise<void> {
    const logger = new RecordingLogger()
    const cache = cacheOver(engine, client, { prefix: `option${++count}:`, logger })
    onTestFinished(() => cache.close())
    await until('it to be connected', async () => cache.set('a', { text: 'ä', bytes: 1 }))
    expect(await cache.get('a')).toEqual({ text: 'ä', bytes: 1 })
    expect(await cache.increment('n', 2)).toBe(2)
    expect(await cache.get('n')).toBe(2)
    expect(await cache.set('t', [1], { ttl: '1m', tags: ['tag'] })).toBe(true)
    expect(await cache.get('t')).toEqual([1])
    expect(await cache.invalidateTag('tag')).toMatchObject({ l2: 'acked' })
    expect(await cache.get('t')).toBeUndefined()
    expect(await cache.getOrSet('loaded', () => 'value')).toBe('value')
    expect(await cache.ttl('loaded')).toBeGreaterThan(3000)
    expect(await cache.deleteByPrefix('')).toBeGreaterThanOrEqual(2)
    expect(await cache.getMany(['a', 'n', 'loaded'])).toEqual(new Map())
    expect(logger.lines.filter(({ level }) => level === 'error')).toEqual([])
  }

  describe.each(ENGINES)('%s', (engine) => {
    it.each(cases)('works: %s %j', async (library, options) => {
      const made = make(library, server.port, options)
      onTestFinished(() => made.close())
      await works(engine, made.client)
    })

    it.each(['ioredis', 'ioredis6'])('is refused by name: %s with stringNumbers', (library) => {
      const made = make(library, server.port, { stringNumbers: true })
      onTestFinished(() => made.close())
      expect(() => cacheOver(engine, made.client, { prefix: 'x:' })).toThrow('client: stringNumbers')
    })

    it.each(['redis5', 'redis', 'ioredis', 'ioredis6'])('works: %s behind a Proxy', async (library) => {
      const made = make(library, server.port, {})
      onTestFinished(() => made.close())
      await works(engine, wrapped(made.client))
    })
  })
})
