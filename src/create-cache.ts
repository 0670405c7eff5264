import type { BaseCache } from './cache/base-cache.ts'
import { closeWith } from './cache/stores.ts'
import { COHERENCE_OPTIONS, coherenceSettings, type CoherenceOptions } from './coherence/options.ts'
import { OptionsError } from './core/errors.ts'
import { inspect } from './core/logging/inspect.ts'
import { ON_SERVER, tellStart, toldStart } from './core/logging/start-line.ts'
import { checkReadable, reading } from './options/checks.ts'
import {
  CACHE_OPTIONS,
  checkCacheOptions,
  checkChoice,
  checkOptions,
  type CacheOptions,
} from './options/options.ts'
import { checkTierOptions, type MemoryTierOptions } from './memory/local-memory.ts'
import { MemoryCache } from './memory/memory-cache.ts'
import type { UsersClient } from './redis/connection/users-client.ts'
import type { RedisCacheOptions } from './redis/redis-options.ts'
import { ISOLATION_OPTIONS, type IsolationOptions } from './serialization/isolation.ts'
import { TieredCache } from './tiered/tiered-cache.ts'

/** Options of {@link createCache}. */
export interface CreateCacheOptions extends CacheOptions, CoherenceOptions, IsolationOptions {
  /**
   * A URL of Redis, a client of node-redis or ioredis, which stays yours, or options of a `RedisCache`. Default: the
   * URL in `CACHE_URL`, `REDIS_URL` or `VALKEY_URL`, else none.
   */
  readonly redis?: string | UsersClient | RedisCacheOptions | undefined
  /** The bounds of the entries in the memory of this process. `false` = no entries in memory if there is Redis. */
  readonly l1?: MemoryTierOptions | false | undefined
  /**
   * The channel for changes of other processes. `'pubsub'` (default) is sooner than the heartbeat. `'none'` = only the
   * heartbeat tells them.
   */
  readonly bus?: 'pubsub' | 'none' | undefined
  /**
   * `'background'` (default): begins without Redis if necessary. `'required'`: rejects if Redis can't be connected to
   * or none is configured.
   */
  readonly connect?: 'background' | 'required' | undefined
}

/** Options of {@link getRedisCache}: those of a `RedisCache`, without a client. */
export interface GetRedisCacheOptions extends Omit<RedisCacheOptions, 'client'> {}

// The one place that reads the environment, because a library must not depend on it anywhere else.
const URL_VARIABLES = ['CACHE_URL', 'REDIS_URL', 'VALKEY_URL'] as const
const IN_MEMORY = 'the cache is in the memory of this process alone'
const UNCONFIGURED =
  `no server is configured (${URL_VARIABLES.join(', ')} or the option redis), so entries, limits and locks are in the ` +
  'memory of this process alone'

/** The names of {@link CreateCacheOptions}. */
export const CREATE_OPTIONS: readonly string[] = [
  ...CACHE_OPTIONS,
  ...COHERENCE_OPTIONS,
  ...ISOLATION_OPTIONS,
  'redis',
  'l1',
  'bus',
  'connect',
]

/** Validates all that shows without a server, so that a mistake does not show first where there is one. @throws OptionsError */
export function checkCreateOptions(options: CreateCacheOptions, where = 'createCache'): void {
  checkOptions(options, CREATE_OPTIONS, where)
  checkCacheOptions(options)
  coherenceSettings(options)
  const { l1 = {}, bus = 'pubsub', connect = 'background', logger } = options
  if (l1 !== false) checkTierOptions(l1, logger)
  checkChoice(bus, ['pubsub', 'none'], 'bus')
  checkChoice(connect, ['background', 'required'], 'connect')
}

/**
 * Makes a cache. With Redis it has two tiers: memory in front of Redis, or Redis alone with `l1: false`. If Redis is
 * away at the start, it caches in memory and goes over to Redis as soon as it is there. Without Redis, or if
 * `CACHE_URL` is `memory://`, it is in memory.
 * @throws OptionsError, KeyError for wrong options; OptionsError if Redis is configured and no client is installed.
 */
export async function createCache<V = unknown>(options: CreateCacheOptions = {}): Promise<BaseCache<V>> {
  checkCreateOptions(options)
  const { policy } = coherenceSettings(options)
  const { redis, l1 = {}, bus = 'pubsub', connect, ...rest } = options
  const server = serverOptions(redis, connect)
  const ofCache = only(rest, [...CACHE_OPTIONS, ...ISOLATION_OPTIONS])
  if (server === undefined || server === 'memory') {
    const { prefix = '' } = options
    tellStart(options, { engine: 'memory', prefix }, server === undefined ? UNCONFIGURED : IN_MEMORY)
    const { ttl: _, ...bounds } = l1 === false ? {} : l1
    return new MemoryCache<V>({ ...ofCache, ...bounds })
  }
  // Loaded only if there is Redis, because a service without it need not have a client installed.
  const { RedisCache } = await import('./redis/redis-cache.ts')
  const { isolation: _, ...shared } = rest
  // The prefix is that of the server's cache, with its default.
  const ofServer = { ...shared, bus, ...(connect && { connect }), ...server }
  // Comes first, because the lines about its connection make more sense after it.
  await tellServer(options, l1 === false ? { engine: 'redis' } : { engine: 'tiered', policy }, server)
  const l2 = await RedisCache.create<V>(toldStart(ofServer))
  if (l1 === false) return l2
  try {
    const cache = new TieredCache<V>(toldStart({ ...rest, bus, l1, l2 }))
    closeWith(cache, [l2])
    return cache
  } catch (error) {
    await l2.close()
    throw error
  }
}

