// The queue for the server when a cache is closed.
import { expect, it, onTestFinished } from 'vitest'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { ENGINES, openCache } from '../caches.ts'
import type { ClientName } from '../native-clients.ts'
import { describeWithServers, startRedis, type RedisServer } from '../servers/index.ts'

const CLIENTS: readonly ClientName[] = ['node-redis 6', 'ioredis 5']
const BOTH = ENGINES.flatMap((engine) => CLIENTS.map((client) => [engine, client] as const))
const LEFT =
  'warn: the cache is closed, and invalidations still wait for the server; entries that they cover may be read until their ttl ends'

// No beat is due before the end of a test.
const staleness = { heartbeat: '1h', maxLag: '2h', maxStale: '2h' }

async function started(): Promise<RedisServer> {
  const server = await startRedis()
  onTestFinished(() => server.close())
  return server
}

async function opened(...[engine, client]: (typeof BOTH)[number]) {
  const server = await started()
  const logger = new RecordingLogger()
  const { cache, native } = await openCache(engine, client, server.url, {
    prefix: 'app:',
    staleness,
    logger,
  })
  onTestFinished(() => native.close())
  return { server, logger, cache }
}

describeWithServers('a cache that is closed', () => {
  it.each(BOTH)('sends what is queued: %s over %s', async (engine, client) => {
    const { server, logger, cache } = await opened(engine, client)
    await cache.set('key', 'old')
    await cache.set('tagged', 'old', { tags: ['tag'] })
    await cache.set('pre:fixed', 'old')
    await server.command('CONFIG', 'SET', 'min-replicas-to-write', 1)
    expect(await cache.invalidate('key')).toMatchObject({ l2: 'queued' })
    expect(await cache.invalidateTag('tag')).toMatchObject({ l2: 'queued' })
    expect(await cache.deleteByPrefix('pre:')).toBe(undefined)

    await server.command('CONFIG', 'SET', 'min-replicas-to-write', 0)
    await cache.close()
    expect(await server.command('EXISTS', 'app:key', 'app:pre:fixed')).toBe(0)
    await using other = await openCache('redis', client, server.url, { prefix: 'app:' })
    expect(await other.cache.get('tagged')).toBe(undefined)
    expect(logger.summary).not.toContain(LEFT)
  })

  it.each(BOTH)('tells what it could not send, within a deadline: %s over %s', async (engine, client) => {
    const { server, logger, cache } = await opened(engine, client)
    await server.kill()
    await until('the loss', async () => !(await cache.set('key', 'new')))
    await cache.invalidate('other')
    const began = performance.now()
    await cache.close()
    expect(performance.now() - began).toBeLessThan(5000)
    expect(logger.lines.find(({ message }) => `warn: ${message}` === LEFT)?.details).toEqual({
      cache: 'cache',
      count: 2,
    })
  })
})
