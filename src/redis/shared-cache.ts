import type { BaseCache } from '../cache/base-cache.ts'
import { durationMs, isDuration } from '../options/durations.ts'
import { OptionsError } from '../core/errors.ts'
import { toldStart } from '../core/logging/start-line.ts'
import { targetOf } from './connection/options.ts'
import { RedisCache } from './redis-cache.ts'
import {
  checkRedisOptions,
  DEFAULT_PREFIX,
  REDIS_CACHE_OPTIONS,
  type RedisCacheOptions,
} from './redis-options.ts'

// Options that tell one cache from another, and options that belong to each caller.
const OF_PLACE = new Set(['url', 'host', 'port', 'username', 'password', 'db', 'prefix', 'logger'])

interface SharedCache {
  readonly options: RedisCacheOptions
  readonly cache: Promise<BaseCache>
}

const shared = new Map<string, SharedCache>()

/**
 * Returns the one cache of this process for a server, database, prefix, user and password. `onOpening` is called before
 * the cache is made.
 * @throws OptionsError, KeyError for wrong options; OptionsError for an option that contradicts the cache that is
 * there.
 */
export async function sharedCache(
  options: RedisCacheOptions,
  onOpening: () => Promise<void>,
): Promise<BaseCache> {
  checkRedisOptions(options, 'getRedisCache')
  const { place, username, password, db } = targetOf(options)!
  const where = JSON.stringify([place, username, password, db, options.prefix ?? DEFAULT_PREFIX])
  const known = shared.get(where)
  if (known !== undefined) {
    refuseContradiction(options, known.options)
    return known.cache
  }
  const forget = (): void => {
    if (shared.get(where) === one) shared.delete(where)
  }
  const one = { options, cache: open(options, onOpening, forget) }
  shared.set(where, one)
  one.cache.catch(forget)
  return one.cache
}

async function open(
  options: RedisCacheOptions,
  onOpening: () => Promise<void>,
  onClose: () => void,
): Promise<BaseCache> {
  await onOpening()
  const cache = await RedisCache.create(toldStart(options))
  const close = cache.close.bind(cache)
  // From the beginning of its closing on, which may wait for loads, nobody gets it any more.
  cache.close = () => {
    onClose()
    return close()
  }
  return cache
}

// An absent option contradicts nothing.
function refuseContradiction(options: RedisCacheOptions, present: RedisCacheOptions): void {
  for (const name of REDIS_CACHE_OPTIONS as readonly (keyof RedisCacheOptions)[]) {
    if (OF_PLACE.has(name) || options[name] === undefined || isSame(options[name], present[name])) continue
    throw new OptionsError(
      `getRedisCache: ${name}: this process has a cache with this server, database and prefix already, which was made ` +
        `with another ${name}; give the same, or a prefix of its own`,
    )
  }
}

// Compares by content, because callers often write the options anew for each call.
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  const ms = typeof one === typeof other && typeof one === 'number' ? undefined : msOf(one)
  if (ms !== undefined && ms === msOf(other)) return true
  if (typeof one === 'function' && typeof other === 'function') return String(one) === String(other)
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every((name) => isSame(Reflect.get(one, name), Reflect.get(other, name)))
}

function msOf(value: unknown): number | undefined {
  if (!isDuration(value, 'getRedisCache')) return undefined
  try {
    return durationMs(value, '', { wallNow: () => 0 })
  } catch {
    return undefined
  }
}
