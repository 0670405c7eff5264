// The life of a connection: closed while idle, dropped without an error, demoted, moved to other addresses.
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { RedisClient, Reply } from '../../../src/redis/connection/client.ts'
import type { ConnectionOptions } from '../../../src/redis/connection/options.ts'
import { openClient } from '../../../src/redis/libraries/open.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { ENGINES, openCache } from '../caches.ts'
import type { ClientName } from '../native-clients.ts'
import {
  describeWithServers,
  startCluster,
  startHosted,
  startRedis,
  startReplica,
  startSentinelGroup,
  type HostedService,
  type RedisServer,
} from '../servers/index.ts'
import { IMPORTS } from './libraries.ts'
import { realSettings } from './setting.ts'

const READ_ONLY = 'warn: Redis is read-only here; its address is resolved and connected to again'
const WRITES = 'info: Redis writes again'

async function start(): Promise<RedisServer> {
  const server = await startRedis()
  onTestFinished(() => server.close())
  return server
}

async function hosted(...args: Parameters<typeof startHosted>): Promise<HostedService> {
  const service = await startHosted(...args)
  onTestFinished(() => service.close())
  return service
}

async function open(
  library: string,
  options: ConnectionOptions,
): Promise<{ redis: RedisClient; logger: RecordingLogger }> {
  const settings = realSettings()
  const redis = await openClient(options, settings, IMPORTS[library])
  onTestFinished(() => redis.close())
  return { redis, logger: settings.logger }
}

function run(redis: RedisClient, ...args: string[]): Promise<Reply> {
  return redis.connectionFor(args[1] ?? 'a').run({ args }, 'text')
}

/** Lets a service drop connections that were idle for that time. */
async function idleFor(ms: number): Promise<void> {
  const since = performance.now()
  await until('it to be idle for long enough', () => performance.now() - since > ms)
}

const LIBRARIES = Object.keys(IMPORTS)

