// Caches of the two engines that use Redis, over a client as a user would make it.
import { MemoryCache, TieredCache, type BaseCache } from 'cachette'
import { RedisCache } from 'cachette/redis'
import type { UsersClient } from '../../src/redis/connection/users-client.ts'
import type { RedisCacheSettings } from '../../src/redis/redis-options.ts'
import { RecordingLogger } from '../support/recording-logger.ts'
import { until } from '../support/until.ts'
import { nativeClient, type ClientName, type Login, type NativeClient } from './native-clients.ts'

export const ENGINES = ['redis', 'tiered'] as const
export type Engine = (typeof ENGINES)[number]

export interface CacheSettings extends Omit<RedisCacheSettings, 'prefix'> {
  readonly prefix: string
}

/** Returns a cache of an engine over a client of another owner. Its end closes all its parts. */
export function cacheOver(engine: Engine, client: object, options: CacheSettings): BaseCache {
  const cache = engineOver(engine, client, options)
  if (options.logger instanceof RecordingLogger) options.logger.forgetStart()
  return cache
}

function engineOver(engine: Engine, client: object, options: CacheSettings): BaseCache {
  const redis = new RedisCache({ client: client as UsersClient, ttl: '1h', ...options })
  if (engine === 'redis') return redis
  const { name, logger, staleness, lease, waitUntil } = options
  const shared = {
    ...(name !== undefined && { name }),
    ...(logger && { logger }),
    ...(staleness && { staleness }),
    ...(lease && { lease }),
    ...(waitUntil && { waitUntil }),
  }
  const l1 = new MemoryCache()
  const tiered = new TieredCache({ l1, l2: redis, ttl: '1h', ...shared })
  const close = tiered.close.bind(tiered)
  tiered.close = async () => {
    await close()
    await redis.close()
    await l1.close()
  }
  return tiered
}

/** A cache with a client of its own. */
export interface OpenCache extends AsyncDisposable {
  readonly cache: BaseCache
  readonly native: NativeClient
}

interface OpenSettings {
  readonly wait?: boolean
  readonly login?: Login | undefined
}

/**
 * Makes a client with its library's defaults, and a cache over it. Waits until the cache works, unless `wait` is false.
 */
export async function openCache(
  engine: Engine,
  client: ClientName,
  url: string,
  { wait = true, login, ...options }: CacheSettings & OpenSettings,
): Promise<OpenCache> {
  const native = nativeClient(client, url, login)
  const cache = cacheOver(engine, native.client, options)
  // The cache connects a client that is not connected yet. Until then it answers as in an outage.
  if (wait) await until('the cache to be connected', async () => cache.set('connected', true))
  return {
    cache,
    native,
    [Symbol.asyncDispose]: async () => {
      await cache.close()
      await native.close()
    },
  }
}
