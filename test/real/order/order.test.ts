// Calls of one key from one process take effect in the order of the calls, awaited or not. Each client library plays a
// part of a round. `npm run test:order -- --rounds 1000` plays any number.
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { MemoryCache } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { CallOrder } from '../../../src/coherence/order/call-order.ts'
import { mapPrimitives, OwnCache } from '../../support/own-cache.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { ENGINES, openCache } from '../caches.ts'
import { CLIENT_NAMES } from '../native-clients.ts'
import { openOrder } from './engines.ts'
import { faultsOf, following } from './rounds.ts'
import { describeWithServers, startCluster, startRedis } from '../servers/index.ts'

const nothing = async (): Promise<void> => undefined

describe('calls of one key', () => {
  it('take effect in the order of the calls, in memory', async () => {
    const open = async () => ({ cache: new MemoryCache(), [Symbol.asyncDispose]: nothing })
    expect(await faultsOf({ rounds: 1, share: 1 / 2, open })).toEqual([])
  })

  // There an invalidation of a tag counts at once, also for calls that are under way.
  it.each([
    ['quick', false],
    ['slow', true],
  ])('take effect in the order of the calls, in a %s engine of a user', async (_, later) => {
    const open = async () => ({ cache: new OwnCache(mapPrimitives(later)), [Symbol.asyncDispose]: nothing })
    expect(await faultsOf({ rounds: 1, tags: ['plain'], open })).toEqual([])
  })
})

describeWithServers('calls of one key', () => {
  describe.each(ENGINES.flatMap((engine) => CLIENT_NAMES.map((client) => [engine, client] as const)))(
    '%s over %s',
    (engine, client) => {
      it('take effect in the order of the calls, from the first on', async () => {
        const server = await startRedis()
        onTestFinished(() => server.close())
        // Each of them plays another part.
        const first = CLIENT_NAMES.indexOf(client) + (engine === 'tiered' ? 4 : 0)
        const open = async () => openOrder(engine, client, server)
        expect(await faultsOf({ first, rounds: 1, share: 1 / 12, open })).toEqual([])
      })
    },
  )

  it('take effect in the order of the calls, over a pool', async () => {
    const server = await startRedis()
    onTestFinished(() => server.close())
    const logger = new RecordingLogger()
    const open = async () => {
      await server.command('FLUSHALL')
      const { url } = server
      const pooled = await RedisCache.create({
        url,
        ttl: '1h',
        pool: 3,
        logger,
        deadline: { hard: 20 },
      })
      await following(pooled, false)
      return { cache: pooled, [Symbol.asyncDispose]: async () => pooled.close() }
    }
    expect(await faultsOf({ rounds: 1, share: 1 / 20, open })).toEqual([])
  })

  it.each(ENGINES)('take effect in the order of the calls, %s over a cluster', async (engine) => {
    const cluster = await startCluster()
    onTestFinished(() => cluster.close())
    const logger = new RecordingLogger()
    let opened = 0
    const open = async () => {
      const prefix = `app${++opened}:`
      const deadline = { hard: 20 }
      const fresh = await openCache(engine, 'node-redis 6', cluster.url, { prefix, logger, deadline })
      await until('every master', async () =>
        fresh.cache.setMany(Array.from({ length: 300 }, (_, n) => [`k${n}`, n] as const)),
      )
      await following(fresh.cache, engine === 'tiered')
      return fresh
    }
    expect(await faultsOf({ rounds: 1, share: 1 / 60, open })).toEqual([])
  })
})

describeWithServers('without the order of calls', () => {
  afterEach(() => void vi.restoreAllMocks())

  it.each(ENGINES)('rounds fail, %s', async (engine) => {
    const order = CallOrder.prototype
    vi.spyOn(order, 'change').mockImplementation(async (_, call) => call())
    vi.spyOn(order, 'called').mockImplementation(async (_, answer) => answer)
    vi.spyOn(order, 'read').mockImplementation((_keys, _tags, call) => call())
    vi.spyOn(order, 'cover').mockImplementation(async (_, call) => call())
    const server = await startRedis()
    onTestFinished(() => server.close())
    const faults = await faultsOf({
      rounds: 1,
      share: 1 / 8,
      open: async () => openOrder(engine, 'node-redis 6', server),
    })
    expect(faults.length).toBeGreaterThan(10)
  })
})
