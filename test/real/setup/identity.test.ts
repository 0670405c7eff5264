// The databases, prefixes and endpoints that caches share.
import { createCache, type BaseCache } from 'cachette'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { ENGINES, openCache } from '../caches.ts'
import { CLIENT_NAMES, nativeClient } from '../native-clients.ts'
import {
  describeWithServers,
  startCluster,
  startRedis,
  startServerless,
  type RedisServer,
} from '../servers/index.ts'

const SILENT = new RecordingLogger()
const FAST = { ttl: '1h', staleness: { heartbeat: 0.1, maxLag: 0.5 }, logger: SILENT } as const

describeWithServers('caches with one prefix in two databases', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => server.close())

  async function sequences(): Promise<unknown[]> {
    const connection = await server.connect()
    const found: unknown[] = []
    for (const database of [0, 1]) {
      await connection.command('SELECT', database)
      found.push(
        String(await connection.command('GET', 'same:!sequence:0'))
          .split(' ')
          .slice(0, 2)
          .join(' '),
      )
    }
    connection.close()
    return found
  }

  it.each(CLIENT_NAMES)('do not hear each other through %s', async (name) => {
    await server.command('FLUSHALL')
    const logger = new RecordingLogger()
    const natives = [0, 1, 0, 1].map((database) => nativeClient(name, `${server.url}/${database}`))
    const caches: BaseCache[] = await Promise.all(
      natives.map(async ({ client }) => createCache({ ...FAST, logger, redis: client, prefix: 'same:' })),
    )
    const [zero, one, zeroToo, oneToo] = caches as [BaseCache, BaseCache, BaseCache, BaseCache]
    for (const cache of caches) await until('it to be connected', async () => cache.set('connected', 1))
    for (const cache of caches) await cache.get('connected')
    const before = await sequences()

    await zero.set('kept', 'of 0', { tags: ['t'] })
    await one.set('kept', 'of 1', { tags: ['t'] })
    for (let round = 0; round < 50; round++) {
      await Promise.all(caches.map((cache, index) => cache.set(`key ${round}`, `${index % 2}`)))
      expect(await zeroToo.get(`key ${round}`)).toBe('0')
      expect(await oneToo.get(`key ${round}`)).toBe('1')
    }
    await one.invalidateTag('t')

    expect(await one.get('kept')).toBeUndefined()
    expect(await zero.get('kept')).toBe('of 0')
    expect(await sequences()).toEqual(before)
    const all = Array.from({ length: 50 }, (_, round) => `key ${round}`)
    expect((await zero.getMany(all)).size).toBe(50)
    expect((await one.getMany(all)).size).toBe(50)
    expect(logger.summary.filter((line) => line.includes('the same prefix'))).toEqual([])
    for (const cache of caches) await cache.close()
    for (const native of natives) await native.close()
  })
})

describeWithServers('one endpoint before the slots of a cluster', () => {
  describe.each(CLIENT_NAMES)('through %s', (name) => {
    it.each(ENGINES)('is named once by a cache that is not laid out for it (%s)', async (engine) => {
      await using cluster = await startCluster()
      await using service = await startServerless(cluster)
      const logger = new RecordingLogger()
      await using open = await openCache(engine, name, service.url, { prefix: 'p:', wait: false, logger })

      await until('it to be named', async () => {
        await open.cache.set('a', 1)
        return logger.lines.some(({ message }) => message.includes("layout: 'one-slot'"))
      })
      for (let count = 0; count < 20; count++) {
        await open.cache.set(`key ${count}`, count)
        expect(await open.cache.getOrSet(`key ${count}`, () => count)).toBe(count)
      }
      expect(logger.summary.filter((line) => line.includes("layout: 'one-slot'"))).toHaveLength(1)
    })
  })

  it('is refused for a cluster', async () => {
    const cluster = { redis: { url: 'redis+cluster://127.0.0.1', layout: 'one-slot' } } as const
    await expect(createCache({ ...FAST, ...cluster })).rejects.toThrow(
      'layout: a cluster spreads keys by itself',
    )
    await expect(createCache({ ...FAST, redis: { layout: 'two' as never } })).rejects.toThrow("layout: 'two'")
  })
})
