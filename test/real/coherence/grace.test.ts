// Over a server, the grace of an entry that a tag has made stale counts from the invalidation.
import { expect, it, onTestFinished } from 'vitest'
import { failureOf } from '../../support/error-of.ts'
import { until } from '../../support/until.ts'
import { ENGINES, openCache } from '../caches.ts'
import { CLIENT_NAMES } from '../native-clients.ts'
import { describeWithServers, startRedis } from '../servers/index.ts'

const GRACE_MS = 1_500
// A server tells the time of an invalidation by tenths of a second.
const TENTH_MS = 100

const failing = (): never => {
  throw new Error('down')
}

describeWithServers('grace after an invalidation', () => {
  const cases = ENGINES.flatMap((engine) => CLIENT_NAMES.map((client) => [engine, client] as const))

  it.each(cases)('counts from it on each node, %s through %s', async (engine, client) => {
    const server = await startRedis()
    onTestFinished(() => server.close())
    const open = async () => {
      const one = await openCache(engine, client, server.url, { prefix: 'grace' })
      onTestFinished(async () => one[Symbol.asyncDispose]())
      return one.cache
    }
    const [writer, reader, late] = [await open(), await open(), await open()]
    await writer.set('k', 'old', { ttl: '1h', grace: GRACE_MS / 1_000, tags: ['t'] })
    expect(await reader.get('k')).toBe('old')
    const invalidatedAt = performance.now()
    await writer.invalidateTag('t', { keepStale: true })
    for (const cache of [writer, reader]) expect(await cache.get('k', { stale: true })).toBe('old')
    for (const cache of [writer, reader]) {
      await until('its grace ends', async () => (await cache.get('k', { stale: true })) === undefined)
      expect(performance.now() - invalidatedAt).toBeGreaterThan(GRACE_MS - TENTH_MS)
    }
    // This one has not read the record before.
    expect(await late.get('k', { stale: true })).toBe(undefined)
    const options = { grace: '1h', softTimeout: '1s', tags: ['t'] } as const
    for (const cache of [writer, reader, late])
      expect(await failureOf(() => cache.getOrSet('k', failing, options))).toMatchObject({ message: 'down' })
  })

  it.each(ENGINES)('ends no second grace early, and leaves none fresh, in %s', async (engine) => {
    const server = await startRedis()
    onTestFinished(() => server.close())
    await using one = await openCache(engine, 'ioredis 5', server.url, { prefix: 'grace' })
    const { cache } = one
    const entry = { ttl: '1h', grace: '1h', tags: ['t'] } as const
    await cache.set('k', 'v', entry)
    for (let round = 0; round < 20; round++) {
      await cache.invalidateTag('t', { keepStale: true })
      expect(await cache.get('k')).toBe(undefined)
      expect(await cache.get('k', { stale: true })).toBe('v')
    }
    await cache.set('k', 'new', entry)
    expect(await cache.get('k')).toBe('new')
    await cache.invalidateTag('t', { keepStale: true })
    expect(await cache.get('k')).toBe(undefined)
  })
})
