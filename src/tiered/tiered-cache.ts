import { BaseCache, scopeOf } from '../cache/base-cache.ts'
import { closeWith, shareOf, storeOf, type Share } from '../cache/stores.ts'
import { COHERENCE_OPTIONS, coherenceSettings, type CoherenceOptions } from '../coherence/options.ts'
import { coherentStore } from '../coherence/compose.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import type { Logger } from '../core/logging/logger.ts'
import { ON_SERVER, tellStart } from '../core/logging/start-line.ts'
import { checkMethods, reading } from '../options/checks.ts'
import {
  CACHE_OPTIONS,
  checkCacheOptions,
  checkChoice,
  checkOptions,
  type CacheOptions,
} from '../options/options.ts'
import type { Bus } from '../core/remote/log.ts'
import { checkTierOptions, localMemory, type MemoryTierOptions } from '../memory/local-memory.ts'
import type { MemoryCache } from '../memory/memory-cache.ts'
import { MemoryStore } from '../memory/memory-store.ts'
import { ISOLATION_OPTIONS, type IsolationOptions } from '../serialization/isolation.ts'

/** Options of a {@link TieredCache}. */
export interface TieredCacheOptions extends CacheOptions, CoherenceOptions, IsolationOptions {
  /**
   * The bounds of the entries in the memory of this process. Of a `MemoryCache` only its bounds and its ttl are used,
   * by one tiered cache at a time.
   */
  readonly l1: MemoryTierOptions | MemoryCache
  /**
   * The cache that other processes share, such as a `RedisCache`. Only its connection is used, and only its owner
   * closes it.
   */
  readonly l2: BaseCache
  /**
   * The channel that brings changes of other processes sooner than the heartbeat: `'pubsub'` (default) = the server of
   * `l2`, `'none'` = no channel, or a bus of your own.
   */
  readonly bus?: Bus | 'pubsub' | 'none' | undefined
}

/** The names of {@link TieredCacheOptions}. */
const TIERED_CACHE_OPTIONS: readonly string[] = [
  ...CACHE_OPTIONS,
  ...ISOLATION_OPTIONS,
  ...COHERENCE_OPTIONS,
  'l1',
  'l2',
  'bus',
]

/**
 * A cache in two tiers. Reads are served from the memory of this process, which never serves a value that was changed
 * elsewhere longer ago than a bound (`maxLag` or `maxStale`, by `policy`). The rest is on the server that other
 * processes share. docs/coherence.md has the guarantees. Of `l2` it uses only the storage. Prefix, serializer, ttl,
 * tags and isolation are its own (the prefix is that of `l2` unless it is named), and it does not close `l2`.
 */
export class TieredCache<V = unknown> extends BaseCache<V> {
  /** @throws OptionsError, KeyError for wrong options. */
  constructor(options: TieredCacheOptions) {
    checkOptions(options, TIERED_CACHE_OPTIONS, 'TieredCache')
    checkCacheOptions(options)
    const { l1, l2, bus = 'pubsub' } = options
    const local = localMemory(boundsFor(l1, options.logger), options)
    const { remote, bus: ownBus, prefix } = shareOfWhole(l2)(options)
    super(coherentStore({ remote, local, bus: busFor(bus, ownBus) }, options), { ...options, prefix })
    if (remote.place !== undefined) {
      const { host, database, prefix: under } = remote.place
      const { policy } = coherenceSettings(options)
      tellStart(options, { engine: 'tiered', node: host, db: database, prefix: under, policy }, ON_SERVER)
    }
    if (!(l1 instanceof BaseCache)) return
    taken.add(l1)
    closeWith(this, [{ close: async () => void taken.delete(l1) }])
  }
}

function busFor(bus: Bus | 'pubsub' | 'none', own: Bus | undefined): Bus | undefined {
  if (bus === 'pubsub') return own
  if (bus === 'none') return undefined
  if (typeof bus === 'string') checkChoice(bus, ['pubsub', 'none'], 'bus')
  checkMethods(bus, ['subscribe'], 'bus')
  return bus
}

// The memory caches of which a tiered cache has taken the bounds. A second one would share no entries with the first.
const taken = new WeakSet<object>()

function boundsFor(l1: MemoryTierOptions | MemoryCache, logger: Logger | undefined): MemoryTierOptions {
  const store = storeOf(l1)
  if (!(store instanceof MemoryStore)) {
    checkTierOptions(l1, logger)
    return l1
  }
  if (taken.has(l1))
    throw new OptionsError('l1: another tiered cache keeps its entries in it; give each a new MemoryCache()')
  const { ttlMs } = scopeOf(l1)!
  return { ...store.bounds, ttl: ttlMs === Infinity ? ttlMs : { milliseconds: ttlMs } }
}

function shareOfWhole(l2: unknown): Share {
  const share = shareOf(l2)
  if (share !== undefined) return share
  const what = reading('l2', () => l2 instanceof BaseCache) ? 'a namespace' : inspect(l2)
  throw new OptionsError(
    storeOf(l2) === undefined
      ? `l2: ${what} is not a whole cache, such as a RedisCache`
      : 'l2: is not a cache that several processes share; use a RedisCache',
  )
}
