// The engines that are compared: memory, Redis, and two tiers with a second node.
import { MemoryCache, TieredCache, type BaseCache, type CacheOptions } from 'cachette'
import { RedisCache } from 'cachette/redis'
import type { SeededRandom } from '../../../src/testing/random.ts'
import { nativeClient, type ClientName } from '../../real/native-clients.ts'
import { until } from '../../support/until.ts'
import type { Subject } from './play.ts'

export interface Session extends AsyncDisposable {
  readonly subjects: readonly Subject[]
}

const SILENT = { warn: () => undefined, error: () => undefined }
// A busy machine is no fault of the server.
const PATIENT = { hard: '10s' }

// A tag that only a loader names is judged by the log of generations, which is followed from the first tag on.
async function storesNamed(cache: BaseCache): Promise<boolean> {
  await cache.getOrSet(
    'first',
    ({ setTags }) => {
      setTags(['first'])
      return true
    },
    { tags: ['followed'] },
  )
  return cache.has('first')
}

/** Caches of every engine with the same options, over a client of a library. */
export async function openSession(
  random: SeededRandom,
  client: ClientName,
  url: string,
  prefix: string,
): Promise<Session> {
  const options: CacheOptions = {
    ttl: '1d',
    logger: SILENT,
    ...(random.chance(0.3) && { grace: '3h' }),
  }
  const native = nativeClient(client, url)
  const redisOver = (name: string): RedisCache =>
    new RedisCache({ ...options, client: native.client, prefix: `${prefix}${name}:`, deadline: PATIENT })
  const memory = new MemoryCache(options)
  const redis = redisOver('redis')
  const l1 = new MemoryCache({ maxEntries: random.chance(0.4) ? 3 : 10_000 })
  const l2 = redisOver('tiers')
  const tiered = new TieredCache({ ...options, l1, l2 })
  const otherL1 = new MemoryCache()
  const other = new TieredCache({ ...options, l1: otherL1, l2: redisOver('tiers') })
  const all = [tiered, other, redis, l2, memory, l1, otherL1]
  for (const cache of [redis, tiered, other])
    await until('a cache to follow tags', async () => storesNamed(cache))
  let writes = -1
  // A fill of that may still be counted.
  await until('the figures to rest', () => {
    const before = writes
    writes = redis.stats().writes + tiered.stats().writes
    return writes === before
  })
  await redis.set('with grace', 'kept', { grace: '1h' })
  const plain = (): object => ({})
  const dropLocal = async (): Promise<number> => {
    let stored = 0
    const servedBy = async (): Promise<unknown> => (await tiered.explain('probe')).servedBy
    await until('an entry in the memory of the node', async () => {
      if (await tiered.set('probe', 'kept')) stored++
      return (await servedBy()) === 'l1'
    })
    // A deletion by prefix, on whatever node, empties the memory of every node.
    await other.deleteByPrefix('nothing:')
    await until('the memory of the node to be empty', async () => (await servedBy()) === 'l2', { everyMs: 1 })
    return stored
  }
  return {
    subjects: [
      { name: 'memory', cache: memory, detour: plain },
      { name: 'redis', cache: redis, detour: plain, prime: async () => void (await redis.get('with grace')) },
      {
        name: 'tiers',
        cache: tiered,
        detour: (at) => (at < 0.3 ? { skipRead: 'l1' } : {}),
        dropLocal,
      },
    ],
    [Symbol.asyncDispose]: async () => {
      for (const cache of all) await cache.close()
      await native.close()
    },
  }
}
