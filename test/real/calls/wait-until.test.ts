// `waitUntil` over a server: a refresh whose fill has been answered, and the repetition of a queued invalidation.
import { describe, expect, it, onTestFinished } from 'vitest'
import { until } from '../../support/until.ts'
import { ENGINES, openCache } from '../caches.ts'
import type { ClientName } from '../native-clients.ts'
import { describeWithServers, startRedis } from '../servers/index.ts'

const LIBRARIES: readonly ClientName[] = ['node-redis 6', 'ioredis 5']
const BOTH = ENGINES.flatMap((engine) => LIBRARIES.map((client) => [engine, client] as const))

describeWithServers('waitUntil', () => {
  describe.each(BOTH)('of %s over %s', (engine, client) => {
    it('gets refreshes and repetitions', async () => {
      const server = await startRedis()
      onTestFinished(() => server.close())
      const opened = await openCache(engine, client, server.url, {
        prefix: 'app:',
        staleness: { heartbeat: '100ms', maxLag: 1 },
      })
      onTestFinished(() => opened[Symbol.asyncDispose]())
      const { cache } = opened
      const works: Promise<unknown>[] = []
      const waitUntil = (work: Promise<unknown>): void => void works.push(work)
      const options = { ttl: '1h', grace: '1h', waitUntil } as const
      await cache.set('key', 'old', { ttl: '1h', grace: '1h' })
      await cache.invalidate('key', { keepStale: true })
      expect(await cache.getOrSet('key', async () => 'new', options)).toBe('old')
      expect(works).toHaveLength(1)
      expect(await works[0]).toBeUndefined()
      expect(await server.command('GET', 'app:key')).toContain('new')
    })

    it('of the cache gets the repetition of what was not acknowledged', async () => {
      const server = await startRedis()
      onTestFinished(() => server.close())
      const works: Promise<unknown>[] = []
      const opened = await openCache(engine, client, server.url, {
        prefix: 'app:',
        staleness: { heartbeat: '100ms', maxLag: 1 },
        waitUntil: (work) => void works.push(work),
      })
      onTestFinished(() => opened[Symbol.asyncDispose]())
      const { cache } = opened
      await cache.set('key', 'old')
      works.length = 0
      server.freeze()
      expect(await cache.invalidate('key')).toMatchObject({ l2: 'queued' })
      expect(works.length).toBeGreaterThan(0)
      server.resume()
      await Promise.all(works)
      await until('nothing to be queued', () => cache.stats().outbox!.keys === 0)
      expect(await server.command('EXISTS', 'app:key')).toBe(0)
    })
  })
})
