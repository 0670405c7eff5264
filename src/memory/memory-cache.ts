import { BaseCache } from '../cache/base-cache.ts'
import { checkFunction } from '../core/checks.ts'
import {
  CACHE_OPTIONS,
  checkCacheOptions,
  checkOptions,
  timersFor,
  type CacheOptions,
} from '../core/options.ts'
import { Envelope } from '../core/envelope.ts'
import { LocalAtomicStore } from '../core/local-atomic-store.ts'
import { wholeNumber } from '../core/spans.ts'
import type { Stored } from '../core/store.ts'
import { systemClock, systemRandom } from '../core/system.ts'
import {
  ISOLATION_OPTIONS,
  valueKeeper,
  type IsolationOptions,
  type ValueKeeper,
} from '../serialization/isolation.ts'
import { BoundedMap, type BoundedMapOptions } from './bounded-map.ts'
import { unwrapped } from './memory-entry.ts'
import { MemoryStore } from './memory-store.ts'

/** Options of a {@link MemoryCache}, all of them optional. */
export interface MemoryCacheOptions extends CacheOptions, IsolationOptions {
  /** The most entries it holds; default 10,000. */
  readonly maxEntries?: number | undefined
  /** The most that its entries weigh together, in whatever unit `weigher` answers; default: no bound. */
  readonly maxWeight?: number
  /** What a single entry may weigh; a heavier one is not stored, and `set` answers `false`. Default: `maxWeight`. */
  readonly maxEntryWeight?: number
  /** The weight of a value, 0 or more; it must not change it. Default: 1 each. Needs `maxWeight`. */
  readonly weigher?: (value: unknown, key: string) => number
  /** The most states of rate limits it holds, apart from entries and locks; default 100,000. */
  readonly maxStates?: number
}

/** The names of {@link MemoryCacheOptions}. */
export const MEMORY_CACHE_OPTIONS: readonly string[] = [
  ...CACHE_OPTIONS,
  ...ISOLATION_OPTIONS,
  'maxEntries',
  'maxWeight',
  'maxEntryWeight',
  'weigher',
  'maxStates',
]

/**
 * A cache in the memory of the process: bounded, expiring by itself, nothing to install. Every read-modify-write
 * (`increment`, `take`, `expire`, `getOrSet`) is atomic under any interleaving of async callers.
 */
export class MemoryCache<V = unknown> extends BaseCache<V> {
  /** @throws OptionsError, KeyError for wrong options. */
  constructor(options: MemoryCacheOptions = {}) {
    checkOptions(options, MEMORY_CACHE_OPTIONS, 'MemoryCache')
    checkCacheOptions(options)
    const values = valueKeeper(options)
    const map = new BoundedMap(mapOptions(options, values))
    super(new MemoryStore(map, values, { clock: options.clock, atomic: states(options) }), options)
  }
}

// What limits and locks keep is apart from the map: nothing that is cached evicts it.
function states(options: MemoryCacheOptions): LocalAtomicStore {
  const { clock = systemClock, random = systemRandom, logger, maxStates } = options
  if (maxStates !== undefined) wholeNumber(maxStates, 'maxStates')
  return new LocalAtomicStore({ clock, timers: timersFor(options), random, logger, maxStates })
}

function mapOptions(options: MemoryCacheOptions, values: ValueKeeper): BoundedMapOptions<string, Stored> {
  const { maxEntries, maxWeight, maxEntryWeight, weigher, clock = systemClock } = options
  return {
    maxEntries,
    maxWeight,
    maxEntryWeight,
    weigher: weigher === undefined ? undefined : weighing(weigher, values),
    clock,
    timers: timersFor(options),
  }
}

// The weigher sees what a reader gets.
function weighing(weigher: (value: unknown, key: string) => number, values: ValueKeeper) {
  checkFunction(weigher, 'weigher')
  return (stored: unknown, key: string): number =>
    weigher(stored instanceof Envelope ? stored.view() : values.view(unwrapped(stored as Stored)), key)
}
