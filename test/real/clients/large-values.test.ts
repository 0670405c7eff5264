import { RedisCache } from 'cachette/redis'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openClient } from '../../../src/redis/libraries/open.ts'
import type { RedisClient } from '../../../src/redis/connection/client.ts'
import { LargeValues } from '../../../src/redis/connection/guard/large-values.ts'
import { ENGINES, openCache } from '../caches.ts'
import {
  describeWithServers,
  startProxy,
  startRedis,
  type FaultProxy,
  type ProxyMode,
  type RedisServer,
} from '../servers/index.ts'
import { IMPORTS } from './libraries.ts'
import { realSettings } from './setting.ts'

const LARGE = 'x'.repeat(8 * 1024 * 1024)
const BYTES_PER_SECOND = 20_000_000
// The rate is far less than the line carries, because a busy machine carries less, too.
const RATE = 2_000_000
const LIBRARIES = ['node-redis 6', 'ioredis 5'] as const

describe('LargeValues', () => {
  it('counts what is sent, and what was answered for the name before', () => {
    const large = new LargeValues(1_000_000)
    const read = { args: ['GET', 'a'] }
    expect(large.bytesOf(read)).toBe(0)
    expect(large.bytesOf({ args: ['SET', 'b', 'x'.repeat(100_000)] })).toBe(100_004)

    large.note({ args: ['SET', 'd', 'x'.repeat(100_000)] }, 'OK')
    expect(large.bytesOf({ args: ['GET', 'd'] })).toBe(100_004)

    large.note(read, 'x'.repeat(200_000))
    large.note({ args: ['MGET', 'b', 'c'] }, [null, 'x'.repeat(300_000)])

    expect(large.bytesOf(read)).toBe(200_004)
    expect(large.bytesOf({ args: ['GET', 'b'] })).toBe(0)
    expect(large.bytesOf({ args: ['MGET', 'a', 'c'] })).toBe(500_006)
    expect(large.msFor(500_000)).toBe(500)
  })

  it.each([0, -1, 1.5, Infinity, '10'])('refuses %s bytes a second', async (bytesPerSecond) => {
    const deadline = { bytesPerSecond: bytesPerSecond as number }
    await expect(RedisCache.create({ deadline })).rejects.toThrow('deadline: bytesPerSecond')
  })

  it('remembers the names of a thousand values', () => {
    const large = new LargeValues(1)
    for (let at = 0; at <= 1000; at++) large.note({ args: ['GET', `${at}`] }, 'x'.repeat(65_536))
    expect(large.bytesOf({ args: ['GET', '0'] })).toBe(0)
    expect(large.bytesOf({ args: ['GET', '1'] })).toBeGreaterThan(65_536)
  })
})

