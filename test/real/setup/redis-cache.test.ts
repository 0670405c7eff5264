import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isCacheError, MemoryCache, TieredCache, type BaseCache } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { thrownBy } from '../../support/error-of.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { CLIENT_NAMES, nativeClient, type NativeClient } from '../native-clients.ts'
import { describeWithServers, startRedis, type RedisServer } from '../servers/index.ts'

describeWithServers('caches on a Redis server', () => {
  let server: RedisServer
  const closing: (() => Promise<unknown>)[] = []

  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => {
    for (const close of closing.reverse()) await close()
    await server.close()
  })

  const connected = async (name: (typeof CLIENT_NAMES)[number]): Promise<NativeClient> => {
    const native = nativeClient(name, server.url)
    closing.push(() => native.close())
    return native
  }
  const kept = <C extends BaseCache>(cache: C): C => {
    closing.push(() => cache.close())
    return cache
  }
  describe.each(CLIENT_NAMES)('through %s', (name) => {
    const PREFIX = `${name.replace(/\W/g, '')}:`
    let redis: RedisCache
    let one: TieredCache
    let other: TieredCache

    beforeAll(async () => {
      const { client } = await connected(name)
      redis = kept(new RedisCache({ client, prefix: PREFIX, ttl: '1h' }))
      await until('the server answers', async () => redis.set('ready', 'yes'))
      const tiered = (): TieredCache => kept(new TieredCache({ l1: new MemoryCache(), l2: redis, ttl: '1h' }))
      one = tiered()
      other = tiered()
      await until('a tier follows', async () => (await one.explain('ready')).tiers[0]!.syncAge !== Infinity)
      await until(
        'the other tier follows',
        async () => (await other.explain('ready')).tiers[0]!.syncAge !== Infinity,
      )
    })

    it('keep values where others find them, with and without a tier', async () => {
      expect(await redis.set('plain', { a: [1] })).toBe(true)
      expect(await server.command('GET', `${PREFIX}plain`)).toBe('{"a":[1]}')
      expect(await one.get('plain')).toEqual({ a: [1] })
      expect(await one.set('date', new Date(0))).toBe(true)
      expect(await redis.get('date')).toEqual(new Date(0))
      expect(await redis.increment('counter', 5)).toBe(5)
      expect(await one.increment('counter')).toBe(6)
      expect(await redis.getMany(['plain', 'counter', 'none'])).toHaveLength(2)
      expect(await redis.take('plain')).toEqual({ a: [1] })
      await until('the tier has heard of it', async () => (await one.get('plain')) === undefined)
    })

    it('load once, store what was loaded, and see each other change it', async () => {
      let loads = 0
      const load = async (): Promise<string> => `load ${++loads}`
      const loaded = await Promise.all(
        [one, other, redis].map(async (cache) => cache.getOrSet('loaded', load)),
      )
      expect(new Set(loaded)).toEqual(new Set(['load 1']))
      expect(await other.get('loaded')).toBe('load 1')
      expect(await one.invalidate('loaded')).toMatchObject({ l1: 'acked', l2: 'acked' })
      await until('the other tier has heard of it', async () => (await other.get('loaded')) === undefined)
    })

    it('invalidate tags and namespaces, everywhere', async () => {
      const tagged = { tags: ['t'] }
      await redis.set('a', 1.5, tagged)
      await one.set('b', 'b', tagged)
      await other.namespace('part').set('c', 'c')
      expect(await other.get('a')).toBe(1.5)
      const { token } = await redis.invalidateTag('t')
      expect(await other.get('a', { after: token })).toBeUndefined()
      expect(await one.get('b', { after: token })).toBeUndefined()
      expect(await redis.namespace('part').get('c')).toBe('c')
      expect(await one.namespace('part').clear()).toBe(true)
      await until(
        'the namespace is cleared everywhere',
        async () => (await redis.namespace('part').get('c')) === undefined,
      )
    })

    it('remove by a literal prefix', async () => {
      for (const key of ['p*1', 'p*2', 'px']) await one.set(key, 'value')
      expect(await one.deleteByPrefix('p*')).toBe(2)
      expect(await other.get('px')).toBe('value')
      await until('the prefix is gone everywhere', async () => (await other.get('p*1')) === undefined)
    })
  })

  it('can be opened by a URL, and say once that an entry has no end', async () => {
    const logger = new RecordingLogger()
    const cache = kept(await RedisCache.fromUrl(server.url, { connect: 'required', logger }))
    const told = (): number => logger.summary.filter((line) => line.includes('without a ttl')).length

    expect(await cache.set('key', 'value', '1h')).toBe(true)
    expect(await cache.getOrSet('loaded', () => 'value', { ttl: '1h' })).toBe('value')
    expect(told()).toBe(0)
    expect(await cache.set('key', 'value')).toBe(true)
    expect(await cache.setMany({ a: 1, b: 2 })).toBe(true)
    expect(await server.command('GET', 'cachette:key')).toBe('"value"')
    expect(told()).toBe(1)
  })

  it('are not cleared where there are no bounds, unless the database is theirs', async () => {
    const { client } = await connected('node-redis 6')
    const all = kept(new RedisCache({ client, prefix: '', ttl: '1h' }))
    await expect(all.clear()).rejects.toThrow('ownsDatabase: true')
    await expect(all.deleteByPrefix('')).rejects.toThrow('ownsDatabase: true')
    expect(await all.deleteByPrefix('nothing')).toBe(0)
  })

  it.each([
    ['no client', {}, 'client: there is none; use await RedisCache.create()'],
    ['what is no client', { client: {} }, 'client: it is no client of node-redis 5 or 6 or ioredis 5 or 6'],
    ['an unknown option', { clientt: 1 }, "RedisCache: unknown option 'clientt'"],
    ['braces in the prefix', { prefix: 'a{b}' }, 'prefix must not contain { or }'],
    ['an unknown bus', { bus: 'kafka' }, "bus: 'kafka' is not one of 'pubsub', 'none'"],
    ['a deadline that is none', { deadline: { hard: 0 } }, 'deadline: hard: 0 is not a duration'],
    ['a mistyped deadline', { deadline: { hardd: 1 } }, "deadline: unknown option 'hardd'"],
    [
      'what says neither yes nor no',
      { ownsDatabase: 'yes' },
      "ownsDatabase: 'yes' is not one of true, false",
    ],
    ['a heartbeat beyond the lag', { staleness: { heartbeat: '5s' }, client: {} }, 'client: it is no client'],
  ])('refuse %s', (_, options, message) => {
    const error = thrownBy(() => new RedisCache(options as never))

    expect((error as Error).message).toContain(message)
    expect(isCacheError(error)).toBe(true)
  })
})
