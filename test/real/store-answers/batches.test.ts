// Calls of very many keys, and calls of which a part fails.
import { expect, it } from 'vitest'
import { silentLogger } from '../../../src/core/logging/logger.ts'
import { until } from '../../support/until.ts'
import { ENGINES, openCache } from '../caches.ts'
import { CLIENT_NAMES } from '../native-clients.ts'
import { describeWithServers, startCluster, startRedis } from '../servers/index.ts'

const MANY = 20_000
const CASES = ENGINES.flatMap((engine) =>
  (['node-redis 6', 'ioredis 5'] as const).map((client) => ({ engine, client })),
)
// The deadline is long enough for a part on a busy machine, and not for the whole.
const SETTINGS = { prefix: 'batches:', logger: silentLogger, deadline: { hard: '3s' }, lease: '60s' } as const

describeWithServers('calls of very many keys', () => {
  it.each(CASES)('do all of it on a healthy server, $engine with $client', async ({ engine, client }) => {
    await using server = await startRedis()
    await using opened = await openCache(engine, client, server.url, SETTINGS)
    const { cache } = opened
    const keys = Array.from({ length: MANY }, (_, index) => `user:${index}`)
    const entries = keys.map((key, index) => [key, { index }] as const)
    expect(await cache.setMany(entries)).toBe(true)
    expect((await cache.getMany(keys)).size).toBe(MANY)
    const { l2 } = await cache.invalidate(keys)
    expect(l2).toBe('acked')
    const loaded = await cache.getOrSetMany(
      keys,
      (missing) => new Map(missing.map((key) => [key, key] as const)),
    )
    expect(loaded.size).toBe(MANY)
    expect(Number(await server.command('DBSIZE'))).toBeGreaterThanOrEqual(MANY)
    expect(await cache.deleteMany(keys)).toBe(MANY)
    expect(cache.stats().errors).toBe(0)
    // Set, acquired, filled, and removed twice: no script and no read has more than some hundred keys.
    const commands = await server.info('commandstats')
    const callsOf = (name: string): number => Number(/calls=(\d+)/.exec(commands.get(name) ?? '')?.[1] ?? 0)
    expect(callsOf('cmdstat_evalsha')).toBeGreaterThan((5 * MANY) / 300)
    expect(callsOf('cmdstat_mget')).toBeGreaterThan(MANY / 600)
  })
})

// The deadline is the default. Each part has its own, so the machine's load matters little.
describeWithServers('a call of a hundred thousand keys', () => {
  const everyCase = process.env['CACHETTE_ALL_CASES'] === '1'
  const all = ENGINES.flatMap((engine) => CLIENT_NAMES.map((client) => ({ engine, client })))
  const cases = everyCase ? all : [all[0]!, all[2]!]

  it.each(cases)('does all of it, $engine with $client', async ({ engine, client }) => {
    await using server = await startRedis()
    await using opened = await openCache(engine, client, server.url, {
      prefix: 'many:',
      logger: silentLogger,
    })
    const { cache } = opened
    const keys = Array.from({ length: 100_000 }, (_, index) => `user:${index}`)
    expect(await cache.setMany(keys.map((key, index) => [key, { index }] as const))).toBe(true)
    expect((await cache.getMany(keys)).size).toBe(100_000)
    expect((await cache.invalidate(keys)).l2).toBe('acked')
    expect((await cache.getMany(keys)).size).toBe(0)
    expect(await cache.setMany(keys.map((key) => [key, key] as const))).toBe(true)
    expect(await cache.deleteMany(keys)).toBe(100_000)
    expect(cache.stats().errors).toBe(0)
    expect(cache.stats().outbox).toMatchObject({ keys: 0, overflowed: 0, dropped: 0 })
  })
})

describeWithServers('a batch over a cluster of which a master is frozen', () => {
  it.each(CASES)('keeps what was stored, $engine with $client', async ({ engine, client }) => {
    await using cluster = await startCluster({ config: ['cluster-node-timeout 60000'] })
    await using opened = await openCache(engine, client, cluster.url, SETTINGS)
    const { cache } = opened
    const keys = Array.from({ length: 300 }, (_, index) => `user:${index}`)
    await until('all masters to be connected', async () =>
      cache.setMany(keys.map((key) => [key, 'old'] as const)),
    )
    const frozen = await cluster.ownerOf(0)
    frozen.freeze()
    const entries = keys.map((key) => [key, 'new'] as const)
    const result = await cache.setMany(entries, { result: 'full' })
    expect(result.stored).toBeGreaterThan(100)
    expect(result.unavailable).toBeGreaterThan(50)
    expect(result.stored + result.unavailable).toBe(300)
    const found = await cache.getMany(keys)
    expect([...found.values()].filter((value) => value === 'new').length).toBe(result.stored)
    expect([...found.values()]).not.toContain('old')
    frozen.resume()
    await until('what failed to be removed', async () => {
      const values = [...(await cache.getMany(keys)).values()]
      return values.length === result.stored && !values.includes('old')
    })
  })
})
