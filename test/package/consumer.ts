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
    const waiting = signal ? { signal } : {}
    return this.#users.getOrSet(String(id), async () => ({ id, name: 'Ada' }), {
      ttl: { minutes: 5 },
      ...waiting,
    })
  }

  findOrNull(id: number): Promise<User | null> {
    return this.#users.getOrSet(String(id), () => null)
  }

  async nameOf(id: number): Promise<string> {
    const user: User | undefined = await this.#users.get(String(id))
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

const logger: Logger = { warn() {}, error() {} }
const clock = new FakeClock()
await using cache = await createCache({ logger, clock, ttl: '1h30m', l1: { maxEntries: 1000 } })

const engines: BaseCache[] = [cache, new MemoryCache(), new MapCache(), new MockCache(), new NullCache()]
const shared: BaseCache | undefined = await getRedisCache()
const typed: BaseCache<User> = new MemoryCache<User>({ isolation: 'freeze' })

const inferred: number = await cache.getOrSet(key('user', 'list', { page: 2 }), () => 42, '90s')
const many: Map<string, User> = await typed.getMany([key('user', 1)])
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
