// `get` with `result: 'full'`, over a server: the tier is that which has served the value.
import { describe, expect, it, onTestFinished } from 'vitest'
import { openCache } from '../caches.ts'
import type { ClientName } from '../native-clients.ts'
import { describeWithServers, startRedis } from '../servers/index.ts'

const FULL = { result: 'full' } as const

describeWithServers('a read that tells more', () => {
  describe.each(['node-redis 6', 'ioredis 5'] satisfies ClientName[])('over %s', (client) => {
    it.each([
      ['redis', 'l2'],
      ['tiered', 'l1'],
    ] as const)('tells the tier on %s', async (engine, tier) => {
      const server = await startRedis()
      onTestFinished(() => server.close())
      const opened = await openCache(engine, client, server.url, { prefix: 'app:' })
      onTestFinished(() => opened[Symbol.asyncDispose]())
      const { cache } = opened
      await cache.set('key', 'set')
      expect(await cache.get('key', FULL)).toMatchObject({ value: 'set', status: 'fresh', tier })
      expect(await cache.get('key', { ...FULL, skipRead: 'l1' })).toMatchObject({ value: 'set', tier: 'l2' })
      await cache.getOrSet('loaded', () => 'loaded', { skipWrite: 'l1' })
      expect(await cache.get('loaded', FULL)).toMatchObject({ tier: 'l2' })
      expect(await cache.get('loaded', FULL)).toMatchObject({ tier })
      await server.command('SET', 'app:by others', '{"id":7}', 'PX', '60000')
      expect(await cache.get('by others', FULL)).toMatchObject({ value: { id: 7 }, tier: 'l2' })
      server.freeze()
      expect(await cache.get('absent', FULL)).toEqual({ value: undefined, status: 'miss' })
      server.resume()
    })
  })
})
