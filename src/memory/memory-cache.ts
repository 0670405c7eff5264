import { BaseCache } from '../cache/base-cache.ts'
import { checkFunction } from '../options/checks.ts'
import {
  CACHE_OPTIONS,
  checkCacheOptions,
  checkOptions,
  timersFor,
  type CacheOptions,
} from '../options/options.ts'
import { Envelope } from '../core/envelope.ts'
import { LocalAtomicStore } from '../in-process/local-atomic-store.ts'
import { wholeNumber } from '../options/spans.ts'
import type { Stored } from '../core/store.ts'
import { systemClock, systemRandom } from '../core/time/system.ts'
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
  /** The maximum number of entries; default 10,000. */
  readonly maxEntries?: number | undefined
  /** The maximum total weight of the entries, in the unit of `weigher`; default: no bound. */
  readonly maxWeight?: number
  /**
   * The maximum weight of a single entry. A heavier one is not stored, and `set` answers `false`. Default: `maxWeight`.
   */
  readonly maxEntryWeight?: number
  /** The weight of a value, 0 or more. The function must not change the value. Default: 1 each. Needs `maxWeight`. */
  readonly weigher?: (value: unknown, key: string) => number
  /** The maximum number of states of rate limits, apart from entries and locks; default 100,000. */
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

// States of limits and locks are apart from the map, so that no cached entry evicts them.
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

// The weigher gets the value that a reader gets.
function weighing(weigher: (value: unknown, key: string) => number, values: ValueKeeper) {
  checkFunction(weigher, 'weigher')
  return (stored: unknown, key: string): number =>
    weigher(stored instanceof Envelope ? stored.view() : values.view(unwrapped(stored as Stored)), key)
}