describeWithServers('large values over a slow line', () => {
  let server: RedisServer
  let proxy: FaultProxy
  beforeAll(async () => {
    server = await startRedis()
    proxy = await startProxy({ port: server.port })
  })
  afterEach(() => {
    proxy.mode = { kind: 'pass' }
  })
  afterAll(async () => {
    await proxy.close()
    await server.close()
  })

  // node-redis shows no arriving bytes.
  describe.each(['ioredis 5', 'ioredis 6'] as const)('whose size nobody knows, %s', (library) => {
    it.each(ENGINES)(
      '%s reads them at once while their bytes arrive, and small ones beside them',
      async (engine) => {
        await using writer = await openCache(engine, library, server.url, {
          prefix: `new:${library}:${engine}:`,
        })
        expect(await writer.cache.set('large', LARGE)).toBe(true)
        expect(await writer.cache.set('small', 'small')).toBe(true)
        const settings = { prefix: `new:${library}:${engine}:`, deadline: { bytesPerSecond: RATE } }
        await using reader = await openCache(engine, library, proxy.url, settings)
        // It takes two seconds, and the deadline is half of one.
        proxy.mode = { kind: 'rate', bytesPerSecond: 2 * RATE }
        const value = reader.cache.get('large')
        const small = beside(() => reader.cache.get('small'))
        expect(lengthOf(await value)).toBe(LARGE.length)
        expect(await small()).toEqual(['small'])
      },
    )
  })

  describe.each(LIBRARIES)('%s', (library) => {
    async function connect(hardMs: number, bytesPerSecond: number): Promise<RedisClient> {
      const settings = { ...realSettings(), hardMs, bytesPerSecond }
      const client = await openClient({ url: proxy.url, connect: 'required' }, settings, IMPORTS[library])
      onTestFinished(() => client.close())
      return client
    }

    async function large(client: RedisClient, keys: readonly string[]): Promise<unknown[]> {
      const connection = client.connectionFor('a')
      return Promise.all(
        keys.map(async (key) => lengthOf(await connection.run({ args: ['GET', key] }, 'bytes'))),
      )
    }

    it('has a deadline that grows with the bytes, for what is sent and what is read', async () => {
      const client = await connect(1000, RATE)
      const connection = client.connectionFor('a')
      const keys = ['a', 'b', 'c', 'd']
      proxy.mode = slow()

      const small = beside(() => connection.run({ args: ['ECHO', 'small'] }, 'text'))
      const sets = keys.map((key) => connection.run({ args: ['SET', key, LARGE] }, 'text'))
      expect(await Promise.all(sets)).toEqual(keys.map(() => 'OK'))
      expect(await large(client, keys)).toEqual(keys.map(() => LARGE.length))
      expect(await small()).toEqual(['small'])

      // This client does not know how large the values are.
      const other = await connect(1500, RATE)
      const one = beside(() => other.connectionFor('a').run({ args: ['ECHO', 'small'] }, 'text'))
      expect(await large(other, keys)).toEqual(keys.map(() => LARGE.length))
      expect(await one()).toEqual(['small'])
    })

    it('finds that a server is frozen by small calls as soon as ever', async () => {
      const client = await connect(200, 100_000)
      const connection = client.connectionFor('a')
      await connection.run({ args: ['SET', 'a', LARGE] }, 'text')
      expect(await large(client, ['a'])).toEqual([LARGE.length])
      server.freeze()
      onTestFinished(() => server.resume())

      const beganMs = performance.now()
      await expect(connection.run({ args: ['GET', 'b'] }, 'text')).rejects.toThrow('no answer')
      // A large one would be given more than a minute.
      expect(performance.now() - beganMs).toBeLessThan(5000)
    })

    it.each(ENGINES)('%s keeps large values and answers small ones beside them', async (engine) => {
      const deadline = { hard: '1s', bytesPerSecond: RATE } as const
      const settings = { prefix: `${library}:${engine}:`, deadline, bus: 'none' } as const
      await using writer = await openCache(engine, library, proxy.url, settings)
      await using reader = await openCache(engine, library, proxy.url, settings)
      const keys = ['a', 'b', 'c', 'd']
      await writer.cache.setMany(Array.from({ length: 1000 }, (_, at) => [`small${at}`, 'small'] as const))
      proxy.mode = slow()

      let at = 0
      const small = beside(() => reader.cache.get(`small${at++ % 1000}`))
      const stored = await Promise.all(keys.map((key) => writer.cache.set(key, LARGE)))
      expect(stored).toEqual(keys.map(() => true))
      const values = await Promise.all(keys.map((key) => reader.cache.get(key)))
      expect(values.map((value) => lengthOf(value))).toEqual(keys.map(() => LARGE.length))
      expect(await small()).toEqual(['small'])
    })
  })
})

function slow(): ProxyMode {
  return { kind: 'rate', bytesPerSecond: BYTES_PER_SECOND }
}

function lengthOf(value: unknown): unknown {
  return typeof value === 'string' || value instanceof Uint8Array ? value.length : value
}

/** Asks every few milliseconds, whatever is under way. The returned function ends this and returns all answers. */
function beside(ask: () => Promise<unknown>): () => Promise<unknown[]> {
  const asked: Promise<unknown>[] = []
  const timer = setInterval(() => asked.push(ask().catch((error: unknown) => error)), 10)
  return async () => {
    clearInterval(timer)
    return [...new Set(await Promise.all(asked))]
  }
}
