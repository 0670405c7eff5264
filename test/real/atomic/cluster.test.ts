import { expect, it } from 'vitest'
import { silentLogger } from '../../../src/core/logging/logger.ts'
import { Lock } from '../../../src/lock/index.ts'
import { RateLimiter, type RateLimitResult } from '../../../src/ratelimit/index.ts'
import { atomicOnCluster } from '../../support/atomic.ts'
import { until } from '../../support/until.ts'
import { describeWithServers, startCluster } from '../servers/index.ts'

describeWithServers('limits and locks in a cluster', () => {
  it('are where they are, whatever their keys, through a slot that moves and a failover', async () => {
    await using cluster = await startCluster()
    const own = await atomicOnCluster(
      cluster.servers.map(({ port }) => port),
      1000,
    )
    const limiter = new RateLimiter(own, {
      name: 'api',
      limits: [
        { limit: 5, window: '1h' },
        { limit: 100, window: '1d', algorithm: 'fixed-window' },
      ],
      whenUnavailable: 'deny',
      logger: silentLogger,
    })
    const keys = ['a', '{b}', '}c{', '{}', ...Array.from({ length: 30 }, (_, index) => `user:${index}`)]
    const consume = async (): Promise<readonly RateLimitResult[]> =>
      Promise.all(keys.map(async (key) => limiter.consume(key)))
    const remaining = (results: readonly RateLimitResult[]): readonly number[] => [
      ...new Set(results.map((result) => result.remaining)),
    ]

    expect(remaining(await consume())).toEqual([4])
    await Promise.all(
      keys.map(async (key) => {
        await using held = await new Lock(own, key).acquire()
        expect(held.fence).toBeGreaterThan(0)
      }),
    )
    await cluster.migrateSlot(await cluster.slotOf('test:!limit:api:g3600000-f86400000:a'))
    expect(remaining(await consume())).toEqual([3])

    await cluster.failOver()
    await until('all keys to be decided by a master', async () => {
      const results = await Promise.all(keys.map(async (key) => limiter.peek(key)))
      return results.every(({ decidedBy }) => decidedBy === 'store')
    })
    for (const { allowed, decidedBy } of await consume())
      expect([allowed, decidedBy]).toEqual([true, 'store'])
    await own.close()
  })
})
