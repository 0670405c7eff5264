import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { MemoryCache, TieredCache, type BaseCache } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { seededRandom } from '../../demo/load/random.ts'
import { nativeClient, type NativeClient } from './native-clients.ts'
import { describeWithServers, startRedis, type RedisServer } from './servers/index.ts'

const PREFIX = 'side:'
const KEYS = ['a', 'b', 'c', 'd']
const ROUNDS_MS = 4000

/** Deletes some of the side keys again and again. */
async function vandalise(server: RedisServer, random: () => number, over: AbortSignal): Promise<number> {
  const connection = await server.connect()
  let deleted = 0
  while (!over.aborted) {
    const [, names] = (await connection.command('SCAN', 0, 'COUNT', 1000, 'MATCH', `${PREFIX}!*`)) as [
      string,
      string[],
    ]
    const chosen = names.filter(() => random() < 0.3)
    if (chosen.length > 0) deleted += Number(await connection.command('UNLINK', ...chosen))
    await sleep(random() * 5)
  }
  connection.close()
  return deleted
}

/** Two nodes over one server. */
async function startNodes(
  engine: 'redis' | 'tiered',
  url: string,
): Promise<{ caches: BaseCache[]; close(): Promise<void> }> {
  const natives: NativeClient[] = []
  const opened: BaseCache[] = []
  const caches: BaseCache[] = []
  for (const client of ['node-redis 6', 'ioredis 5'] as const) {
    const native = nativeClient(client, url)
    natives.push(native)
    const redis = new RedisCache({ client: native.client, prefix: PREFIX, ttl: '1h' })
    await native.connect()
    const cache =
      engine === 'redis'
        ? redis
        : new TieredCache({ l1: new MemoryCache(), l2: redis, bus: 'pubsub', prefix: PREFIX, ttl: '1h' })
    caches.push(cache)
    opened.push(cache, redis)
  }
  return {
    caches,
    close: async () => {
      for (const cache of opened) await cache.close()
      for (const native of natives) await native.close()
    },
  }
}

describeWithServers('side keys that vanish at any moment', () => {
  it.each(['redis', 'tiered'] as const)('never make an invalid entry valid (%s)', async (engine) => {
    const seed = randomInt(2 ** 31)
    console.log(`seed ${seed}`)
    const random = seededRandom(seed)
    await using server = await startRedis()
    const { caches, close } = await startNodes(engine, server.url)
    const spaces = caches.map((cache) => cache.namespace<number>('space'))
    const versions = new Map(KEYS.map((key) => [key, 1]))
    const over = new AbortController()
    const vandal = vandalise(server, random, over.signal)
    const stale: string[] = []
    let reads = 0

    /** A load that is on its way for a while. */
    const load = async (key: string): Promise<number> => {
      const version = versions.get(key)!
      await sleep(random() * 3)
      return version
    }
    const read = async (node: number, key: string, after?: string): Promise<number> => {
      reads += 1
      return spaces[node]!.getOrSet(key, async () => load(key), {
        tags: [`tag:${key}`],
        ...(after === undefined ? {} : { after }),
      })
    }
    const readers = [0, 1].map(async (node) => {
      while (!over.signal.aborted) {
        await read(node, KEYS[Math.floor(random() * KEYS.length)]!)
        await sleep(random() * 2)
      }
    })

    const end = performance.now() + ROUNDS_MS
    while (performance.now() < end) {
      const key = KEYS[Math.floor(random() * KEYS.length)]!
      const version = versions.get(key)! + 1
      versions.set(key, version)
      const node = Math.floor(random() * 2)
      const drawn = random()
      let how = 'key'
      let token = ''
      if (drawn < 0.4) {
        const { l2, token: given } = await spaces[node]!.invalidate(key)
        expect(l2).toBe('acked')
        token = given
      } else if (drawn < 0.8) {
        how = 'tag'
        const { l2, token: given } = await caches[node]!.invalidateTag(`tag:${key}`)
        expect(l2).toBe('acked')
        token = given
      } else {
        how = 'clear'
        expect(await spaces[node]!.clear()).toBe(true)
      }
      // The node that invalidated; the other one by the token, where there is one.
      const seen = [await read(node, key), ...(token === '' ? [] : [await read(1 - node, key, token)])]
      for (const [index, found] of seen.entries()) {
        if (found < version)
          stale.push(
            `${how}: ${key} was ${version}, node ${index === 0 ? 'that invalidated' : 'with token'} read ${found}`,
          )
      }
      await sleep(random() * 3)
    }
    over.abort()
    await Promise.all(readers)
    expect(await vandal).toBeGreaterThan(100)
    expect(reads).toBeGreaterThan(500)
    expect(stale).toEqual([])
    await close()
  })
})
