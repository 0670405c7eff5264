import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { SeededRandom } from '../../../src/testing/random.ts'
import { ENGINES, openCache } from '../caches.ts'
import { describeWithServers, startRedis, type RedisServer } from '../servers/index.ts'

const PREFIX = 'side:'
const KEYS = ['a', 'b', 'c', 'd']
const ROUNDS_MS = 4000
const LEAST_READS = 500
const LEAST_DELETED = 100
// A busy machine is no fault of the server.
const DEADLINE = { hard: '5s' } as const

/** Deletes some of the side keys repeatedly. */
async function vandalise(
  server: RedisServer,
  random: () => number,
  over: AbortSignal,
  count: { deleted: number; reads: number },
): Promise<void> {
  const connection = await server.connect()
  while (!over.aborted) {
    const [, names] = (await connection.command('SCAN', 0, 'COUNT', 1000, 'MATCH', `${PREFIX}!*`)) as [
      string,
      string[],
    ]
    const chosen = names.filter(() => random() < 0.3)
    if (chosen.length > 0) count.deleted += Number(await connection.command('UNLINK', ...chosen))
    await sleep(random() * 5)
  }
  connection.close()
}

describeWithServers('side keys that vanish at any moment', () => {
  it.each(ENGINES)('never make an invalid entry valid (%s)', async (engine) => {
    const seed = randomInt(2 ** 31)
    console.log(`seed ${seed}`)
    const random = new SeededRandom(seed).next
    await using server = await startRedis()
    const nodes = [
      await openCache(engine, 'node-redis 6', server.url, { prefix: PREFIX, deadline: DEADLINE }),
      await openCache(engine, 'ioredis 5', server.url, { prefix: PREFIX, deadline: DEADLINE }),
    ]
    const caches = nodes.map(({ cache }) => cache)
    const spaces = caches.map((cache) => cache.namespace<number>('space'))
    const versions = new Map(KEYS.map((key) => [key, 1]))
    const over = new AbortController()
    const count = { deleted: 0, reads: 0 }
    const vandal = vandalise(server, random, over.signal, count)
    const stale: string[] = []

    /** A load that is on its way for a while. */
    const load = async (key: string): Promise<number> => {
      const version = versions.get(key)!
      await sleep(random() * 3)
      return version
    }
    const read = async (node: number, key: string, after?: string): Promise<number> => {
      count.reads += 1
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
    // A busy machine needs longer for as many reads.
    const isEnough = (): boolean => count.reads > LEAST_READS && count.deleted > LEAST_DELETED
    while (performance.now() < end || !isEnough()) {
      const key = KEYS[Math.floor(random() * KEYS.length)]!
      const version = versions.get(key)! + 1
      versions.set(key, version)
      const node = Math.floor(random() * 2)
      const drawn = random()
      const [how, invalidate] = ((): readonly [string, () => Promise<{ l2: string; token?: string }>] => {
        if (drawn < 0.4) return ['key', async () => spaces[node]!.invalidate(key)]
        if (drawn < 0.8) return ['tag', async () => caches[node]!.invalidateTag(`tag:${key}`)]
        return ['clear', async () => ({ l2: (await spaces[node]!.clear()) ? 'acked' : 'dropped' })]
      })()
      const { l2, token = '' } = await invalidate()
      expect(l2).toBe('acked')
      // One read is on the node that invalidated, the other by the token on the other node, if there is one.
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
    await Promise.all([...readers, vandal])
    expect(stale).toEqual([])
    for (const node of nodes) await node[Symbol.asyncDispose]()
  })
})
