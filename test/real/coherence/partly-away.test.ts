// One master of a cluster is away: what is kept of the others is as new as their heartbeat.
import { RedisCache } from 'cachette/redis'
import { TieredCache, type BaseCache } from 'cachette'
import { expect, it, onTestFinished } from 'vitest'
import { silentLogger } from '../../../src/core/logging/logger.ts'
import { KeyNames } from '../../../src/redis/store/key-names.ts'
import { slotOf } from '../../../src/redis/connection/slot.ts'
import { until } from '../../support/until.ts'
import { nativeClient, type ClientName } from '../native-clients.ts'
import { describeWithServers, startCluster, type RedisCluster, type RedisServer } from '../servers/index.ts'

const CLIENTS: readonly ClientName[] = ['node-redis 6', 'ioredis 5']
const KEYS = Array.from({ length: 30 }, (_, index) => `key ${index}`)

async function startWithoutFailover(): Promise<RedisCluster> {
  const cluster = await startCluster({
    config: ['cluster-require-full-coverage no', 'cluster-replica-no-failover yes'],
  })
  onTestFinished(() => cluster.close())
  return cluster
}

async function openNode(library: ClientName, url: string): Promise<BaseCache> {
  const native = nativeClient(library, url)
  const settings = {
    ttl: '1h',
    bus: 'none',
    logger: silentLogger,
    staleness: { heartbeat: '100ms', maxLag: '1s', maxStale: '1h' },
  } as const
  const l2 = new RedisCache({ client: native.client, prefix: 'app:', ...settings })
  const cache = new TieredCache({ l1: { maxEntries: 1000 }, l2, ...settings })
  onTestFinished(async () => {
    await cache.close()
    await l2.close()
    await native.close()
  })
  await until('the cluster', async () => cache.setMany(Object.fromEntries(KEYS.map((key) => [key, 'old']))))
  return cache
}

describeWithServers('a cluster with a master that is away', () => {
  it.each(CLIENTS)('is asked for the logs of the others: %s', async (library) => {
    const cluster = await startWithoutFailover()
    const writer = await openNode(library, cluster.url)
    const reader = await openNode(library, cluster.url)
    const names = new KeyNames('app:', true)
    const away = await cluster.ownerOf(slotOf(names.value(KEYS[0]!)))
    const owners = await Promise.all(KEYS.map((key) => cluster.ownerOf(slotOf(names.value(key)))))
    const key = KEYS[owners.findIndex((owner) => owner !== away)]!

    await away.kill()
    await until(
      'the loss',
      async () => (await reader.get(KEYS[0]!)) === undefined && !(await reader.set(KEYS[0]!, 'new')),
    )
    // The state from before is given up with the connection.
    const servedHere = async (): Promise<boolean> => (await reader.get(key, { result: 'full' })).tier === 'l1'
    await until('a copy in the reader', servedHere)
    await writer.set(key, 'new')
    const began = performance.now()
    await until('the new value', async () => (await reader.get(key)) === 'new')
    // A heartbeat, and much room for a busy machine. The bound without one is an hour.
    expect(performance.now() - began).toBeLessThan(10_000)
  })
  it.each(CLIENTS)('is not scanned for a prefix until all masters are there: %s', async (library) => {
    const cluster = await startWithoutFailover()
    const cache = await openNode(library, cluster.url)
    const [away, ...well] = await cluster.masters()
    await away!.kill()
    await until(
      'the loss',
      async () => !(await cache.setMany(Object.fromEntries(KEYS.map((key) => [key, 1])))),
    )
    expect(await cache.deleteByPrefix('key')).toBe(undefined)
    // Each heartbeat tries again.
    const asked = await callsOf(well, 'get')
    await until('some heartbeats', async () => (await callsOf(well, 'get')) > asked + 200)
    expect(await callsOf(well, 'scan')).toBe(0)

    await away!.restart()
    await until('the deletion', async () => cache.stats().outbox!.prefixes === 0)
    expect(await callsOf(well, 'scan')).toBeGreaterThan(0)
    expect((await cache.getMany(KEYS)).size).toBe(0)
  })
})

async function callsOf(servers: readonly RedisServer[], command: string): Promise<number> {
  const stats = await Promise.all(servers.map((server) => server.info('commandstats')))
  return stats.reduce(
    (sum, of) => sum + Number(/^calls=(\d+)/.exec(of.get(`cmdstat_${command}`) ?? '')?.[1] ?? 0),
    0,
  )
}