describeWithServers('a connection', () => {
  describe.each(LIBRARIES)('of our own, by %s', (library) => {
    it('leaves a server that was demoted for the one that its address leads to', async () => {
      const [old, next] = [await start(), await start()]
      const service = await hosted(old)
      const { redis, logger } = await open(library, { url: service.url, connect: 'required' })
      const received: string[] = []
      redis.subscribe(
        'channel',
        (text) => received.push(text),
        () => {},
      )
      expect(await run(redis, 'SET', 'a', '1')).toBe('OK')

      service.moveTo(next)
      await old.makeReadOnly()
      await expect(run(redis, 'SET', 'a', '2')).rejects.toMatchObject({ reason: 'read-only' })
      await until('a write', async () => (await run(redis, 'SET', 'a', '3')) === 'OK', { timeoutMs: 10_000 })
      expect(await next.command('GET', 'a')).toBe('3')
      await until('the bus', async () => {
        await next.command('PUBLISH', 'channel', 'text')
        return received.length > 0
      })

      expect(logger.summary).toEqual([READ_ONLY, WRITES])
    })

    it('that was dropped while idle is given up after the first time-out', async () => {
      const service = await hosted(await start(), { idle: { afterMs: 300, how: 'black-hole' } })
      const { redis } = await open(library, { url: service.url, connect: 'required' })
      await run(redis, 'PING')
      await idleFor(400)

      await expect(run(redis, 'PING')).rejects.toMatchObject({ reason: 'timeout' })
      // Without the question this would take ten times as long.
      await until('an answer', async () => (await run(redis, 'PING')) === 'PONG', { timeoutMs: 5000 })
    })

    it('that is closed while idle is opened again without a line, and calls wait for it', async () => {
      const service = await hosted(await start())
      const { redis, logger } = await open(library, { url: service.url, connect: 'required' })
      for (let round = 0; round < 3; round++) {
        await service.closeIdle()
        expect(await run(redis, 'PING')).toBe('PONG')
      }

      expect(logger.lines).toEqual([])
    })

    it('of the bus that is closed while idle is opened again without a line', async () => {
      const service = await hosted(await start(), { idle: { afterMs: 500, how: 'close' } })
      const { redis, logger } = await open(library, { url: service.url, connect: 'required' })
      let subscriptions = 0
      redis.subscribe(
        'channel',
        () => {},
        () => subscriptions++,
      )
      await until('the third subscription', () => subscriptions > 2)

      expect(logger.lines).toEqual([])
    })

    it('names the version that is needed, if the server is too old', async () => {
      const service = await hosted(await start(), {
        refused: new Set(['SET', 'EVAL', 'EVALSHA']),
        refusal: () => 'ERR syntax error',
      })
      const { redis, logger } = await open(library, { url: service.url, connect: 'required' })
      await until('the line', () => logger.lines.length > 0)
      await run(redis, 'SET', 'a', '1', 'NX', 'GET').catch(() => {})

      expect(logger.summary).toEqual(['error: Redis is too old: Redis 7.0 or Valkey 7.2 is needed, or later'])
    })

    it('asks nothing of a server that is new enough but one question', async () => {
      const server = await start()
      const { redis, logger } = await open(library, { url: server.url, connect: 'required' })
      await run(redis, 'PING')

      expect(await server.command('DBSIZE')).toBe(0)
      expect(logger.lines).toEqual([])
    })

    it('tells why, if one side speaks TLS and the other does not', async () => {
      await using secret = await startRedis({ tls: true })
      const plain = await start()
      for (const [url, reason] of [
        [`redis://127.0.0.1:${secret.port}`, /perhaps it speaks TLS/],
        [`rediss://127.0.0.1:${plain.port}`, /does not answer in TLS/],
      ] as const) {
        const { logger } = await open(library, { url })
        await until('a line', () => logger.lines.length > 0)
        expect((logger.lines[0]!.details as { err: Error }).err.message).toMatch(reason)
        expect(logger.summary[0]).toMatch(/^error: Redis can not be spoken to; check whether its URL/)
      }
    })

    it('of a cluster is waited for by the first calls', async () => {
      await using cluster = await startCluster()
      const { redis, logger } = await open(library, { url: cluster.url })
      const keys = Array.from({ length: 20 }, (_, index) => `key ${index}`)

      expect(await Promise.all(keys.map((key) => run(redis, 'INCR', key)))).toEqual(keys.map(() => 1))
      expect((await redis.masters()).length).toBe(3)
      expect(logger.lines).toEqual([])
    })

    it('finds a cluster by the URL, if all of its nodes have other addresses', async () => {
      await using next = await startCluster()
      const old = await startCluster()
      const service = await hosted((await old.masters())[0]!)
      const { redis } = await open(library, { url: `redis+cluster://127.0.0.1:${service.port}` })
      expect(await run(redis, 'SET', 'a', '1')).toBe('OK')

      service.moveTo((await next.masters())[0]!)
      await old.close()
      await until('a write', async () => (await run(redis, 'SET', 'a', '2')) === 'OK')
    })

    it('finds sentinels by the URL, if all of them and all servers have other addresses', async () => {
      const written = vi.spyOn(console, 'error')
      onTestFinished(() => written.mockRestore())
      await using next = await startSentinelGroup()
      const old = await startSentinelGroup()
      const portOf = (url: string): number => Number(/:(\d+)/.exec(url.split('//')[1]!)![1])
      const service = await hosted({ port: portOf(old.url) })
      const name = old.url.split('/').at(-1)
      const { redis } = await open(library, { url: `redis+sentinel://127.0.0.1:${service.port}/${name}` })
      await until('a write', async () => (await run(redis, 'SET', 'a', '1')) === 'OK')

      service.moveTo({ port: portOf(next.url) })
      service.cut()
      await old.close()
      await until('a write', async () => (await run(redis, 'SET', 'a', '2')) === 'OK')
      // ioredis writes errors without a listener so.
      expect(written).not.toHaveBeenCalled()
    })
  })

  const combinations = ENGINES.flatMap((engine) =>
    LIBRARIES.map((library) => [engine, library as ClientName] as const),
  )

  describe.each(combinations)("of a user's client: %s, %s", (engine, client) => {
    it('leaves a server that was demoted', async () => {
      const old = await start()
      const next = await startReplica(old)
      onTestFinished(() => next.close())
      const service = await hosted(old)
      const logger = new RecordingLogger()
      await using opened = await openCache(engine, client, service.url, { prefix: 'app:', logger, ttl: '1h' })
      const { cache } = opened

      service.moveTo(next)
      await next.makeWritable()
      await old.command('REPLICAOF', '127.0.0.1', next.port)
      await until('a write', async () => cache.set('a', 1), { timeoutMs: 10_000 })

      expect(await cache.get('a')).toBe(1)
      expect(await next.command('EXISTS', 'app:a')).toBe(1)
      await until('both lines', () => logger.summary.length >= 2)
      expect(logger.summary).toEqual([READ_ONLY, WRITES])
    })

    it('of a cluster is waited for by the first calls', async () => {
      await using cluster = await startCluster()
      const settings = { prefix: 'app:', logger: new RecordingLogger(), ttl: '1h', wait: false } as const
      await using opened = await openCache(engine, client, cluster.url, settings)
      const { cache } = opened

      const answers = [cache.set('a', 1), cache.increment('b'), cache.setMany({ c: 1, d: 2, e: 3 })]
      expect(await Promise.all(answers)).toEqual([true, 1, true])
      expect(await cache.get('a')).toBe(1)
      expect(settings.logger.lines).toEqual([])
    })

    it('that was dropped while idle is given up after the first time-out', async () => {
      const service = await hosted(await start(), { idle: { afterMs: 1500, how: 'black-hole' } })
      const settings = { prefix: 'app:', logger: new RecordingLogger(), ttl: '1h', bus: 'none' } as const
      // The settings have no heartbeat, which would keep the connection busy.
      await using opened = await openCache(engine, client, service.url, {
        ...settings,
        staleness: { heartbeat: '1m', maxLag: '3m', maxStale: '5m' },
      })
      await idleFor(2000)
      await until('a write', async () => opened.cache.set('a', 1), { timeoutMs: 8000 })
    })

    it('that is closed while idle is opened again without a line', async () => {
      const service = await hosted(await start())
      const logger = new RecordingLogger()
      const settings = {
        prefix: 'app:',
        logger,
        ttl: '1h',
        staleness: { heartbeat: '1m', maxLag: '3m', maxStale: '5m' },
      } as const
      await using opened = await openCache(engine, client, service.url, settings)
      for (let round = 0; round < 3; round++) {
        await service.closeIdle()
        expect(await opened.cache.set('a', round)).toBe(true)
      }

      expect(logger.lines).toEqual([])
    })
  })
})
