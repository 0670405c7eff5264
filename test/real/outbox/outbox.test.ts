// Invalidations of an outage: none is forgotten, whatever else happens, and none undoes a later `set`.
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { ENGINES, openCache, type Engine, type OpenCache } from '../caches.ts'
import type { ClientName } from '../native-clients.ts'
import {
  describeWithServers,
  startCluster,
  startProxy,
  startRedis,
  type RedisServer,
} from '../servers/index.ts'

const PREFIX = 'app:'
const LIBRARIES: readonly ClientName[] = ['node-redis 6', 'ioredis 5']
const EVERY: readonly (readonly [Engine, ClientName])[] = [
  ['redis', 'node-redis 5'],
  ['redis', 'ioredis 6'],
  ['tiered', 'node-redis 6'],
  ['tiered', 'ioredis 5'],
]
const BOTH = ENGINES.flatMap((engine) => LIBRARIES.map((client) => [engine, client] as const))

async function server(): Promise<RedisServer> {
  const started = await startRedis()
  onTestFinished(() => started.close())
  return started
}

async function open(
  engine: Engine,
  client: ClientName,
  url: string,
  options: object = {},
): Promise<OpenCache> {
  const opened = await openCache(engine, client, url, {
    prefix: PREFIX,
    staleness: { heartbeat: '100ms', maxLag: 1 },
    ...options,
  })
  onTestFinished(() => opened[Symbol.asyncDispose]())
  return opened
}

async function isAway({ cache }: OpenCache): Promise<void> {
  await until('the loss', async () => !(await cache.set('probe', 1)))
}

async function isDrained({ cache }: OpenCache, timeoutMs = 20_000): Promise<void> {
  const figures = (): number => {
    const { keys, tags, prefixes, overflowed } = cache.stats().outbox!
    return keys + tags + prefixes + overflowed
  }
  await until(`nothing to be queued, ${figures()} left`, () => figures() === 0, { timeoutMs })
}

