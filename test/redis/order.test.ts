// Calls of one key from one process take effect in the order in which they were made, awaited or not.
import { describe, expect, it, onTestFinished } from 'vitest'
import { MemoryCache, type BaseCache } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { RecordingLogger } from '../support/recording-logger.ts'
import { until } from '../support/until.ts'
import { ENGINES, openCache } from './caches.ts'
import { CLIENT_NAMES } from './native-clients.ts'
import { differs, METHODS } from './order.ts'
import { describeWithServers, startCluster, startRedis } from './servers/index.ts'

const NAMES = Object.keys(METHODS)
const PAIRS = NAMES.flatMap((first) => NAMES.map((second) => [first, second] as const))

const KINDS = ['plain', 'known', 'unknown'] as const
// So many rounds at a time: the server must not become slow.
const AT_ONCE = 10

async function faultsOf(cache: BaseCache, rounds: number): Promise<readonly string[]> {
  const faults: string[] = []
  const plays = PAIRS.flatMap((pair) =>
    KINDS.flatMap((tags) => [true, false].map((isFilled) => ({ pair, tags, isFilled }))),
  )
  for (let round = 0; round < rounds; round++) {
    for (let start = 0; start < plays.length; start += AT_ONCE) {
      const found = await Promise.all(
        plays
          .slice(start, start + AT_ONCE)
          .map(async (play, index) => differs(cache, play.pair, `${round}-${start + index}`, play)),
      )
      for (const fault of found) if (fault !== undefined) faults.push(fault)
    }
  }
  return faults
}

describe('calls of one key', () => {
  it('take effect in the order of the calls, in memory', async () => {
    expect(await faultsOf(new MemoryCache({ maxEntries: 1_000_000 }), 2)).toEqual([])
  })
})

describeWithServers('calls of one key', () => {
  describe.each(ENGINES.flatMap((engine) => CLIENT_NAMES.map((client) => [engine, client] as const)))(
    '%s over %s',
    (engine, client) => {
      it('take effect in the order of the calls, from the first on', async () => {
        const server = await startRedis()
        onTestFinished(() => server.close())
        const logger = new RecordingLogger()
        const opened = await openCache(engine, client, server.url, {
          prefix: 'app:',
          logger,
          deadline: { hard: 10 },
        })
        onTestFinished(() => opened[Symbol.asyncDispose]())
        expect(await faultsOf(opened.cache, 2)).toEqual([])
      }, 120_000)
    },
  )

  it('take effect in the order of the calls, over a pool', async () => {
    const server = await startRedis()
    onTestFinished(() => server.close())
    const logger = new RecordingLogger()
    const pooled = await RedisCache.create({
      url: server.url,
      ttl: '1h',
      pool: { size: 3 },
      logger,
      deadline: { hard: 10 },
    })
    onTestFinished(() => pooled.close())
    expect(await faultsOf(pooled, 1)).toEqual([])
  }, 120_000)

  it.each(ENGINES)(
    'take effect in the order of the calls, %s over a cluster',
    async (engine) => {
      const cluster = await startCluster()
      onTestFinished(() => cluster.close())
      const logger = new RecordingLogger()
      const opened = await openCache(engine, 'node-redis 6', cluster.url, {
        prefix: 'app:',
        logger,
        deadline: { hard: 10 },
      })
      onTestFinished(() => opened[Symbol.asyncDispose]())
      await until('every master', async () =>
        opened.cache.setMany(Array.from({ length: 3000 }, (_, n) => [`k${n}`, n] as const)),
      )
      expect(await faultsOf(opened.cache, 1)).toEqual([])
    },
    120_000,
  )
})
