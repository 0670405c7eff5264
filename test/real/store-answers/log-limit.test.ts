// The logs that tell other processes of changes stay within their bound, all of them together.
import { OptionsError } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { expect, it } from 'vitest'
import { silentLogger } from '../../../src/core/logging/logger.ts'
import { openCache } from '../caches.ts'
import { describeWithServers, startCluster, startRedis, type RedisServer } from '../servers/index.ts'

async function logged(servers: readonly RedisServer[]): Promise<number> {
  let sum = 0
  for (const server of servers)
    for (const name of (await server.command('KEYS', 'logs:!log:*')) as string[])
      sum += Number(await server.command('LLEN', name))
  return sum
}

describeWithServers('logs of changes', () => {
  const clients = ['node-redis 6', 'ioredis 5'] as const

  it.each(clients)('of one server have logLimit entries together, with %s', async (client) => {
    await using server = await startRedis()
    const settings = { prefix: 'logs:', logger: silentLogger, logLimit: 40 }
    await using opened = await openCache('tiered', client, server.url, settings)
    for (let index = 0; index < 100; index++) {
      await opened.cache.set(`k${index}`, 'x')
      await opened.cache.invalidateTag(`t${index}`)
    }
    const length = await logged([server])
    expect(length).toBeGreaterThan(10)
    expect(length).toBeLessThanOrEqual(40)
  })

  it.each(clients)('of a cluster have logLimit entries together, with %s', async (client) => {
    await using cluster = await startCluster()
    const settings = { prefix: 'logs:', logger: silentLogger, logLimit: 600 }
    await using opened = await openCache('tiered', client, cluster.url, settings)
    const { cache } = opened
    const keys = Array.from({ length: 3_000 }, (_, index) => `k${index}`)
    for (let round = 0; round < 2; round++) {
      await cache.setMany(keys.map((key) => [key, 'x'] as const))
      // Each partition is followed from now on.
      await cache.getMany(keys)
    }
    const length = await logged(await cluster.masters())
    expect(length).toBeGreaterThan(100)
    expect(length).toBeLessThanOrEqual(600)
  })

  it.each([0, -1, 1.5, Number.NaN, '9', null])('refuse %o as their bound', (logLimit) => {
    expect(() => new RedisCache({ client: {} as never, logLimit: logLimit as number })).toThrow(OptionsError)
  })
})
