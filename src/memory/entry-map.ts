import { checkFunction } from '../options/checks.ts'
import type { StoreStats } from '../core/counters.ts'
import { timersFor, type CacheOptions } from '../options/options.ts'
import type { Random } from '../core/time/clock.ts'
import { BoundedMap, type BoundedMapStats } from './bounded-map.ts'

/** The bounds of the entries in the memory of this process. */
export interface MemoryBounds {
  /** The maximum number of entries; default 10,000. */
  readonly maxEntries?: number | undefined
  /** The maximum total weight of the entries, in the unit of `weigher`; default: no bound. */
  readonly maxWeight?: number | undefined
  /**
   * The maximum weight of a single entry; default `maxWeight`. A heavier one is not stored, and `set` of a `MemoryCache`
   * answers `false`.
   */
  readonly maxEntryWeight?: number | undefined
  /** The weight of a value, 0 or more. The function must not change the value. Default: 1 each. Needs `maxWeight`. */
  readonly weigher?: ((value: unknown, key: string) => number) | undefined
}

/** The names of {@link MemoryBounds}. */
export const MEMORY_BOUNDS: readonly (keyof MemoryBounds)[] = [
  'maxEntries',
  'maxWeight',
  'maxEntryWeight',
  'weigher',
]

/** Returns a map of entries with these bounds. The weigher gets the value that a reader gets. @throws OptionsError */
export function entryMap<E>(
  { maxEntries, maxWeight, maxEntryWeight, weigher }: MemoryBounds,
  options: Pick<CacheOptions, 'clock' | 'timers'>,
  view: (entry: E) => unknown,
  random?: Random,
): BoundedMap<string, E> {
  if (weigher !== undefined) checkFunction(weigher, 'weigher')
  return new BoundedMap<string, E>({
    maxEntries,
    maxWeight,
    maxEntryWeight,
    weigher: weigher && ((entry, key) => weigher(view(entry), key)),
    clock: options.clock,
    timers: timersFor(options),
    random,
  })
}

/** Returns the figures of a store that keeps its entries in this map. */
export function figuresOf(map: { readonly isWeighed: boolean; stats(): BoundedMapStats }): StoreStats {
  const { entries, evicted, oversize, expired, swept } = map.stats()
  const [byEntries, byWeight] = map.isWeighed ? [0, evicted] : [evicted, 0]
  return {
    entries,
    evictions: { entries: byEntries, weight: byWeight, oversize },
    expirations: { read: expired - swept, timer: swept },
  }
}
