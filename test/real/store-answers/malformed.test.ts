// Cachette's keys with foreign or damaged values.
import { randomInt } from 'node:crypto'
import { type BaseCache } from 'cachette'
import { withLock } from 'cachette/lock'
import { RateLimiter } from 'cachette/ratelimit'
import { encryption } from 'cachette/serialization'
import { expect, it } from 'vitest'
import { silentLogger } from '../../../src/core/logging/logger.ts'
import { SeededRandom } from '../../../src/testing/random.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { cacheOver, ENGINES, openCache } from '../caches.ts'
import { CLIENT_NAMES, nativeClient } from '../native-clients.ts'
import { connect, describeWithServers, startRedis, type Connection } from '../servers/index.ts'

const P = 'bad:'
const CASES = ENGINES.flatMap((engine) => CLIENT_NAMES.map((client) => ({ engine, client })))

/** Returns a frame of version 1 with a JSON body, and the given `grace` and rest of its header. */
function frame({ grace = 0n, version = 1, tags = Buffer.from([0, 0]), body = '1' }): Buffer {
  const header = Buffer.alloc(44)
  header[0] = 0xc1
  header[1] = version * 16
  header.writeUInt32BE(44 + tags.length, 4)
  header.writeBigUInt64BE(grace, 16)
  return Buffer.concat([header, tags, Buffer.from(body)])
}

const UNREADABLE: Readonly<Record<string, string | Buffer>> = {
  'another version': frame({ version: 9 }),
  'a frame that is cut off': frame({}).subarray(0, 30),
  'tags that are cut off': frame({ tags: Buffer.from([0, 3, 0, 200]) }),
  'no JSON': 'not { json',
  'random bytes': Buffer.from([0xc1, 0x11, 3, 200, 255, 0, 1]),
}

describeWithServers('an entry that this process can not read', () => {
  it.each(CASES)('is absent, $engine with $client', async ({ engine, client }) => {
    await using server = await startRedis()
    const logger = new RecordingLogger()
    await using opened = await openCache(engine, client, server.url, { prefix: P, logger })
    const { cache } = opened
    const users = cache.namespace('user')
    expect(await users.set('x', 'x')).toBe(true)
    logger.lines.length = 0
    let count = 0
    for (const [name, bytes] of Object.entries(UNREADABLE)) {
      for (const [target, path] of [
        [cache, ''],
        [users, 'user:'],
      ] as const satisfies readonly (readonly [BaseCache, string])[]) {
        const key = name.replaceAll(' ', '-')
        const put = async (): Promise<void> => {
          await target.delete(key)
          const connection = await server.connect()
          await connection.command('SET', `${P}${path}${key}`, bytes as never)
          connection.close()
        }
        await put()
        expect(await target.get(key), name).toBeUndefined()
        expect((await target.getMany([key])).size, name).toBe(0)
        expect(await target.has(key), name).toBe(false)
        expect(await target.ttl(key), name).toBeUndefined()
        const before = cache.stats()
        const beganMs = performance.now()
        expect(await target.getOrSet(key, () => 'loaded'), name).toBe('loaded')
        expect(performance.now() - beganMs, name).toBeLessThan(3_000)
        expect(await target.getOrSet(key, () => 'again'), name).toBe('loaded')
        expect(cache.stats().loads - before.loads, name).toBe(1)
        await put()
        const options = { grace: '1h', ttl: '1h' } as const
        expect(await target.getOrSet(key, () => 'stale', options), name).toBe('stale')
        await put()
        const many = await target.getOrSetMany([key], ([missing]) => ({ [missing!]: 'many' }))
        expect([...many.values()], name).toEqual(['many'])
        expect(await target.get(key), name).toBe('many')
        await put()
        expect(await target.take(key), name).toBeUndefined()
        count += 3
      }
    }
    expect(cache.stats().unreadable).toBeGreaterThanOrEqual(count)
    expect(cache.stats().errors).toBe(0)
    const said = logger.lines.filter(({ level }) => level !== 'debug' && level !== 'info')
    expect(said.map(({ message }) => message)).toEqual(['an entry can not be read and is taken for absent'])
  })

  it.each(ENGINES)('costs one load when another key encrypts now (%s)', async (engine) => {
    await using server = await startRedis()
    const native = nativeClient('node-redis 6', server.url)
    const settings = { prefix: P, logger: silentLogger }
    const retired = cacheOver('redis', native.client, {
      ...settings,
      encryption: encryption({ keys: { old: Buffer.alloc(32, 1) } }),
    })
    await until('the cache to be connected', async () => retired.set('secret', 'hidden'))
    const cache = cacheOver(engine, native.client, {
      ...settings,
      encryption: encryption({ keys: { new: Buffer.alloc(32, 2) } }),
    })
    await until('the cache to be connected', async () => cache.set('connected', true))
    let loads = 0
    for (let round = 0; round < 5; round++) await cache.getOrSet('secret', () => `loaded ${++loads}`)
    expect(loads).toBe(1)
    expect(cache.stats().unreadable).toBeGreaterThan(0)
    await retired.close()
    await cache.close()
    await native.close()
  })
})

