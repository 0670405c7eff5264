import { BaseCache } from '../cache/base-cache.ts'
import { closeWith, defaultTtlOf, shareOf, storeOf, type Share } from '../cache/stores.ts'
import { COHERENCE_OPTIONS, type CoherenceOptions } from '../coherence/options.ts'
import { CoherentStore } from '../coherence/coherent-store.ts'
import { coherentStore } from '../coherence/compose.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { checkMethods } from '../options/checks.ts'
import {
  CACHE_OPTIONS,
  checkCacheOptions,
  checkChoice,
  checkOptions,
  type CacheOptions,
} from '../options/options.ts'
import { isPromise } from '../core/promise.ts'
import type { Bus } from '../core/remote-store.ts'
import type { Store } from '../core/store.ts'
import { ISOLATION_OPTIONS, valueKeeper, type IsolationOptions } from '../serialization/isolation.ts'

/** Options of a {@link TieredCache}. */
export interface TieredCacheOptions extends CacheOptions, CoherenceOptions, IsolationOptions {
  /**
   * The cache of this process, such as a `MemoryCache`. Its bounds hold for the entries of the tiered cache. Read and
   * write through the tiered cache alone.
   */
  readonly l1: BaseCache
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
export const TIERED_CACHE_OPTIONS: readonly string[] = [
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
 * processes share. docs/coherence.md has the guarantees. Of the two caches it uses only the storage. Prefix,
 * serializer, ttl, tags and isolation are its own (the prefix is that of `l2` unless it is named), and it does not
 * close them.
 */
export class TieredCache<V = unknown> extends BaseCache<V> {
  /** @throws OptionsError, KeyError for wrong options. */
  constructor(options: TieredCacheOptions) {
    checkOptions(options, TIERED_CACHE_OPTIONS, 'TieredCache')
    checkCacheOptions(options)
    const { l1, l2, bus = 'pubsub' } = options
    const local = localOf(l1)
    const { remote, bus: ownBus, prefix } = shareOfWhole(l2)(options)
    const values = valueKeeper(options)
    const tier = { local, values, localTtlMs: defaultTtlOf(l1) }
    super(coherentStore({ remote, ...tier, bus: busFor(bus, ownBus) }, options), { ...options, prefix })
    taken.add(local)
    closeWith(this, [{ close: async () => void taken.delete(local) }])
  }
}

function busFor(bus: Bus | 'pubsub' | 'none', own: Bus | undefined): Bus | undefined {
  if (bus === 'pubsub') return own
  if (bus === 'none') return undefined
  if (typeof bus === 'string') checkChoice(bus, ['pubsub', 'none'], 'bus')
  checkMethods(bus, ['subscribe'], 'bus')
  return bus
}

// The stores in which a tiered cache keeps entries. Another one would take these entries for its own.
const taken = new WeakSet<Store>()

function localOf(l1: unknown): Store {
  const store = wholeCache(l1, 'l1', 'new MemoryCache()')
  if (taken.has(store))
    throw new OptionsError('l1: another tiered cache keeps its entries in it; give each a new MemoryCache()')
  // A read that has to wait for the first tier might as well go to the server.
  if (isPromise(store.get('!')) || store instanceof CoherentStore)
    throw new OptionsError(
      'l1: its store does not answer at once; use a cache in memory, such as new MemoryCache()',
    )
  return store
}

function shareOfWhole(l2: unknown): Share {
  wholeCache(l2, 'l2', 'a RedisCache')
  const share = shareOf(l2)
  if (share !== undefined) return share
  throw new OptionsError('l2: is not a cache that several processes share; use a RedisCache')
}

function wholeCache(cache: unknown, option: string, example: string): Store {
  const store = storeOf(cache)
  if (store !== undefined) return store
  const what = cache instanceof BaseCache ? 'a namespace' : inspect(cache)
  throw new OptionsError(`${option}: ${what} is not a whole cache, such as ${example}`)
}