/**
 * Returns the cache on Redis that this process shares: on the server of the options, else on that of `CACHE_URL`,
 * `REDIS_URL` or `VALKEY_URL`. Returns `undefined` if none is configured. Then use a `MemoryCache`. There is one for
 * each server, database, prefix and user, until it is closed.
 * @throws OptionsError, KeyError for wrong options; OptionsError for an option that contradicts the existing cache, if
 * Redis is configured and no client is installed, or if none is configured and `connect` is `'required'`.
 */
export async function getRedisCache(options: GetRedisCacheOptions = {}): Promise<BaseCache | undefined> {
  const { REDIS_CACHE_OPTIONS } = await import('./redis/redis-options.ts')
  const accepted = REDIS_CACHE_OPTIONS.filter((name) => name !== 'client')
  checkOptions(options, accepted, 'getRedisCache')
  checkCacheOptions(options)
  const url = given(options.url) ?? (options.host === undefined ? urlOfEnvironment() : undefined)
  if (isMemory(url) || (url === undefined && options.host === undefined)) return noServer(options.connect)
  const { sharedCache } = await import('./redis/shared-cache.ts')
  return sharedCache({ ...options, ...(url !== undefined && { url }) }, () =>
    tellServer(options, { engine: 'redis' }, { ...options, ...(url !== undefined && { url }) }),
  )
}

/**
 * Returns the text that tells the server, database, prefix and user of such a cache from others; `undefined` if it is in
 * memory, or over a client of yours.
 * @throws OptionsError for wrong options.
 */
export async function placeOfCache(options: CreateCacheOptions): Promise<string | undefined> {
  const server = serverOptions(options.redis, options.connect)
  if (server === undefined || server === 'memory' || server.client !== undefined) return undefined
  const { targetOf } = await import('./redis/connection/options.ts')
  const { place, username, password, db } = targetOf(server)!
  return JSON.stringify([place, username, password, db, server.prefix ?? options.prefix])
}

// The log of a start shows at once whether the cache is in the intended place.
async function tellServer(
  options: CacheOptions,
  { policy, ...engine }: { readonly engine: 'redis' | 'tiered'; readonly policy?: string },
  server: RedisCacheOptions,
): Promise<void> {
  const { describeServer } = await import('./redis/connection/describe-server.ts')
  const described = describeServer(server, server.prefix ?? options.prefix)
  tellStart(options, { ...engine, ...described, ...(policy !== undefined && { policy }) }, ON_SERVER)
}

function serverOptions(
  redis: CreateCacheOptions['redis'],
  connect: RedisCacheOptions['connect'],
): RedisCacheOptions | 'memory' | undefined {
  const required = connect === undefined ? {} : { connect }
  if (redis === undefined || typeof redis === 'string') {
    const url = given(redis) ?? urlOfEnvironment()
    if (url !== undefined && !isMemory(url)) return { url, ...required }
    noServer(connect)
    return url === undefined ? undefined : 'memory'
  }
  if (typeof redis !== 'object' || redis === null)
    throw new OptionsError(
      `redis: ${inspect(redis)} is none of a URL such as redis://localhost, a client, and options of a RedisCache`,
    )
  if (isClient(redis)) return { client: redis, ...required }
  const options = redis
  checkReadable(options, 'redis')
  const isNamed = [given(options.url), options.host, options.port, options.client].some(
    (part) => part !== undefined,
  )
  if (isNamed) return { ...required, ...present(options) }
  const { url: _, ...others } = options
  const url = urlOfEnvironment()
  const isElsewhere = url !== undefined && !isMemory(url)
  if (!isElsewhere) noServer(options.connect ?? connect)
  return { ...required, ...present(others), ...(isElsewhere && { url }) }
}

// An option that is undefined must not hide the one of the cache.
function present<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>
}

function isClient(redis: UsersClient | RedisCacheOptions): redis is UsersClient {
  return reading('redis', () => 'on' in redis && typeof redis.on === 'function')
}

function noServer(connect: RedisCacheOptions['connect']): undefined {
  if (connect !== 'required') return undefined
  throw new OptionsError(
    `connect: 'required', and no server is configured; give its URL, or set ${URL_VARIABLES.join(', ')}`,
  )
}

function urlOfEnvironment(): string | undefined {
  const variable = URL_VARIABLES.find((name) => process.env[name])
  // Files and secrets often end with a line break.
  const url = variable && process.env[variable]?.trim()
  if (url === undefined || /^[a-z+]+:/.test(url)) return url
  throw new OptionsError(
    `${variable}: ${inspect('...')} is not a URL; use redis://, rediss://, unix:, redis+sentinel://, ` +
      'redis+cluster:// or memory://',
  )
}

// A variable that is set to nothing is not set, as in `redis: process.env.REDIS_URL`.
function given(url: string | undefined): string | undefined {
  return url === '' ? undefined : url
}

function isMemory(url: string | undefined): boolean {
  return url?.startsWith('memory:') === true
}

function only<T extends object, K extends string>(options: T, names: readonly K[]): Pick<T, K & keyof T> {
  const entries = Object.entries(options).filter(([name]) => (names as readonly string[]).includes(name))
  return Object.fromEntries(entries) as Pick<T, K & keyof T>
}
