// The log of a service in trouble: one line for each transition of a server, whatever the calls and caches.
import { expect, it, onTestFinished } from 'vitest'
import { RateLimiter } from 'cachette/ratelimit'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { cacheOver, ENGINES, openCache } from '../caches.ts'
import { nativeClient, type ClientName } from '../native-clients.ts'
import { describeWithServers, startCluster, startRedis } from '../servers/index.ts'

const LOST = 'warn: Redis is not connected; it is tried again until it is'
const BACK = 'info: Redis is connected again'
const SILENT = 'warn: Redis does not answer; it is not asked until it does'
const ANSWERS = 'info: Redis answers again'
const REPLACED = 'info: another server of the cluster has taken over'

const CLIENTS: readonly ClientName[] = ['node-redis 6', 'node-redis 5', 'ioredis 5', 'ioredis 6']
const COMBINATIONS = ENGINES.flatMap((engine) => CLIENTS.map((client) => [engine, client] as const))

/** Repeats calls until a condition holds, and at least the given number of times. */
async function repeat(calls: () => Promise<unknown>, isOver: () => boolean, atLeast = 200): Promise<void> {
  let round = 0
  await until('the end of the calls', async () => {
    for (let count = 0; count < 20; count++, round++) await calls()
    return round >= atLeast && isOver()
  })
}

describeWithServers('the lines of a service in trouble', () => {
  it.each(COMBINATIONS)('are two while Redis is killed and back: %s, %s', async (engine, client) => {
    await using server = await startRedis()
    const logger = new RecordingLogger()
    const settings = { prefix: 'app:', logger, ttl: '1h' }
    await using opened = await openCache(engine, client, server.url, settings)
    const { cache } = opened
    await cache.set('hot', 1, { tags: ['hot'] })
    await cache.get('hot')

    await server.kill()
    let round = 0
    // By turns memory can serve the calls, and can't.
    await repeat(
      async () => {
        round++
        await cache.get('hot')
        await cache.get(`cold ${round}`)
        await cache.getOrSet(`loaded ${round}`, () => round)
        if (round % 50 === 1) await cache.invalidateTag('tag')
        await cache.get('hot')
        await cache.delete(`deleted ${round % 10}`)
      },
      () => logger.lines.length > 0,
    )
    await server.restart()
    await until('the return', async () => cache.set('again', 1))
    await until('the last line', () => logger.lines.length > 1)

    expect(logger.summary).toEqual([LOST, BACK])
    expect(logger.lines[0]!.details).toMatchObject({ cache: 'cache', err: { reason: 'unavailable' } })
    const { durationMs, failedCalls, repeatedInvalidations } = logger.lines[1]!.details as Record<
      string,
      number
    >
    expect(durationMs).toBeGreaterThan(0)
    expect(failedCalls).toBeGreaterThan(100)
    expect(repeatedInvalidations).toBeGreaterThan(10)
  })

  it.each(CLIENTS)('are two for whatever number of caches and limiters: %s', async (client) => {
    await using server = await startRedis()
    const logger = new RecordingLogger()
    const native = nativeClient(client, server.url)
    await using other = await openCache('redis', client, server.url, {
      prefix: 'other:',
      logger,
      name: 'other',
    })
    const settings = { prefix: 'app:', logger, name: 'app' }
    const caches = [
      other.cache,
      cacheOver('redis', native.client, settings),
      cacheOver('tiered', native.client, settings),
    ]
    onTestFinished(async () => {
      await caches[1]!.close()
      await caches[2]!.close()
      await native.close()
    })
    const limiters = caches.map((cache) => new RateLimiter(cache, { name: 'api', limit: 1e6, window: '1h' }))
    for (const cache of caches) await until('a connection', async () => cache.set('a', 1))

    await server.kill()
    await repeat(
      async () => {
        await Promise.all(caches.map((cache) => cache.get('cold')))
        await Promise.all(limiters.map((limiter) => limiter.consume('a')))
      },
      () => logger.lines.length > 0,
    )
    await server.restart()
    for (const cache of caches) await until('the return', async () => cache.set('a', 1))
    await until('the last line', () => logger.lines.length > 1)

    expect(logger.summary).toEqual([LOST, BACK])
    expect((logger.lines[1]!.details as { cache: string }).cache.split(', ').toSorted()).toEqual([
      'app',
      'other',
    ])
  })

  it.each(COMBINATIONS)('are two for one frozen master of three: %s, %s', async (engine, client) => {
    await using cluster = await startCluster()
    const logger = new RecordingLogger()
    const settings = { prefix: 'app:', logger }
    await using opened = await openCache(engine, client, cluster.url, settings)
    const { cache } = opened
    const keys = Array.from({ length: 30 }, (_, index) => `key ${index}`)
    await until('every master', async () => cache.setMany(keys.map((key) => [key, 1] as const)))
    const limiter = new RateLimiter(cache, { name: 'api', limit: 1e6, window: '1h' })
    const owner = (await cluster.masters())[0]!

    owner.freeze()
    await repeat(
      async () => {
        await Promise.all(keys.map((key) => cache.get(`${key} cold`)))
        await Promise.all(keys.map((key) => limiter.consume(key)))
      },
      () => logger.lines.length > 0,
    )
    owner.resume()
    await until('the return', async () => cache.setMany(keys.map((key) => [key, 1] as const)))
    // On a busy machine another master may be silent for longer than a deadline, too.
    const node = `127.0.0.1:${owner.port}`
    const linesOf = () => logger.lines.filter(({ details }) => (details as { node?: string }).node === node)
    await until('the last line', () => linesOf().length > 1)
    const lines = linesOf()
    expect(lines.map(({ details }) => details)).toMatchObject([{ cache: 'cache' }, { cache: 'cache' }])
    const [first, second] = lines.map(({ level, message }) => `${level}: ${message}`)
    expect(first).toBe(SILENT)
    // Its replica may have been faster.
    expect([ANSWERS, REPLACED]).toContain(second)
  })

  it.each(ENGINES)('are few for a key whose refresh fails beside a healthy one: %s', async (engine) => {
    await using server = await startRedis()
    const logger = new RecordingLogger()
    await using opened = await openCache(engine, 'node-redis 6', server.url, { prefix: 'app:', logger })
    const { cache } = opened
    const options = { ttl: 0.001, grace: '1h' }
    let failures = 0
    await repeat(
      async () => {
        await cache.getOrSet('healthy', () => 1, options)
        await cache.getOrSet(
          'failing',
          ({ stale }) => {
            if (stale === undefined) return 1
            failures++
            throw new Error('no database')
          },
          options,
        )
      },
      () => failures > 20,
    )

    expect(logger.summary).toEqual(['warn: a refresh in the background failed; the stale value is served'])
    expect(logger.lines[0]!.details).toMatchObject({ err: { message: 'no database' } })
  })

  it.each(CLIENTS)('are two for a server that has no memory left: %s', async (client) => {
    await using server = await startRedis()
    const logger = new RecordingLogger()
    await using opened = await openCache('redis', client, server.url, { prefix: 'app:', logger })
    const { cache } = opened

    await server.command('CONFIG', 'SET', 'maxmemory', '1')
    for (let round = 0; round < 100; round++) {
      await cache.increment('counter')
      await cache.get('a')
    }
    await server.command('CONFIG', 'SET', 'maxmemory', '0')
    expect(await cache.increment('counter')).toBe(1)
    await cache.increment('counter')

    expect(logger.summary).toEqual([
      'warn: Redis has no memory left and refuses to write; raise maxmemory, or set an eviction policy',
      'info: Redis writes again',
    ])
  })
})
