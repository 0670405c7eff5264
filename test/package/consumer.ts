// A user's program, type-checked against the installed package under every supported TypeScript.
import {
  type BaseCache,
  BaseCache as Base,
  type CacheOptions,
  createCache,
  getRedisCache,
  isCacheError,
  key,
  type Logger,
  MemoryCache,
  type Slot,
  storeFrom,
} from 'cachette'
import { type HeldLock, Lock, Semaphore, withLock } from 'cachette/lock'
import { BoundedMap } from 'cachette/memory'
import { RedisCache } from 'cachette/redis'
import { ipKey, rateLimitHeaders, RateLimiter, type RateLimitResult } from 'cachette/ratelimit'
import { FakeClock, MockCache, NullCache } from 'cachette/testing'

interface User {
  readonly id: number
  readonly name: string
}

export class UserService {
  readonly #users: BaseCache<User>

  constructor(cache: BaseCache) {
    this.#users = cache.namespace<User>('user', { ttl: '30m', keyVersion: 2 })
  }

  find(id: number, signal?: AbortSignal): Promise<User> {
    return this.#users.getOrSet(String(id), async () => ({ id, name: 'Ada' }), {
      ttl: { minutes: 5 },
      signal,
    })
  }

  findOrNull(id: number): Promise<User | null> {
    return this.#users.getOrSet(String(id), () => null)
  }

  async nameOf(id: number): Promise<string> {
    const user: User | null | undefined = await this.#users.get(String(id))
    // @ts-expect-error a miss has to be considered
    void user.name
    // @ts-expect-error a string is not a user
    void this.#users.set('1', 'Ada')
    return user?.name ?? 'nobody'
  }
}

/** An engine of a user's own. */
export class MapCache<V = unknown> extends Base<V> {
  constructor(options: CacheOptions = {}) {
    const map = new Map<string, Slot>()
    super(
      storeFrom({
        read: (name) => map.get(name),
        write: (name, slot) => map.set(name, slot),
        remove: (name) => map.delete(name),
        keys: () => map.keys(),
      }),
      options,
    )
  }
}

export async function main(): Promise<void> {
  const logger: Logger = { warn() {}, error() {} }
  const clock = new FakeClock()
  await using cache = await createCache({ logger, clock, ttl: '1h30m', l1: { maxEntries: 1000 } })

  const engines: BaseCache[] = [cache, new MemoryCache(), new MapCache(), new MockCache(), new NullCache()]
  const shared: BaseCache | undefined = await getRedisCache()
  const typed: BaseCache<User> = new MemoryCache<User>({ isolation: 'freeze' })

  const inferred: number = await cache.getOrSet(key('user', 'list', { page: 2 }), () => 42, '90s')
  const many: Map<string, User | null> = await typed.getMany([key('user', 1)])
  const count: number | undefined = await cache.increment('count', 1, { ttl: 60 })
  const hits: number = cache.stats().hits
  for await (const name of cache.keys({ prefix: 'user:' })) void name.length
  await clock.advance('31m')

  // @ts-expect-error no such option
  void cache.set('key', 1, { tll: 60 })

  const map = new BoundedMap<string, number>({ maxEntries: 10 })
  const size: number = map.size

  try {
    await new UserService(cache).find(1, AbortSignal.timeout(1000))
  } catch (error) {
    if (isCacheError(error)) logger.error({ code: error.code, size, hits }, error.message)
  }

  void [engines, shared, inferred, many, count]
}

export async function guarded(
  cache: BaseCache,
  address: string | undefined,
): Promise<Record<string, string>> {
  const limits = [
    { limit: 10, window: '1s' },
    { limit: 1000, window: '1h', algorithm: 'sliding-window' as const },
  ]
  const result: RateLimitResult = await new RateLimiter(cache, { name: 'api', limits }).consume(
    ipKey(address),
  )
  const held: HeldLock | undefined = await new Lock(cache, 'report', { ttl: '10s' }).tryAcquire()
  await held?.release()
  await withLock(cache, 'report', ({ fence }) => fence.toFixed(), { wait: '1s' })
  await (await new Semaphore(cache, 'queries', 2).acquire({ wait: 0 })).release()
  return rateLimitHeaders(result)
}

/** Options as they come from elsewhere: each may be absent, also under `exactOptionalPropertyTypes`. */
export async function configured(
  env: Readonly<Record<string, string | undefined>>,
  given: {
    readonly signal: AbortSignal | undefined
    readonly tags: readonly string[] | undefined
    readonly logger: Logger | undefined
    readonly number: number | undefined
  },
): Promise<unknown> {
  const { signal, tags, logger, number } = given
  const cache = await createCache({
    ttl: env['TTL'],
    prefix: env['PREFIX'],
    name: env['NAME'],
    logger,
    l1: undefined,
  })
  const users = cache.namespace<User>('user', { ttl: env['TTL'], grace: env['GRACE'], keyVersion: number })
  await users.set('1', { id: 1, name: 'Ada' }, { ttl: env['TTL'], tags, weight: number, rowVersion: number })
  await cache.increment('count', 1, { ttl: env['TTL'], max: number, min: number })
  await users.getMany(['1'], { signal, after: env['TOKEN'] })
  const redis = await RedisCache.create({
    url: env['REDIS_URL'],
    password: env['PASSWORD'],
    db: number,
    tls: undefined,
  })
  const map = new BoundedMap<string, number>({ maxEntries: number, ttl: env['TTL'], onRemoval: undefined })
  await new Lock(cache, 'report', { ttl: env['TTL'], maxHold: undefined }).acquire({ wait: number, signal })
  const limiter = new RateLimiter(redis, { name: 'api', limit: 10, window: '1s', burst: number, logger })
  await users.getOrSet('1', () => ({ id: 1, name: 'Ada' }), {
    softTimeout: env['SOFT'],
    hardTimeout: env['HARD'],
    refreshAhead: number,
    forceRefresh: undefined,
    tags,
    signal,
  })
  return [map, limiter, ipKey('::1', { v6: number }), new FakeClock()]
}
