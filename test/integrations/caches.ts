// The caches that adapters are tested with.
import { MemoryCache, TieredCache, type BaseCache } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { afterAll, beforeAll, describe } from 'vitest'
import { describeWithServers, startRedis, type RedisServer } from '../real/servers/index.ts'
import { until } from '../support/until.ts'

/** Makes caches of one engine for a test. */
export interface Engine {
  readonly name: string
  /**
   * Makes an empty cache and waits until it works. It is closed after the tests. Caches of one prefix share their
   * entries, except in memory.
   */
  make(options?: { readonly prefix?: string; readonly onError?: 'throw' }): Promise<BaseCache>
  /** Kills the server, runs the work, and starts the server anew, empty; only on an engine with one. */
  outage(work: () => Promise<void>): Promise<void>
}

let made = 0

/** Runs tests in memory, on a real server, and with two tiers. */
export function onEachEngine(body: (engine: Engine) => void): void {
  describe('in memory', () => {
    const none = async () => Promise.reject(new Error('there is no server'))
    body({
      name: 'memory',
      make: async (options) => new MemoryCache({ ttl: '1h', ...options }),
      outage: none,
    })
  })
  onServers(body)
}

/** Runs tests on a real server, and with two tiers. */
export function onServers(body: (engine: Engine) => void): void {
  describeWithServers('with a server', () => {
    let server: RedisServer
    const open: BaseCache[] = []
    beforeAll(async () => {
      server = await startRedis()
    })
    afterAll(async () => {
      for (const cache of open) await cache.close()
      await server.close()
    })
    for (const name of ['redis', 'tiered'] as const) {
      describe(name, () => {
        body({
          name,
          outage: async (work) => {
            await server.kill()
            try {
              await work()
            } finally {
              await server.restart()
            }
          },
          make: async (options) => {
            const own = { prefix: `made${++made}:`, ttl: '1h', logger: quiet, ...options }
            const l2 = await RedisCache.create({ url: server.url, ...own })
            const cache = name === 'redis' ? l2 : new TieredCache({ l1: {}, l2, ...own })
            open.push(cache, l2)
            await until('the cache to be connected', async () => cache.set('connected', true))
            await cache.delete('connected')
            return cache
          },
        })
      })
    }
  })
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} }
