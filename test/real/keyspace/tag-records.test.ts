import { expect, it } from 'vitest'
import { MemoryCache, TieredCache, type BaseCache } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { until } from '../../support/until.ts'
import { ENGINES, openCache } from '../caches.ts'
import { nativeClient } from '../native-clients.ts'
import { describeWithServers, startRedis, type RedisServer } from '../servers/index.ts'

const HOUR_MS = 3_600_000
const LIBRARIES = ['node-redis 6', 'ioredis 5'] as const
const CASES = ENGINES.flatMap((engine) => LIBRARIES.map((library) => [engine, library] as const))

describeWithServers('records of tags', () => {
  it.each(CASES)('live as long as the entries that bear them: %s, %s', async (engine, library) => {
    await using server = await startRedis()
    await using opened = await openCache(engine, library, server.url, { prefix: 'app:' })
    const { cache } = opened
    const leftMs = async (tag: string): Promise<number> =>
      Number(await server.command('PTTL', `app:!tag:${tag}`))
    await cache.set('short', 1, { ttl: 1, tags: ['short'] })
    expect(await leftMs('short')).toBeGreaterThan(1_000)
    expect(await leftMs('short')).toBeLessThanOrEqual(10_000)

    const ways: Record<string, (cache: BaseCache) => Promise<unknown>> = {
      set: async () => cache.set('a', 1, { ttl: '1h', grace: '1h', tags: ['set'] }),
      setMany: async () => cache.setMany([['b', 1]], { ttl: '2h', tags: ['setMany'] }),
      load: async () => cache.getOrSet('c', () => 1, { ttl: '2h', tags: ['load'] }),
      'a load that tells its ttl late': async () =>
        cache.getOrSet('d', ({ setTtl }) => (setTtl('2h'), 1), {
          ttl: 1,
          tags: ['a load that tells its ttl late'],
        }),
      'a tag that its loader names': async () =>
        cache.getOrSet('e', ({ setTags }) => (setTags(['a tag that its loader names']), 1), { ttl: '2h' }),
      increment: async () => cache.increment('n', 1, { ttl: '2h', tags: ['increment'] }),
    }
    // A loader can name a tag only while the log is followed.
    await until('the log to be followed', async () => {
      await cache.getOrSet('e0', ({ setTags }) => (setTags(['short']), 1), { ttl: 1 })
      return (await cache.get('e0')) === 1
    })
    for (const [tag, way] of Object.entries(ways)) {
      await way(cache)
      expect(await leftMs(tag), tag).toBeGreaterThan(2 * HOUR_MS - 60_000)
    }
    // A later use with a longer ttl prolongs the record, and one without an end removes its end.
    await cache.set('f', 1, { ttl: '9h', tags: ['set'] })
    expect(await leftMs('set')).toBeGreaterThan(9 * HOUR_MS - 60_000)
    expect(await cache.expire('a', '30h')).toBe(true)
    expect(await leftMs('set')).toBeGreaterThan(31 * HOUR_MS - 60_000)
    await cache.set('g', 1, { ttl: Infinity, tags: ['set'] })
    expect(await leftMs('set')).toBe(-1)
    expect([await cache.get('a'), await cache.get('f'), await cache.get('g')]).toEqual([1, 1, 1])
    await cache.invalidateTag('set')
    expect([await cache.get('a'), await cache.get('f'), await cache.get('g')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(await leftMs('set')).toBeGreaterThan(0)
    expect(await leftMs('set')).toBeLessThanOrEqual(60_000)
  })

  it.each(LIBRARIES)('that cannot be read are replaced, and hide nothing for good: %s', async (library) => {
    await using server = await startRedis()
    await using opened = await openCache('redis', library, server.url, { prefix: 'app:' })
    const { cache } = opened
    for (const spoil of [
      ['SET', 'app:!tag:t', 'garbage'],
      ['RPUSH', 'app:!tag:t', 'x'],
    ] as const) {
      await server.command('DEL', 'app:!tag:t')
      await server.command(...spoil)
      await using fresh = await openCache('redis', library, server.url, { prefix: 'app:' })
      expect(await fresh.cache.set('a', 1, { ttl: '1h', tags: ['t'] })).toBe(true)
      expect(await fresh.cache.get('a')).toBe(1)
    }
    await server.command('DEL', 'app:!tag:t')
    await server.command('RPUSH', 'app:!tag:t', 'x')
    expect(await cache.invalidateTag('t')).toMatchObject({ l2: 'acked' })
  })

  async function commands(server: RedisServer): Promise<number> {
    const info = String(await server.command('INFO', 'stats'))
    return Number(/total_commands_processed:(\d+)/.exec(info)![1])
  }

  it(
    'are known for every entry that the tier keeps: hits of 11,000 tags send nothing',
    { timeout: 60_000 },
    async () => {
      await using server = await startRedis()
      const native = nativeClient('node-redis 6', server.url)
      const silent = { warn: () => undefined, error: () => undefined }
      const l2 = new RedisCache({ client: native.client, prefix: 'app:', ttl: '1h', logger: silent })
      const l1 = new MemoryCache({ maxEntries: 50_000 })
      const quiet = { staleness: { heartbeat: '5m', maxLag: '10m', maxStale: '10m' } } as const
      const cache = new TieredCache({ l1, l2, ttl: '1h', logger: silent, ...quiet })
      await until('the cache to be connected', async () => cache.set('connected', true))
      const keys = Array.from({ length: 11_000 }, (_, index) => `key:${index}`)
      for (const key of keys) await cache.set(key, key, { tags: [`tag of ${key}`] })
      // The node asks again for every agreed generation.
      await cache.invalidateTag('another')
      await until('the tier to have all', async () => {
        const before = await commands(server)
        for (const key of keys) expect(await cache.get(key)).toBe(key)
        return (await commands(server)) - before <= 1
      })
      for (const close of [cache, l2, l1]) await close.close()
      await native.close()
    },
  )
})
