// Every engine of this package in one table, because all of them must behave alike.
import { MemoryCache, TieredCache, type BaseCache, type CacheOptions } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { afterAll, beforeAll, describe } from 'vitest'
import type { UsersClient } from '../../src/redis/connection/users-client.ts'
import { nativeClient, type ClientName, type NativeClient } from '../real/native-clients.ts'
import { describeWithServers, startRedis, type RedisServer } from '../real/servers/index.ts'
import { mapPrimitives, OwnCache } from './own-cache.ts'
import { until } from './until.ts'

/** Makes caches of one engine, each with keys of its own unless a prefix is given. */
export interface Maker {
  readonly name: string
  /** Whether there is a server behind it. */
  readonly isShared: boolean
  /** Makes a cache and waits until it works. */
  make(options?: CacheOptions): Promise<BaseCache>
  /** Sends a command to the server, past the cache. */
  command(...args: readonly string[]): Promise<unknown>
}

const CLIENTS: readonly ClientName[] = ['node-redis 6', 'ioredis 5']

let made = 0

/** Runs tests on every engine, those with a server over a real one and a client of each library. */
export function onEveryEngine(name: string, body: (maker: Maker) => void): void {
  describe(name, () => {
    describe('in memory', () => {
      body(inProcess('memory', (options) => new MemoryCache(options)))
    })
    describe('a store of primitives', () => {
      body(inProcess('a store of primitives', (options) => new OwnCache(mapPrimitives(true), options)))
    })
    describeWithServers('on a server', () => {
      let server: RedisServer
      const natives = new Map<ClientName, NativeClient>()
      beforeAll(async () => {
        server = await startRedis()
        for (const client of CLIENTS) natives.set(client, nativeClient(client, server.url))
      })
      afterAll(async () => {
        for (const native of natives.values()) await native.close()
        await server.close()
      })
      for (const client of CLIENTS) {
        for (const engine of ['redis', 'tiered'] as const) {
          describe(`${engine} through ${client}`, () => {
            body({
              name: engine,
              isShared: true,
              make: async (options) => ready(onServer(engine, natives.get(client)!.client, options)),
              command: async (...args) => server.command(...args),
            })
          })
        }
      }
    })
  })
}

function inProcess(name: string, make: (options: CacheOptions) => BaseCache): Maker {
  return {
    name,
    isShared: false,
    make: async (options = {}) => make(options),
    command: async () => Promise.reject(new Error('there is no server')),
  }
}

function onServer(engine: 'redis' | 'tiered', client: UsersClient, options: CacheOptions = {}): BaseCache {
  const { prefix = `every${++made}:`, ...rest } = options
  // A busy machine is no fault of the server.
  const l2 = new RedisCache({ ttl: '1h', ...rest, client, prefix, deadline: { hard: '5s' } })
  if (engine === 'redis') return l2
  const l1 = new MemoryCache()
  const cache = new TieredCache({ ttl: '1h', ...rest, l1, l2 })
  const close = cache.close.bind(cache)
  cache.close = async () => {
    await close()
    await l2.close()
    await l1.close()
  }
  return cache
}

async function ready(cache: BaseCache): Promise<BaseCache> {
  await until('the cache to be connected', async () => cache.set('connected', true))
  const since = cache.stats()
  const stats = cache.stats.bind(cache)
  cache.stats = (options) => stats({ since, ...options })
  return cache
}
