// Sequences and logs that expire or are evicted, and the activity that keeps them alive.
import { describe, expect, it, onTestFinished } from 'vitest'
import { RedisCache } from 'cachette/redis'
import { until } from '../../support/until.ts'
import { CLIENT_NAMES, nativeClient, type ClientName } from '../native-clients.ts'
import { describeWithServers, startRedis, type RedisServer } from '../servers/index.ts'
import { countOf, epochOf, heartbeats, numbered, PREFIX, SIDE_KEYS, tieredNode } from './fleet.ts'

const DAY_MS = 86_400_000
const [SEQUENCE, LOG] = SIDE_KEYS

async function server(): Promise<RedisServer> {
  const started = await startRedis()
  onTestFinished(() => started.close())
  return started
}

async function redisCache(client: ClientName, url: string): Promise<RedisCache> {
  const native = nativeClient(client, url)
  const cache = new RedisCache({
    client: native.client,
    prefix: PREFIX,
    ttl: '1h',
    staleness: { heartbeat: 0.2, maxLag: 1 },
  })
  onTestFinished(async () => {
    await cache.close()
    await native.close()
  })
  await until('the cache to be connected', async () => cache.set('connected', 'yes'))
  return cache
}

describeWithServers('a sequence that is gone', () => {
  describe.each(CLIENT_NAMES)('%s', (client) => {
    it.each([
      ['expires', ['PEXPIRE', SEQUENCE, 1]],
      ['is evicted', ['UNLINK', SEQUENCE]],
      ['is evicted with its log', ['UNLINK', SEQUENCE, LOG]],
    ] as const)('removes nothing that was set, when it %s', { timeout: 60_000 }, async (_, command) => {
      const redis = await server()
      const nodes = [await tieredNode(client, redis.url), await tieredNode(client, redis.url)]
      const keys = numbered('session', 100)
      for (const [index, key] of keys.entries()) await nodes[index % 2]!.set(key, { user: index })
      const before = (await epochOf(redis))!

      await redis.command(...command)
      const epoch = await until('another epoch', async () => {
        const present = await epochOf(redis)
        return present !== undefined && present.ordinal > before.ordinal && present
      })
      const late = await tieredNode(client, redis.url)
      await heartbeats(redis, 12)

      expect(epoch.birth).toBe(epoch.ordinal)
      expect(await countOf(redis, keys)).toBe(keys.length)
      // All of them follow the new epoch.
      await nodes[0]!.set('session:0', { user: 'other' })
      for (const node of [nodes[1]!, late])
        await until('the change to be seen', async () => {
          return JSON.stringify(await node.get('session:0')) === '{"user":"other"}'
        })
    })

    it('removes nothing when only the log is gone', { timeout: 60_000 }, async () => {
      const redis = await server()
      const nodes = [
        await tieredNode(client, redis.url, { bus: 'none' }),
        await tieredNode(client, redis.url, { bus: 'none' }),
      ]
      const keys = numbered('session', 100)
      for (const [index, key] of keys.entries()) await nodes[index % 2]!.set(key, { user: index })
      const before = (await epochOf(redis))!
      await redis.command('UNLINK', LOG)
      await nodes[0]!.set('one more', { user: 1 })
      await heartbeats(redis, 12)
      expect(await countOf(redis, keys)).toBe(keys.length)
      expect((await epochOf(redis))!.ordinal).toBe(before.ordinal)
    })

    it('of tags hides nothing that was set, on a RedisCache', { timeout: 60_000 }, async () => {
      const redis = await server()
      const caches = [await redisCache(client, redis.url), await redisCache(client, redis.url)]
      for (const cache of caches) await cache.set('tagged', { n: 1 }, { tags: ['t', 'u'] })
      await caches[0]!.invalidateTag('u')
      await caches[0]!.set('tagged', { n: 2 }, { tags: ['t', 'u'] })
      const before = await until('the sequence of tags', async () => epochOf(redis, '!tags'))
      await redis.command('UNLINK', `${PREFIX}!sequence:!tags`, `${PREFIX}!log:!tags`)
      await until('another epoch', async () => {
        const present = await epochOf(redis, '!tags')
        return present !== undefined && present.ordinal > before.ordinal
      })
      await heartbeats(redis, 12)
      for (const cache of caches) expect(await cache.get('tagged')).toEqual({ n: 2 })
    })

    it('is kept alive, with its log, by plain writes and invalidations', async () => {
      const redis = await server()
      const node = await tieredNode(client, redis.url)
      const plain = await redisCache(client, redis.url)
      const renewed = async (name: string, act: () => Promise<unknown>, what: string): Promise<void> => {
        await redis.command('PEXPIRE', name, 60_000)
        await act()
        expect(await redis.command('PTTL', name), `${name} after ${what}`).toBeGreaterThan(DAY_MS - 60_000)
      }
      for (const cache of [node, plain]) {
        for (const name of SIDE_KEYS) {
          await renewed(name, async () => cache.set('a', { n: 1 }), 'set')
          await renewed(name, async () => cache.setMany({ a: { n: 1 }, b: { n: 2 } }), 'setMany')
          await renewed(name, async () => cache.delete('a'), 'delete')
        }
        await node.invalidateTag('t')
        for (const name of [`${PREFIX}!sequence:!tags`, `${PREFIX}!log:!tags`])
          await renewed(name, async () => cache.invalidateTag('t'), 'invalidateTag')
      }
    })
  })
})
