// The time for which callers wait for a silent server, and the state that they leave on it.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { silentLogger } from '../../../src/core/logging/logger.ts'
import { until } from '../../support/until.ts'
import { ENGINES, openCache } from '../caches.ts'
import { CLIENT_NAMES } from '../native-clients.ts'
import { LagMeter } from '../outages/lag.ts'
import { describeWithServers, startProxy, startRedis } from '../servers/index.ts'

const HARD_MS = 500
const CASES = ENGINES.flatMap((engine) => CLIENT_NAMES.map((client) => ({ engine, client })))
const SETTINGS = { prefix: 'waits:', logger: silentLogger }

/** Returns the milliseconds that a call took, less those in which this process was stalled. */
async function timed(call: () => Promise<unknown>): Promise<number> {
  const lag = new LagMeter()
  const beganMs = performance.now()
  await call().catch(() => undefined)
  const tookMs = performance.now() - beganMs
  lag.stop()
  return tookMs - lag.totalMs
}

describeWithServers('a caller of a server that is frozen', () => {
  it.each(CASES)('waits for one deadline, $engine with $client', async ({ engine, client }) => {
    await using server = await startRedis()
    await using opened = await openCache(engine, client, server.url, SETTINGS)
    const { cache } = opened
    const users = cache.namespace<string>('user')
    expect(await users.set('known', 'x')).toBe(true)
    server.freeze()
    try {
      const calls = {
        getOrSet: async () => cache.getOrSet('a', () => 'A'),
        'getOrSet with tags': async () => users.getOrSet('b', () => 'B', { tags: ['t:b', 't:c'] }),
        getOrSetMany: async () => cache.getOrSetMany(['c', 'd'], () => ({ c: 'C', d: 'D' })),
      }
      for (const [name, call] of Object.entries(calls)) {
        const began = performance.now()
        // The first waits for the question, and for the fill: each of them one deadline.
        const tookMs = await timed(async () => {
          await call()
        })
        expect(tookMs, `${name}, ${began}`).toBeLessThan(2 * HARD_MS + 100)
      }
    } finally {
      server.resume()
    }
  })

  it.each(CASES)('begins to load after one deadline, $engine with $client', async ({ engine, client }) => {
    await using server = await startRedis()
    await using opened = await openCache(engine, client, server.url, SETTINGS)
    server.freeze()
    try {
      let beganMs = Infinity
      const calledMs = performance.now()
      const lag = new LagMeter()
      const loading = opened.cache.getOrSet('a', () => {
        beganMs = performance.now()
        return 'A'
      })
      expect(await loading).toBe('A')
      lag.stop()
      expect(beganMs - calledMs - lag.totalMs).toBeLessThan(HARD_MS + 50)
    } finally {
      server.resume()
    }
  })

  it.each(CASES)('waits no longer than its hardTimeout, $engine with $client', async ({ engine, client }) => {
    await using server = await startRedis()
    await using opened = await openCache(engine, client, server.url, SETTINGS)
    const { cache } = opened
    const options = { hardTimeout: '300ms' } as const
    const loads: string[] = []
    // The server is frozen while the loader runs, so the value is there, and only the fill is not.
    const filled = await timed(async () => {
      loads.push(
        await cache.getOrSet(
          'fill',
          () => {
            server.freeze()
            return 'filled'
          },
          options,
        ),
      )
    })
    const cold = await timed(async () => {
      loads.push(await cache.getOrSet('cold', () => 'loaded', options))
    })
    const many = await timed(async () => {
      loads.push(...(await cache.getOrSetMany(['x'], () => ({ x: 'many' }), options)).values())
    })
    const slow = await timed(async () => cache.getOrSet('slow', async () => sleep(5_000, 'slow'), options))
    server.resume()
    expect(loads).toEqual(['filled', 'loaded', 'many'])
    for (const tookMs of [filled, cold, many, slow]) expect(tookMs).toBeLessThan(300 + 60)
  })
})

describeWithServers('a lease that a caller took', () => {
  it.each(CASES)('is given back when a fill is cut off, $engine with $client', async ({ engine, client }) => {
    await using server = await startRedis()
    await using proxy = await startProxy(server)
    await using opened = await openCache(engine, client, proxy.url, SETTINGS)
    const { cache } = opened
    const cut = async (): Promise<string> => {
      const value = await cache.getOrSet('a', () => {
        proxy.cut()
        return 'unstored'
      })
      await until('the cache to be connected again', async () => cache.set('connected', true))
      return value
    }
    expect(await cut()).toBe('unstored')
    expect(await timed(async () => cache.getOrSet('a', () => 'stored'))).toBeLessThan(1_000)
    await until('the value to be stored', async () => (await cache.get('a')) === 'stored')
  })

  it.each(CASES)(
    'is given back when the value is too large for the server, $engine with $client',
    async ({ engine, client }) => {
      await using server = await startRedis({ config: ['proto-max-bulk-len 1mb'] })
      await using opened = await openCache(engine, client, server.url, SETTINGS)
      const { cache } = opened
      const large = 'x'.repeat(2_000_000)
      expect(await cache.getOrSet('a', () => large)).toBe(large)
      await until('the cache to be connected again', async () => cache.set('connected', true))
      expect(await timed(async () => cache.getOrSet('a', () => 'small'))).toBeLessThan(1_000)
      await until('the value to be stored', async () => (await cache.get('a')) === 'small')
    },
  )

  it.each(CASES)(
    'is given back when it was granted too late, $engine with $client',
    async ({ engine, client }) => {
      await using server = await startRedis()
      await using opened = await openCache(engine, client, server.url, SETTINGS)
      const { cache } = opened
      const keys = Array.from({ length: 20 }, (_, index) => `late:${index}`)
      server.freeze()
      await Promise.all(keys.map(async (key) => cache.getOrSet(key, () => 'unstored')))
      for (const key of keys) await cache.getOrSet(`again:${key}`, () => 'unstored')
      server.resume()
      await until('the server to answer again', async () => cache.set('connected', true))
      const leases = async (): Promise<number> =>
        (((await server.command('KEYS', 'waits:!lease:*')) as string[] | null) ?? []).length
      await until('the leases to end', async () => (await leases()) === 0, { timeoutMs: 3_000 })
      const tookMs = await timed(async () => {
        for (const key of keys) await cache.getOrSet(key, () => 'stored')
      })
      expect(tookMs).toBeLessThan(1_500)
    },
  )
})
