// Memory of a node while its server is away. Its tier and its queue bound it, however many keys are used.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MemoryCache, TieredCache } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { expect, it } from 'vitest'
import { silentLogger } from '../../../src/core/logging/logger.ts'
import { until } from '../../support/until.ts'
import { nativeClient } from '../native-clients.ts'
import { describeWithServers, startRedis } from '../servers/index.ts'

const KEYS = Number(process.env['CACHETTE_AWAY_KEYS'] ?? 4_000)
const MOST_STRETCHES = 4
// Long keys make a leak of keys larger than what code takes that becomes hot.
const longKey = (at: number): string => Buffer.alloc(400, `${at}.`).toString('latin1')
const MOST_BYTES_A_KEY = 100

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heapBytes(): number {
  collect()
  return process.memoryUsage().heapUsed
}

describeWithServers('two tiers without their server', () => {
  it('remember no more of very many keys than fits', async () => {
    await using server = await startRedis()
    const native = nativeClient('node-redis 6', server.url)
    const l2 = new RedisCache({ client: native.client, prefix: 'away:', ttl: '1h', logger: silentLogger })
    const l1 = new MemoryCache({ maxEntries: 100 })
    const cache = new TieredCache({ l1, l2, logger: silentLogger, outage: { outbox: 100 } })
    await until('the cache to be connected', async () => cache.set('connected', true))
    await server.kill()
    await until('the loss', async () => !(await cache.set('connected', true)))

    const load = async (at: number): Promise<unknown> =>
      cache.getOrSet(`loaded:${longKey(at)}`, () => at, { tags: ['a'] })
    const set = async (at: number): Promise<unknown> =>
      cache.set(`set:${longKey(at)}`, at, { tags: [`tag:${at % 50}`] })
    for (const call of [load, set]) {
      // Code that becomes hot takes heap, too, so the first stretches may grow more.
      let grown = Infinity
      for (let stretch = 0; stretch < MOST_STRETCHES && grown >= MOST_BYTES_A_KEY; stretch++) {
        const before = heapBytes()
        for (let at = 0; at < KEYS; at++) await call(stretch * KEYS + at)
        grown = (heapBytes() - before) / KEYS
      }
      expect(grown, call.name).toBeLessThan(MOST_BYTES_A_KEY)
    }
    expect(cache.stats().entries).toBeLessThanOrEqual(100)

    await server.restart()
    await until('the return', async () => cache.set('connected', true))
    expect(await cache.get('connected')).toBe(true)
    await cache.close()
    await l2.close()
    await l1.close()
    await native.close()
  })
})
