import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createCache, getRedisCache, MemoryCache, TieredCache } from '../../../src/index.ts'
import { Lock } from '../../../src/lock/index.ts'
import { RateLimiter } from '../../../src/ratelimit/index.ts'
import { RedisCache } from '../../../src/redis/index.ts'
import { deferred } from '../../support/deferred.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { describeWithServers, startCluster, startRedis, type RedisServer } from '../servers/index.ts'
import { CLIENT_NAMES, nativeClient } from '../native-clients.ts'

const OPTIONS = { ttl: '1h', logger: { warn: () => undefined, error: () => undefined } } as const

describeWithServers('createCache with Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => server.close())
  afterEach(() => vi.unstubAllEnvs())

  const isUp = async (cache: { set(key: string, value: unknown): Promise<boolean> }): Promise<void> =>
    vi.waitFor(async () => expect(await cache.set('probe', 1)).toBe(true))

  it.each(['CACHE_URL', 'REDIS_URL', 'VALKEY_URL'])('prefers the Redis that %s names', async (variable) => {
    vi.stubEnv(variable, server.url)
    await using cache = await createCache<number>({ ...OPTIONS, prefix: `${variable}:` })
    await isUp(cache)

    expect(cache).toBeInstanceOf(TieredCache)
    await cache.set('a', 1)
    await using other = await createCache<number>({ ...OPTIONS, prefix: `${variable}:` })
    await vi.waitFor(async () => expect(await other.get('a')).toBe(1))
  })

  it('is in memory without Redis, and where it is asked to be', async () => {
    await using plain = await createCache({ ...OPTIONS, l1: { ttl: '1m' } })
    await plain.set('a', 1)
    expect(await plain.ttl('a')).toBeGreaterThan(3000)
    expect(plain).toBeInstanceOf(MemoryCache)

    vi.stubEnv('REDIS_URL', server.url)
    vi.stubEnv('CACHE_URL', 'memory://')
    await using asked = await createCache(OPTIONS)
    expect(asked).toBeInstanceOf(MemoryCache)
    expect(await getRedisCache(OPTIONS)).toBeUndefined()
  })

  it('tells the log where it is', async () => {
    const logger = new RecordingLogger()
    const options = { ttl: '1h', logger, name: 'users', prefix: 'app:' } as const
    const node = `127.0.0.1:${server.port}`
    await using native = new (class {
      readonly made = nativeClient('ioredis 5', server.url)
      async [Symbol.asyncDispose](): Promise<void> {
        await this.made.close()
      }
    })()
    const caches = [
      await createCache(options),
      await createCache({ ...options, redis: server.url }),
      await createCache({ ...options, redis: { url: server.url, db: 3, prefix: 'other:' }, l1: false }),
      await createCache({ ...options, redis: native.made.client }),
      await createCache({ ...options, redis: 'memory://' }),
    ]
    for (const cache of caches) await cache.close()

    const onServer = 'info: the cache is on a server'
    expect(logger.summary).toEqual([
      'info: no server is configured (CACHE_URL, REDIS_URL, VALKEY_URL or the option redis), so entries, limits and ' +
        'locks are in the memory of this process alone',
      onServer,
      onServer,
      onServer,
      'info: the cache is in the memory of this process alone',
    ])
    expect(logger.lines.map(({ details }) => details)).toEqual([
      { cache: 'users', engine: 'memory', prefix: 'app:' },
      { cache: 'users', engine: 'tiered', node, db: 0, prefix: 'app:', policy: 'available' },
      { cache: 'users', engine: 'redis', node, db: 3, prefix: 'other:' },
      { cache: 'users', engine: 'tiered', node, db: 0, prefix: 'app:', policy: 'available' },
      { cache: 'users', engine: 'memory', prefix: 'app:' },
    ])
  })

  it('writes the same line for caches over a client of the user, once for each', async () => {
    const logger = new RecordingLogger()
    const native = nativeClient('node-redis 6', server.url)
    const settings = { ttl: '1h', logger } as const
    const { client } = native
    const l2 = new RedisCache({ ...settings, client, name: 'redis', prefix: 'app:' })
    const tiered = new TieredCache({
      ...settings,
      l1: {},
      l2,
      name: 'tiered',
      staleness: { policy: 'strict' },
    })
    await tiered.close()
    await l2.close()
    await native.close()

    const node = `127.0.0.1:${server.port}`
    const line = { level: 'info', message: 'the cache is on a server' }
    const place = { node, db: 0, prefix: 'app:' }
    expect(logger.lines).toEqual([
      { ...line, details: { cache: 'redis', engine: 'redis', ...place } },
      { ...line, details: { cache: 'tiered', engine: 'tiered', ...place, policy: 'strict' } },
    ])
  })

  it('names no server for the client of a cluster', async () => {
    await using cluster = await startCluster()
    for (const name of CLIENT_NAMES) {
      const logger = new RecordingLogger()
      const native = nativeClient(name, cluster.url)
      const cache = new RedisCache({ client: native.client, ttl: '1h', logger, prefix: 'app:' })
      await cache.close()
      await native.close()

      const [line] = logger.lines
      expect([name, line]).toMatchObject([
        name,
        { details: { node: 'the cluster of the given client', db: 0 } },
      ])
    }
  })

  it('takes an empty URL for none, as an empty variable', async () => {
    const required = { ...OPTIONS, connect: 'required' } as const
    const none = /^connect: 'required', and no server is configured/
    for (const variable of ['CACHE_URL', 'REDIS_URL', 'VALKEY_URL']) vi.stubEnv(variable, '')
    await expect(createCache({ ...required, redis: '' })).rejects.toThrow(none)
    await expect(createCache({ ...required, redis: { url: '' } })).rejects.toThrow(none)
    await expect(getRedisCache({ ...required, url: '' })).rejects.toThrow(none)
    await expect(getRedisCache({ ...required, url: 'memory://' })).rejects.toThrow(none)
    expect(await getRedisCache({ ...OPTIONS, url: '' })).toBeUndefined()
    const logger = new RecordingLogger()
    await using memory = await createCache({ logger, redis: '' })
    expect(memory).toBeInstanceOf(MemoryCache)
    expect(logger.lines).toMatchObject([{ level: 'info', details: { engine: 'memory' } }])

    vi.stubEnv('REDIS_URL', server.url)
    await using cache = await createCache({ ...required, redis: '' })
    expect(await cache.set('a', 1)).toBe(true)
  })

  it.each(CLIENT_NAMES)('names the database of a client of the user: %s', async (name) => {
    const logger = new RecordingLogger()
    const native = nativeClient(name, `${server.url}/2`)
    const cache = await createCache({ ttl: '1h', logger, redis: native.client, l1: false, prefix: 'own:' })
    await isUp(cache)
    await cache.close()
    await native.close()
    const details = { engine: 'redis', node: `127.0.0.1:${server.port}`, db: 2, prefix: 'own:' }
    expect(logger.lines[0]).toMatchObject({ level: 'info', details })
  })

  it('insists on a server where it is required', async () => {
    const none = /connect: 'required', and no server is configured/
    await expect(createCache({ ...OPTIONS, connect: 'required' })).rejects.toThrow(none)
    await expect(getRedisCache({ ...OPTIONS, connect: 'required' })).rejects.toThrow(none)
    const absent = createCache({ ...OPTIONS, connect: 'required', redis: 'redis://127.0.0.1:1' })
    await expect(absent).rejects.toMatchObject({ reason: 'unavailable' })
  })

  it('is on Redis alone without a memory tier', async () => {
    await using cache = await createCache({ ...OPTIONS, redis: server.url, l1: false })
    expect(cache).toBeInstanceOf(RedisCache)
  })

  it('takes a client, and leaves it open', async () => {
    const native = nativeClient('ioredis 5', server.url)
    const cache = await createCache({ ...OPTIONS, redis: native.client, prefix: 'client:' })
    await isUp(cache)
    await cache.close()

    await using again = await createCache({ ...OPTIONS, redis: native.client, prefix: 'client:', l1: false })
    await isUp(again)
    expect(await again.get('probe')).toBe(1)
    await native.close()
  })

  it('begins without Redis, caches meanwhile, and goes over to Redis when it is there', async () => {
    const later = await startRedis()
    await later.kill()
    await using cache = await createCache<string>({
      ...OPTIONS,
      redis: later.url,
      staleness: { heartbeat: 0.1, maxLag: 0.3 },
    })
    let loads = 0
    const load = (): string => `load ${++loads}`
    expect(await cache.getOrSet('a', load)).toBe('load 1')
    expect(await cache.getOrSet('a', load)).toBe('load 1')

    await later.start()
    await isUp(cache)
    await vi.waitFor(async () => expect((await cache.invalidate('a')).l2).toBe('acked'))
    expect(await cache.getOrSet('a', load)).toBe('load 2')
    await later.close()
  })

  it('keeps limits and locks on Redis, in two tiers, too', async () => {
    await using cache = await createCache({ ...OPTIONS, redis: server.url, prefix: 'limits:' })
    await using other = await createCache({ ...OPTIONS, redis: server.url, prefix: 'limits:', l1: false })
    await isUp(cache)
    await isUp(other)
    const rules = { name: 'calls', algorithm: 'fixed-window', limit: 3, window: '1h' } as const
    const limiters = [new RateLimiter(cache, rules), new RateLimiter(other, rules)]
    const answers: boolean[] = []
    for (const limiter of [...limiters, ...limiters]) answers.push((await limiter.consume('user')).allowed)
    expect(answers).toEqual([true, true, true, false])

    const lock = await new Lock(cache, 'job', { ttl: '5s' }).tryAcquire()
    expect(lock).toBeDefined()
    expect(await new Lock(other, 'job', { ttl: '5s' }).tryAcquire()).toBeUndefined()
    await lock?.release()
  })

  it('shares the cache of a URL in the process until it is closed', async () => {
    vi.stubEnv('REDIS_URL', server.url)
    const first = await getRedisCache(OPTIONS)
    expect(await getRedisCache(OPTIONS)).toBe(first)
    expect(await getRedisCache({ ...OPTIONS, url: `${server.url}/1` })).not.toBe(first)
    await first?.close()
    const second = await getRedisCache(OPTIONS)
    expect(second).not.toBe(first)
    await second?.close()
    await (await getRedisCache({ ...OPTIONS, url: `${server.url}/1` }))?.close()
  })

  it('shares no cache that is being closed', async () => {
    vi.stubEnv('REDIS_URL', server.url)
    const first = (await getRedisCache(OPTIONS))!
    const loaded = deferred<number>()
    const loading = first.getOrSet('slow', () => loaded.promise)
    const closing = first.close()
    const second = (await getRedisCache(OPTIONS))!
    expect(await second.set('key', 1)).toBe(true)
    loaded.resolve(1)
    await Promise.all([loading, closing])
    await first.close()
    expect(await getRedisCache(OPTIONS)).toBe(second)
    await second.close()
  })

  describe('getRedisCache', () => {
    it('has a cache for each database, prefix and user, and one for each way to name the same', async () => {
      const host = { ...OPTIONS, host: '127.0.0.1', port: server.port }
      const first = (await getRedisCache({ ...host, db: 1 }))!
      await vi.waitFor(async () => expect(await first.set('a', 'of 1')).toBe(true))

      const others = [
        await getRedisCache({ ...host, db: 2 }),
        await getRedisCache({ ...host, db: 1, prefix: 'other:' }),
        await getRedisCache({ ...host, db: 1, username: 'someone', password: 'p' }),
        await getRedisCache({ ...host, db: 1, username: 'someone', password: 'q' }),
      ]
      expect(new Set([first, ...others]).size).toBe(5)
      expect(await others[0]!.get('a')).toBeUndefined()
      expect(await getRedisCache({ ...OPTIONS, url: `${server.url}/1` })).toBe(first)
      expect(await getRedisCache({ url: `${server.url}?db=1`, prefix: 'cachette:' })).toBe(first)
      for (const cache of [first, ...others]) await cache?.close()
    })

    it('takes the same options written otherwise, and refuses those that contradict', async () => {
      const url = `${server.url}/3`
      const serializer = {
        name: 'own',
        serialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
        deserialize: (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString()),
      }
      const cache = (await getRedisCache({
        ...OPTIONS,
        url,
        grace: '1m',
        maxBytes: 1000,
      }))!
      expect(await getRedisCache({ url, ttl: 3600, grace: { minutes: 1 }, deadline: undefined })).toBe(cache)
      expect(await getRedisCache({ url, ttl: '60m', maxBytes: 1000 })).toBe(cache)

      const contradictions = {
        ttl: '2h',
        grace: 61,
        maxBytes: 1001,
        serializer,
        bus: 'none',
        pool: 2,
        deadline: { hard: '1s' },
        layout: 'one-slot',
        connect: 'required',
        tls: true,
      }
      for (const [name, value] of Object.entries(contradictions)) {
        const call = getRedisCache({ url, [name]: value })
        await expect(call, name).rejects.toMatchObject({
          code: 'ERR_CACHE_OPTIONS',
          message: expect.stringMatching(new RegExp(`^getRedisCache: ${name}: `)),
        })
      }
      await cache.close()
      const again = (await getRedisCache({ ...OPTIONS, url, ttl: '2h', serializer }))!
      expect(again).not.toBe(cache)
      expect(await getRedisCache({ url, serializer: { ...serializer } })).toBe(again)
      await again.close()
    })
  })

  it('insists on a server with connect: required', async () => {
    const required = { ...OPTIONS, connect: 'required' } as const
    const none = /^connect: 'required', and no server is configured/
    await expect(createCache(required)).rejects.toThrow(none)
    await expect(createCache({ ...required, redis: 'memory://' })).rejects.toThrow(none)
    await expect(createCache({ ...OPTIONS, redis: { connect: 'required' } })).rejects.toThrow(none)
    await expect(getRedisCache(required)).rejects.toThrow(none)
    vi.stubEnv('CACHE_URL', '')
    await expect(createCache(required)).rejects.toThrow(none)
    await expect(createCache({ ...OPTIONS, connect: 'later' as never })).rejects.toThrow("connect: 'later'")

    vi.stubEnv('REDIS_URL', server.url)
    await using cache = await createCache({ ...required, redis: { prefix: 'r:' } })
    expect(await cache.set('a', 1)).toBe(true)
    await using byUrl = await createCache(required)
    expect(await byUrl.set('a', 1)).toBe(true)
  })

  it('warns once of parameters of a URL that mean nothing, and connects', async () => {
    const logger = new RecordingLogger()
    const redis = `${server.url}?family=0&protocol=3&ssl_cert_reqs=none`
    await using cache = await createCache({ ttl: '1h', logger, redis })
    await isUp(cache)
    const warnings = logger.lines.filter(({ message }) => message.includes('parameters that are not used'))
    expect(warnings).toMatchObject([
      { level: 'warn', details: { parameters: ['family', 'protocol', 'ssl_cert_reqs'] } },
    ])
  })

  it('shows no secret, wherever it is given', async () => {
    const secret = 'PW5ecret'
    const logger = new RecordingLogger()
    const url = `redis://user:${secret}@127.0.0.1:${server.port}/0`
    const places: Record<string, unknown>[] = [
      { redis: url.slice(0, 6) + url },
      { redis: { url: `${url}x` } },
      { redis: { url: `redis://:${secret} @host` } },
      { redis: { url: secret } },
      { redis: { url: [url] } },
      { redis: { url, port: secret } },
      { redis: { port: url } },
      { redis: { port: secret } },
      { redis: { db: secret } },
      { redis: { tls: secret } },
      { redis: { tls: { key: secret }, pool: url } },
      { redis: { password: { secret } } },
      { redis: { username: [secret] } },
      { redis: { host: { secret } } },
      { redis: { client: { password: secret } } },
      { redis: { connect: url } },
      { redis: { credentials: { password: secret } } },
      { redis: { password: secret, passwort: secret } },
      { redis: [url] },
      { redis: 5, password: secret },
      { l1: url },
      { bus: url },
      { ttl: url },
      { logger: url },
    ]
    const messages: string[] = []
    const caught = (error: unknown): void => {
      messages.push(`${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`)
    }
    await createCache(url as never).catch(caught)
    await getRedisCache(url as never).catch(caught)
    await RedisCache.create(url as never).catch(caught)
    for (const place of places)
      await createCache({ ...OPTIONS, ...place }).then((cache) => cache.close(), caught)
    for (const text of [
      `user:${secret}@host:6379`,
      secret,
      `http://user:${secret}@host`,
      `redis://u:${secret} @host`,
    ]) {
      vi.stubEnv('CACHE_URL', text)
      await createCache(OPTIONS).then((cache) => cache.close(), caught)
      await getRedisCache(OPTIONS).then((cache) => cache?.close(), caught)
    }
    vi.unstubAllEnvs()
    // The login is refused, and the log tells so.
    const refused = await createCache({ ttl: '1h', logger, redis: url.replace('127.0.0.1', 'localhost') })
    await vi.waitFor(() => expect(logger.lines.length).toBeGreaterThan(0))
    await refused.close()

    expect(messages.length).toBeGreaterThan(25)
    for (const message of messages) expect(message).not.toContain(secret)
    for (const { message, details } of logger.lines)
      expect(`${message} ${inspect(details, { depth: 9 })}`).not.toContain(secret)
  })
})
