import type { BaseCache } from './cache/base-cache.ts'
import { OptionsError } from './core/errors.ts'
import { inspect } from './core/inspect.ts'
import { consoleLogger } from './core/logger.ts'
import { checkMethods, checkOptions } from './core/options.ts'
import { MEMORY_CACHE_OPTIONS, MemoryCache, type MemoryCacheOptions } from './memory/memory-cache.ts'

/** Options of {@link createCache}: those of the engine it makes. */
export interface CreateCacheOptions extends MemoryCacheOptions {}

// The one place that reads the environment: a library must not depend on it anywhere else.
const URL_VARIABLES = ['CACHE_URL', 'REDIS_URL', 'VALKEY_URL'] as const

/**
 * A new cache: on Redis when one is configured, else in memory. This release has the memory engine; a URL of Redis
 * in `CACHE_URL`, `REDIS_URL` or `VALKEY_URL` is reported with a warning and the cache is in memory.
 * `CACHE_URL=memory://` asks for memory, whatever the other variables say.
 * @throws OptionsError, KeyError for wrong options.
 */
export async function createCache<V = unknown>(options: CreateCacheOptions = {}): Promise<BaseCache<V>> {
  checkOptions(options, MEMORY_CACHE_OPTIONS, 'createCache')
  const cache = new MemoryCache<V>(options)
  reportRedis(options)
  return cache
}

/**
 * The cache on Redis of this process, or `undefined` when none is configured: then use `MemoryCache`. This release
 * has no Redis engine yet: a configured URL is reported with a warning, and the answer is `undefined`.
 */
export async function getRedisCache(
  options: Pick<CreateCacheOptions, 'logger'> = {},
): Promise<BaseCache | undefined> {
  checkOptions(options, ['logger'], 'getRedisCache')
  if (options.logger !== undefined) checkMethods(options.logger, ['warn', 'error'], 'logger')
  reportRedis(options)
  return undefined
}

function reportRedis(options: Pick<CreateCacheOptions, 'logger'>): void {
  const variable = URL_VARIABLES.find((name) => process.env[name])
  if (variable === undefined) return
  const scheme = /^([a-z+]+):/.exec(process.env[variable]!)?.[1]
  if (scheme === 'memory') return
  if (scheme === undefined) {
    throw new OptionsError(
      `${variable}: ${inspect('...')} is not a URL; use redis://, rediss://, unix: or memory://`,
    )
  }
  const { logger = consoleLogger } = options
  logger.warn(
    { variable },
    'Redis is configured, but this release has no Redis engine: the cache is in memory',
  )
}