/** Stores a foreign value under one of Cachette's names. */
async function spoil(connection: Connection, name: string, random: SeededRandom): Promise<void> {
  const kind = random.below(6)
  if (kind === 0) {
    await connection.command('DEL', name)
    await connection.command('RPUSH', name, 'a', 'b')
  } else if (kind === 1) {
    await connection.command('DEL', name)
    await connection.command('HSET', name, 'f', 'x', 'hsome', 'nonsense', 'w', '', 'other', '1 2')
  } else if (kind === 2) {
    await connection.command(
      'SET',
      name,
      '99999999999999999999999999 99999999999999999999 9'.slice(0, 5 + random.below(45)),
    )
  } else if (kind === 3) {
    await connection.command('SET', name, 'zzzz zzzz')
  } else if (kind === 4) {
    await connection.command('SET', name, frame({ grace: 2n ** 64n - 1n, body: '7' }) as never)
  } else {
    const bytes = Buffer.from(Array.from({ length: random.below(80) }, () => random.below(256)))
    await connection.command('SET', name, bytes as never)
  }
}

async function useAll(cache: BaseCache): Promise<void> {
  const users = cache.namespace<unknown>('user')
  const limiters = (['fixed-window', 'sliding-window', 'gcra'] as const).map(
    (algorithm) => new RateLimiter(cache, { name: algorithm, algorithm, limit: 5, window: '1m' }),
  )
  for (const limiter of limiters) {
    await limiter.peek('k')
    await limiter.consume('k')
    await limiter.penalty('k', 1)
    await limiter.block('k', '1s')
  }
  await withLock(cache, 'job', () => undefined)
  for (const target of [cache, users]) {
    await target.get('k')
    await target.increment('k')
    await target.increment('n', 1, { ttl: '1h', tags: ['t'] })
    await target.expire('k', '1h')
    await target.set('k', 1, { rowVersion: 5 })
    await target.invalidate('k', { rowVersion: 6, keepStale: true })
    await target.getOrSet('k', () => 'v', { grace: '1h' })
    await target.take('k')
    await target.delete('k')
    await target.setMany({ k: 1, l: 2 })
    await target.getMany(['k', 'l'])
    await target.deleteByPrefix('l')
  }
}

describeWithServers('side keys that hold something else', () => {
  it.each(CASES)('are replaced and break nothing, $engine with $client', async ({ engine, client }) => {
    const seed = randomInt(2 ** 31)
    console.log(`seed ${seed}`)
    const random = new SeededRandom(seed)
    await using server = await startRedis()
    const logger = new RecordingLogger()
    await using opened = await openCache(engine, client, server.url, { prefix: P, logger })
    const { cache } = opened
    await useAll(cache)
    logger.lines.length = 0
    const connection = await connect(server.address)
    for (let round = 0; round < 12; round++) {
      const names = ((await connection.command('KEYS', `${P}*`)) as string[]).filter(
        (name) => !name.includes('!tag:'),
      )
      for (const side of [
        '!lease:k',
        '!floor:k',
        '!lease:user:k',
        '!floor:user:k',
        'k',
        'n',
        'user:k',
        'user:n',
      ])
        names.push(P + side)
      for (const name of names) if (random.below(3) === 0) await spoil(connection, name, random)
      const beganMs = performance.now()
      await useAll(cache)
      expect(performance.now() - beganMs).toBeLessThan(20_000)
    }
    connection.close()
    const said = logger.lines.filter(({ level }) => level === 'warn' || level === 'error')
    const fine = /can not be read|does not fit/
    expect(said.filter(({ message }) => !fine.test(message))).toEqual([])
    await cache.set('after', 'all')
    expect(await cache.get('after')).toBe('all')
  })
})