describeWithServers('the outbox', () => {
  describe.each(EVERY)('%s over %s', (engine, client) => {
    it('keeps an invalidation beside 10,000 sets that fail', async () => {
      const redis = await server()
      const one = await open(engine, client, redis.url)
      const { cache } = one
      await cache.set('price', 'old')
      const data = await redis.snapshot()
      await redis.kill()
      await isAway(one)

      expect(await cache.invalidate('price')).toMatchObject({ l1: 'acked', l2: 'queued' })
      await Promise.all(Array.from({ length: 10_000 }, async (_, index) => cache.set(`other ${index}`, 1)))
      await redis.restart(data)
      await isDrained(one)

      expect(await redis.command('EXISTS', `${PREFIX}price`)).toBe(0)
      expect(await cache.get('price')).toBe(undefined)
      expect(cache.stats().outbox!.dropped).toBe(0)
    })
  })

  describe.each(BOTH)('%s over %s', (engine, client) => {
    it('keeps 25,000 invalidations of a frozen server', async () => {
      const redis = await server()
      const one = await open(engine, client, redis.url)
      const { cache } = one
      const keys = Array.from({ length: 25_000 }, (_, index) => `key ${index}`)
      for (let from = 0; from < keys.length; from += 1_000)
        await cache.setMany(keys.slice(from, from + 1_000).map((key) => [key, 'old'] as const))
      await cache.set('kept', 'new')
      redis.freeze()

      expect(await cache.invalidate(keys)).toMatchObject({ l1: 'acked', l2: 'queued' })
      expect(cache.stats().outbox!.overflowed).toBeGreaterThan(0)
      redis.resume()
      await until('the server', async () => cache.set('after', 1))
      expect(await Promise.all(keys.slice(0, 50).map(async (key) => cache.get(key)))).toEqual(
        Array.from({ length: 50 }),
      )
      await isDrained(one)

      expect(await redis.command('EXISTS', ...keys.map((key) => PREFIX + key))).toBe(0)
      expect(await cache.get('kept')).toBe('new')
    }, 60_000)

    it('undoes no set that was answered true', async () => {
      const redis = await server()
      const proxy = await startProxy({ port: redis.port })
      onTestFinished(() => proxy.close())
      const one = await open(engine, client, proxy.url)
      const { cache } = one
      const keys = Array.from({ length: 3_000 }, (_, index) => `key ${index}`)
      proxy.mode = { kind: 'refuse' }
      proxy.cut()
      await isAway(one)
      await Promise.all(keys.map(async (key) => cache.set(key, 'lost')))
      proxy.mode = { kind: 'delay', ms: 1 }

      // The calls come while the replay is under way, and after it.
      const stored = new Map<string, number>()
      for (let round = 0; stored.size < 60 || cache.stats().outbox!.keys > 0; round++) {
        await setImmediate()
        await Promise.all(
          keys.slice(0, 60).map(async (key) => {
            if (await cache.set(key, round)) stored.set(key, round)
          }),
        )
      }
      await isDrained(one)

      expect(stored.size).toBe(60)
      const found = await cache.getMany([...stored.keys()])
      expect([...stored].filter(([key, round]) => found.get(key) !== round)).toEqual([])
    })

    it('sends 9,000 keys in a few seconds over a slow line, and shares loads of them', async () => {
      const redis = await server()
      const proxy = await startProxy({ port: redis.port })
      onTestFinished(() => proxy.close())
      const one = await open(engine, client, proxy.url)
      const { cache } = one
      const keys = Array.from({ length: 9_000 }, (_, index) => `key ${index}`)
      proxy.mode = { kind: 'refuse' }
      proxy.cut()
      await isAway(one)
      await Promise.all(keys.map(async (key) => cache.set(key, 'lost')))
      proxy.mode = { kind: 'delay', ms: 1 }
      await until('the server', async () => cache.set('back', 1))

      let loads = 0
      const load = async (): Promise<number> => {
        await setImmediate()
        return ++loads
      }
      await Promise.all(Array.from({ length: 50 }, async () => cache.getOrSet('key 8999', load)))
      for (let call = 0; call < 20; call++) await cache.getOrSet('key 8999', load)
      await isDrained(one, 5_000)

      expect(loads).toBeLessThanOrEqual(2)
    })

    it('repeats a prefix and a clear', async () => {
      const redis = await server()
      const one = await open(engine, client, redis.url)
      const { cache } = one
      const physical = cache.namespace('space', { mode: 'physical' })
      await cache.set('user:1', 'old')
      await physical.set('a', 'old')
      await cache.set('other', 'kept')
      const data = await redis.snapshot()
      await redis.kill()
      await isAway(one)

      expect(await cache.deleteByPrefix('user:')).toBe(undefined)
      expect(await physical.clear()).toBe(false)
      expect(cache.stats().outbox).toMatchObject({ prefixes: 2 })
      await redis.restart(data)
      await until('the server', async () => cache.set('after', 1))
      expect(await cache.get('user:1')).toBe(undefined)
      expect(await physical.get('a')).toBe(undefined)
      await isDrained(one)

      expect(await redis.command('EXISTS', `${PREFIX}user:1`, `${PREFIX}space:a`)).toBe(0)
      expect(await cache.get('other')).toBe('kept')
      expect(await cache.set('user:1', 'new')).toBe(true)
      expect(await cache.get('user:1')).toBe('new')
    })

    it('holds nothing back for keys that the user may not change', async () => {
      const redis = await server()
      const one = await open(engine, client, redis.url)
      const { cache } = one
      const keys = Array.from({ length: 100 }, (_, index) => (index === 37 ? 'denied' : `key ${index}`))
      await cache.setMany(keys.map((key) => [key, 'old'] as const))
      await redis.command(
        'ACL',
        'SETUSER',
        'default',
        'resetkeys',
        `~${PREFIX}key*`,
        `~${PREFIX}!*`,
        `~${PREFIX}probe`,
      )
      // All of them are one script, which the server refuses as a whole.
      expect(await cache.invalidate(keys)).toMatchObject({ l2: 'queued' })
      await until('all but one', () => cache.stats().outbox!.keys === 1)

      await redis.command('ACL', 'SETUSER', 'default', 'allkeys')
      expect(await redis.command('EXISTS', ...keys.map((key) => PREFIX + key))).toBe(1)
      expect(await cache.get('denied')).toBe(undefined)
    })
  })

  it.each(BOTH)('%s over %s: a master that is away holds back its own keys alone', async (engine, client) => {
    const cluster = await startCluster()
    onTestFinished(() => cluster.close())
    const one = await open(engine, client, cluster.url)
    const { cache } = one
    const keys = Array.from({ length: 300 }, (_, index) => `key ${index}`)
    await cache.setMany(keys.map((key) => [key, 'old'] as const))
    const masters = await cluster.masters()
    for (const master of masters) master.freeze()
    expect(await cache.invalidate(keys)).toMatchObject({ l2: 'queued' })
    for (const master of masters.slice(1)) master.resume()
    await until('those of the others', () => cache.stats().outbox!.keys < 150)
    masters[0]!.resume()
    await isDrained(one)

    expect((await cache.getMany(keys)).size).toBe(0)
    expect(await cache.set('key 1', 'new')).toBe(true)
  })

  it('tells once, and counts, what has no room at all', async () => {
    const redis = await server()
    const logger = new RecordingLogger()
    const one = await open('redis', 'node-redis 6', redis.url, { logger })
    const { cache } = one
    await redis.kill()
    await isAway(one)
    const keys = Array.from({ length: 150_000 }, (_, index) => `key ${index}`)

    expect(await cache.invalidate(keys)).toMatchObject({ l1: 'dropped', l2: 'dropped' })
    expect(await cache.invalidate('last')).toMatchObject({ l2: 'dropped' })
    expect(cache.stats().outbox!.dropped).toBeGreaterThan(10_000)
    expect(logger.lines.filter(({ level }) => level === 'error').length).toBe(1)
  })
})
