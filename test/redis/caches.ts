// Caches of the two engines that use Redis, over a client as a user would make it.
import { MemoryCache, type BaseCache } from 'cachette'
import { BaseCache as Base } from 'cachette'
import type { CacheOptions } from '../../src/core/options.ts'
import { coherentStore } from '../../src/coherence/compose.ts'
import type { CoherenceOptions } from '../../src/coherence/coherence-options.ts'
import { storeOf } from '../../src/cache/stores.ts'
import { consoleLogger } from '../../src/core/logger.ts'
import { systemClock, systemRandom, systemTimers } from '../../src/core/system.ts'
import { adaptClient } from '../../src/redis/adapt-client.ts'
import { RedisBus } from '../../src/redis/redis-bus.ts'
import { RedisStore } from '../../src/redis/redis-store.ts'
import { valueKeeper } from '../../src/serialization/isolation.ts'
import { WireFormat } from '../../src/serialization/wire-format.ts'
import { until } from '../support/until.ts'
import { nativeClient, type ClientName, type NativeClient } from './native-clients.ts'

export const ENGINES = ['redis', 'tiered'] as const
export type Engine = (typeof ENGINES)[number]

export interface CacheSettings extends CacheOptions, CoherenceOptions {
  readonly prefix: string
  /** Hard deadline in milliseconds: more than the default where a busy machine must not pass for an outage. */
  readonly hardMs?: number
}

class Provisional extends Base {
  constructor(engine: Engine, client: object, options: CacheSettings) {
    const { logger = consoleLogger, prefix, hardMs, ...rest } = options
    const environment = { clock: systemClock, timers: systemTimers, random: systemRandom }
    const adapted = adaptClient(client, { ...environment, logger, name: 'cache', hardMs })
    const remote = new RedisStore({
      client: adapted,
      prefix,
      format: new WireFormat({}),
      random: systemRandom,
    })
    const l1 = engine === 'tiered' ? storeOf(new MemoryCache()) : undefined
    const parts =
      engine === 'tiered' ? { local: l1, values: valueKeeper({}), bus: new RedisBus(adapted, prefix) } : {}
    super(coherentStore({ remote, ...parts }, rest), { ...rest, logger })
  }
}

/** A cache of an engine over a client that somebody else has made. */
export function cacheOver(engine: Engine, client: object, options: CacheSettings): BaseCache {
  return new Provisional(engine, client, { ttl: '1h', ...options })
}

/** A cache with a client of its own. */
export interface OpenCache extends AsyncDisposable {
  readonly cache: BaseCache
  readonly native: NativeClient
}

/** Makes a client that is as its library makes it, and a cache over it; waits until it works, unless `wait` is false. */
export async function openCache(
  engine: Engine,
  client: ClientName,
  url: string,
  { wait = true, ...options }: CacheSettings & { readonly wait?: boolean },
): Promise<OpenCache> {
  const native = nativeClient(client, url)
  const cache = cacheOver(engine, native.client, options)
  // The cache connects a client that is not connected yet, and answers until then as it does in an outage.
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
