import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { adaptClient, surroundingsOf } from '../../../src/redis/libraries/adapt.ts'
import type { RedisClient, Reply } from '../../../src/redis/connection/client.ts'
import { createCluster } from '../../../src/redis/libraries/create-source.ts'
import type { GuardedConnection } from '../../../src/redis/connection/guard/guarded-connection.ts'
import { loadLibrary } from '../../../src/redis/libraries/load.ts'
import { parseRedisUrl } from '../../../src/redis/connection/redis-url.ts'
import { openClient } from '../../../src/redis/libraries/open.ts'
import { until } from '../../support/until.ts'
import { describeWithServers, startCluster, type RedisCluster } from '../servers/index.ts'
import { CLUSTERS, IMPORTS } from './libraries.ts'
import { realSettings, script } from './setting.ts'

const escaped = vi.fn()
process.on('unhandledRejection', escaped)
process.on('uncaughtException', escaped)

afterEach(() => {
  expect(escaped).not.toHaveBeenCalled()
})

// One key of each master.
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f']

function run(redis: RedisClient, key: string, ...args: string[]): Promise<Reply> {
  return redis.connectionFor(key).run({ args }, 'text')
}

async function serves(redis: RedisClient): Promise<void> {
  const push = script(`return redis.call('RPUSH', KEYS[1], ARGV[1])`)
  for (const key of KEYS) {
    await until('a write', async () => (await run(redis, key, 'SET', key, key)) === 'OK')
    const replies = await redis
      .connectionFor(key)
      .runAll(
        [
          { args: ['GET', key] },
          { script: push, keys: [`{${key}}list`], args: ['x'] },
          { script: push, keys: [`{${key}}list`], args: ['y'] },
        ],
        'text',
      )
    expect(replies).toEqual([key, 1, 2])
  }
  const masters = await redis.masters()
  expect(masters).toHaveLength(3)
  const sizes = await Promise.all(masters.map((master) => master.run({ args: ['DBSIZE'] }, 'text')))
  expect(sizes.reduce<number>((sum, size) => sum + Number(size), 0)).toBe(2 * KEYS.length)
}

async function followsASlot(redis: RedisClient, cluster: RedisCluster): Promise<void> {
  const reconnected = vi.fn()
  onTestFinished(redis.onReconnect(reconnected))
  const slot = await cluster.slotOf('a')
  const from = await cluster.ownerOf(slot)
  expect(await cluster.migrateSlot(slot)).toBeGreaterThan(0)

  expect(await run(redis, 'a', 'GET', 'a')).toBe('a')
  expect(reconnected).toHaveBeenCalled()
  expect(
    await redis.connectionFor('a').runAll([{ args: ['GET', 'a'] }, { args: ['DEL', 'a'] }], 'text'),
  ).toEqual(['a', 1])
  expect(await cluster.ownerOf(slot)).not.toBe(from)
}

async function asksForASlotBeingMoved(redis: RedisClient, cluster: RedisCluster): Promise<void> {
  const slot = await cluster.slotOf('b')
  const from = await cluster.ownerOf(slot)
  const to = (await cluster.masters()).find((master) => master !== from)!
  const idOf = async (server: typeof from): Promise<string> => String(await server.command('CLUSTER', 'MYID'))
  await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(from))
  await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(to))
  await from.command('MIGRATE', '127.0.0.1', to.port, 'b', 0, 5000)

  expect(await run(redis, 'b', 'GET', 'b')).toBe('b')

  await to.command('CLUSTER', 'SETSLOT', slot, 'STABLE')
  await to.command('DEL', 'b').catch(() => undefined)
  await from.command('CLUSTER', 'SETSLOT', slot, 'STABLE')
}

async function failsOver(redis: RedisClient, cluster: RedisCluster): Promise<void> {
  const reconnected = vi.fn()
  const received: string[] = []
  const ready = vi.fn()
  onTestFinished(redis.subscribe('channel', (text) => received.push(text), ready))
  await until('a subscription', () => ready.mock.calls.length > 0)
  onTestFinished(redis.onReconnect(reconnected))
  const slot = await cluster.slotOf('c')

  const { after } = await cluster.failOver(slot)
  await until('writes on the new master', async () => (await run(redis, 'c', 'SET', 'c', 'after')) === 'OK')

  expect(String(await after.command('GET', 'c'))).toBe('after')
  expect(reconnected).toHaveBeenCalled()
  await until('a message', async () => {
    await run(redis, 'c', 'PUBLISH', 'channel', 'after')
    return received.length > 0
  })
}

describeWithServers('cluster', () => {
  it.each(Object.keys(IMPORTS))('%s follows slots and failovers, by URL', async (library) => {
    const cluster = await startCluster()
    onTestFinished(() => cluster.close())
    const settings = realSettings()
    const redis = await openClient({ url: cluster.url, connect: 'required' }, settings, IMPORTS[library])
    onTestFinished(() => redis.close())

    await serves(redis)
    await asksForASlotBeingMoved(redis, cluster)
    await followsASlot(redis, cluster)
    await failsOver(redis, cluster)
  })

  it.each(Object.keys(CLUSTERS))('%s follows them with a client of the user', async (library) => {
    const cluster = await startCluster()
    onTestFinished(() => cluster.close())
    const made = CLUSTERS[library]!(
      cluster.servers.map(({ port }) => port),
      '',
    )
    onTestFinished(() => made.close())
    const redis = adaptClient(made.client, realSettings())
    onTestFinished(() => redis.close())

    await serves(redis)
    await followsASlot(redis, cluster)
    await failsOver(redis, cluster)
  })

  it.each(Object.keys(IMPORTS))('%s replaces the connection to a node that is silent', async (library) => {
    const cluster = await startCluster()
    onTestFinished(() => cluster.close())
    const settings = realSettings()
    const made = await loadLibrary(IMPORTS[library])
    const surroundings = surroundingsOf(settings, [])
    const target = parseRedisUrl(cluster.url)
    const redis = createCluster(made, target, settings.random, settings.timers, surroundings)
    onTestFinished(() => redis.close())
    await redis.whenUp()
    const id = (): Promise<Reply> => run(redis, 'a', 'CLIENT', 'ID')
    const before = await id()

    // A silent node ends in such a reset.
    for (const master of await redis.masters()) (master as GuardedConnection).line.reset!()

    await until('another connection', async () => (await id()) !== before)
    await serves(redis)
  })

  it.each(Object.keys(IMPORTS))('%s begins without a cluster', async (library) => {
    const settings = realSettings()
    const redis = await openClient(
      { url: 'redis+cluster://127.0.0.1:1,127.0.0.1:2' },
      settings,
      IMPORTS[library],
    )
    onTestFinished(() => redis.close())

    await until('a line of the log', () => settings.logger.lines.length > 0)

    await expect(run(redis, 'a', 'GET', 'a')).rejects.toMatchObject({ reason: 'unavailable' })
    await expect(redis.masters()).rejects.toMatchObject({ reason: 'unavailable' })
    expect(settings.logger.summary).toEqual(['warn: Redis is not connected; it is tried again until it is'])
  })
})
