import { createCache, type BaseCache, type Invalidation } from 'cachette'
import { describe, expect, it, onTestFinished } from 'vitest'
import { storeOf } from '../../../src/cache/stores.ts'
import type { CoherentStore } from '../../../src/coherence/coherent-store.ts'
import { cacheOver, ENGINES, type Engine } from '../caches.ts'
import { nativeClient, type ClientName } from '../native-clients.ts'
import { describeWithServers, startCluster, startRedis, startReplica } from '../servers/index.ts'
import { deferred } from '../../support/deferred.ts'
import { until } from '../../support/until.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'

const CLIENTS: readonly ClientName[] = ['node-redis 6', 'ioredis 5']

interface Opened {
  readonly cache: BaseCache
  readonly logger: RecordingLogger
}

async function open(engine: Engine, client: ClientName, url: string, replicas: number): Promise<Opened> {
  const native = nativeClient(client, url)
  const logger = new RecordingLogger()
  const cache = cacheOver(engine, native.client, { prefix: 'app:', logger, failover: { wait: replicas } })
  onTestFinished(async () => {
    await cache.close()
    await native.close()
  })
  await until('the cache to be connected', async () => cache.get('a').then(() => cache.set('a', 1)))
  return { cache, logger }
}

/** Every way to invalidate, one after the other. */
async function invalidateAll(cache: BaseCache): Promise<readonly string[]> {
  await cache.set('b', 1, { tags: ['t'] })
  const answers: Invalidation[] = [await cache.invalidate('a')]
  answers.push(await cache.invalidateTag('t'))
  answers.push(await cache.invalidate('b', { keepStale: true }))
  return answers.map(({ l2 }) => l2)
}

describeWithServers('failover: { wait }', () => {
  describe.each(CLIENTS)('%s', (client) => {
    describe.each(ENGINES)('%s', (engine) => {
      it('answers whether as many replicas have it', async () => {
        await using master = await startRedis()
        await using first = await startReplica(master)
        const one = await open(engine, client, master.url, 1)
        const two = await open(engine, client, master.url, 2)

        expect(await invalidateAll(one.cache)).toEqual(['replicated', 'replicated', 'replicated'])
        expect(await invalidateAll(two.cache)).toEqual(['acked', 'acked', 'acked'])
        await using _ = await startReplica(master)
        await until('both replicas', async () => {
          const answers = await invalidateAll(two.cache)
          return answers.every((l2) => l2 === 'replicated')
        })
        first.freeze()
        expect(await invalidateAll(one.cache)).toEqual(['replicated', 'replicated', 'replicated'])
        expect(await invalidateAll(two.cache)).toEqual(['acked', 'acked', 'acked'])
      })

      it('holds up nothing else while a replica is frozen, and is told in time, however many wait', async () => {
        await using master = await startRedis()
        await using replica = await startReplica(master)
        const { cache, logger } = await open(engine, client, master.url, 1)
        await cache.invalidate('a')
        replica.freeze()
        const answered: Invalidation[] = []
        const waiting = Array.from({ length: 20 }, async (_, index) => {
          answered.push(
            await (index % 2 ? cache.invalidate(`key ${index}`) : cache.invalidateTag(`${index}`)),
          )
        })

        for (let round = 0; round < 20; round++) {
          await cache.get('other')
          await cache.getOrSet(`loaded ${round}`, () => round)
        }
        expect(answered).toEqual([])
        // Others come while these wait.
        await until('the first to be answered', async () => {
          waiting.push(cache.invalidate('late').then((answer) => void answered.push(answer)))
          return answered.length > 0
        })
        await Promise.all(waiting)
        expect(new Set(answered.map(({ l2 }) => l2))).toEqual(new Set(['acked']))

        replica.resume()
        await until('the replica', async () => (await cache.invalidate('a')).l2 === 'replicated')
        expect(logger.lines).toEqual([])
      })

      it('answers at once while the server is known to be away, and is repeated when it is back', async () => {
        await using master = await startRedis()
        await using _ = await startReplica(master)
        const { cache } = await open(engine, client, master.url, 1)
        await cache.invalidate('a')
        await master.kill()
        await until('the loss', async () => (await cache.invalidate('a')).l2 === 'queued')

        const began = performance.now()
        for (let round = 0; round < 100; round++) expect((await cache.invalidate('a')).l2).toBe('queued')
        // A single deadline is 500 ms.
        expect(performance.now() - began).toBeLessThan(400)
        await master.restart()
        const store = storeOf(cache) as CoherentStore
        await until('the replay', () => store.pending.outbox === 0)
        await until('the replica', async () => (await cache.invalidate('a')).l2 === 'replicated')
      })
    })

    it('leaves what the process keeps, and what it loads, when the first invalidation connects', async () => {
      await using master = await startRedis()
      await using _ = await startReplica(master)
      const { cache } = await open('tiered', client, master.url, 1)
      const writer = await open('tiered', client, master.url, 1)
      await writer.cache.set('a', 'kept')
      const store = storeOf(cache) as CoherentStore
      await until('a hit in the process', async () => {
        const before = store.localHits
        await cache.get('a')
        return store.localHits > before
      })

      const loaded = deferred<string>()
      const loading = cache.getOrSet('b', () => loaded.promise)
      expect((await cache.invalidate('other')).l2).toBe('replicated')
      loaded.resolve('loaded')
      await loading

      const before = store.localHits
      expect([await cache.get('a'), await cache.get('b')]).toEqual(['kept', 'loaded'])
      expect(store.localHits).toBe(before + 2)
    })

    it('waits in a cluster for each master once', async () => {
      await using cluster = await startCluster()
      const { cache } = await open('redis', client, cluster.url, 1)
      const keys = Array.from({ length: 50 }, (_, index) => `key ${index}`)

      expect((await cache.invalidate(keys)).l2).toBe('replicated')

      const masters = await cluster.masters()
      for (const server of cluster.servers) if (!masters.includes(server)) server.freeze()
      expect((await cache.invalidate(keys)).l2).toBe('acked')
    })
  })

  it('is an option of createCache', async () => {
    await using master = await startRedis()
    await using _ = await startReplica(master)
    await using cache = await createCache({
      redis: master.url,
      prefix: 'app:',
      failover: { wait: 1 },
      ttl: '1h',
    })
    await until('the cache to be connected', async () => (await cache.invalidate('a')).l2 === 'replicated')
  })
})
