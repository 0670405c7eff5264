// Caches on one server where the prefix of one begins with the prefix of the other.
import { KeyError, MemoryCache, key } from 'cachette'
import { Lock } from 'cachette/lock'
import { RateLimiter } from 'cachette/ratelimit'
import { RedisCache } from 'cachette/redis'
import { expect, it } from 'vitest'
import { silentLogger } from '../../../src/core/logging/logger.ts'
import { until } from '../../support/until.ts'
import { ENGINES, openCache } from '../caches.ts'
import { CLIENT_NAMES } from '../native-clients.ts'
import { describeWithServers, startRedis } from '../servers/index.ts'

const CASES = ENGINES.flatMap((engine) => CLIENT_NAMES.map((client) => ({ engine, client })))
const SIDE = ['lease', 'floor', 'sequence', 'log', 'tag', 'mark', 'limit', 'lock', 'semaphore', 'fleet']

describeWithServers('caches with nested prefixes', () => {
  it.each(CASES)(
    'leave the side keys of each other alone, $engine with $client',
    async ({ engine, client }) => {
      await using server = await startRedis()
      const settings = { logger: silentLogger }
      await using outer = await openCache(engine, client, server.url, { ...settings, prefix: 'app:' })
      await using inner = await openCache(engine, client, server.url, { ...settings, prefix: 'app:auth:' })
      const limiter = new RateLimiter(inner.cache, { name: 'login', limit: 2, window: '1h' })
      await limiter.consume('u')
      await limiter.consume('u')
      const held = await new Lock(inner.cache, 'job', { ttl: '1m' }).acquire()
      const users = inner.cache.namespace('user')
      await users.set('x', 1)
      await inner.cache.set('versioned', 1, { rowVersion: 5 })
      await inner.cache.invalidate('versioned', { rowVersion: 6 })
      const sideKeys = async (): Promise<string[]> =>
        ((await server.command('KEYS', 'app:auth:*!*')) as string[])
          .filter((name) => !name.includes('!lease'))
          .sort()
      // The id is made once the channel of invalidations is heard.
      await until('the id of its fleet', async () => (await sideKeys()).includes('app:auth:!fleet:'))
      const before = await sideKeys()
      expect(before.length).toBeGreaterThan(3)

      await outer.cache.set('auth:own', 1)
      const listed: string[] = []
      for await (const name of outer.cache.keys()) listed.push(name)
      expect(listed.filter((name) => name.includes('!'))).toEqual([])
      expect(await outer.cache.deleteByPrefix('auth:')).toBeGreaterThan(0)
      expect(await outer.cache.clear()).toBe(true)

      expect(await sideKeys()).toEqual(before)
      expect((await limiter.consume('u')).allowed).toBe(false)
      await expect(new Lock(inner.cache, 'job', { ttl: '1m' }).acquire({ wait: 0 })).rejects.toThrow()
      await held.release()
    },
  )
})

it.each(SIDE)('refuses keys and prefixes with !%s: in them', async (kind) => {
  const cache = new MemoryCache()
  await expect(cache.set(`a!${kind}:b`, 1)).rejects.toThrow(KeyError)
  await expect(cache.get(`a!!${kind}:b`)).rejects.toThrow(KeyError)
  expect(() => cache.namespace(`a!${kind}`)).toThrow(KeyError)
  for (const prefix of [`a!${kind}:`, `a!${kind}:b:`, `a!${kind}`, `a!${kind.slice(0, 2)}`, 'a!'])
    expect(() => new RedisCache({ client: {} as never, prefix }), prefix).toThrow(KeyError)
  // Many ordinary keys have such names.
  expect(await cache.set(`wow!`, 1)).toBe(true)
  expect(await cache.set(`a!${kind}`, 1)).toBe(true)
  expect(await cache.set(key('search', 'list', { text: `a!${kind}:b` }), 1)).toBe(true)
  expect(await cache.set(key('search', `a!${kind}:b`), 1)).toBe(true)
})
