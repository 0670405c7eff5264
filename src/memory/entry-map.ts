import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { Log } from '../core/logging/log.ts'
import { consoleLogger } from '../core/logging/logger.ts'
import { isPromise } from '../core/promise.ts'
import { ageClock } from '../core/time/age-clock.ts'
import { checkFunction } from '../options/checks.ts'
import type { Stored } from '../core/store.ts'
import type { StoreStats } from '../core/counters.ts'
import { timersFor, type CacheOptions } from '../options/options.ts'
import type { Random } from '../core/time/clock.ts'
import { BoundedMap, type BoundedMapStats, type RemovalCause } from './bounded-map.ts'
import { entryWeight } from './bounded-map-options.ts'
import { bytesOf } from './bytes.ts'

/** The bounds of the entries in the memory of this process. */
export interface MemoryBounds {
  /** The maximum number of entries; default 10,000, or no bound by number with `maxWeight` or `maxBytes`. */
  readonly maxEntries?: number | undefined
  /** The maximum total weight of the entries, in the unit of `weigher`; default: no bound. */
  readonly maxWeight?: number | undefined
  /**
   * The maximum total size of keys and values in estimated bytes, in place of `maxWeight` and `weigher`; default: no
   * bound.
   */
  readonly maxBytes?: number | undefined
  /**
   * The maximum weight of a single entry; default `maxWeight`. A heavier one is not stored, and `set` of a `MemoryCache`
   * answers `false`.
   */
  readonly maxEntryWeight?: number | undefined
  /**
   * The weight of a value, 0 or more. The function must not change the value. A value for which it throws is not kept.
   * Default: 1 each. Needs `maxWeight`.
   */
  readonly weigher?: ((value: unknown, key: string) => number) | undefined
  /**
   * Called once for each entry that has left the memory of this process, with its key (without the prefix), a copy of
   * its value, and the cause. An error that it throws is logged. Default: none.
   */
  readonly onRemoval?: ((key: string, value: unknown, cause: RemovalCause) => void) | undefined
}

/** The names of {@link MemoryBounds}. */
export const MEMORY_BOUNDS: readonly (keyof MemoryBounds)[] = [
  'maxEntries',
  'maxWeight',
  'maxBytes',
  'maxEntryWeight',
  'weigher',
  'onRemoval',
]

/** The entries of a map: their values as they are kept there, and as a reader gets them. */
export interface EntryForm<E> {
  storedOf(entry: E): Stored
  view(stored: Stored): unknown
}

/** Returns a map of entries with these bounds. The weigher gets the value that a reader gets. @throws OptionsError */
export function entryMap<E>(
  bounds: MemoryBounds,
  options: Pick<CacheOptions, 'clock' | 'timers' | 'logger' | 'name' | 'prefix'>,
  form: EntryForm<E>,
  random?: Random,
): BoundedMap<string, E> {
  const { maxEntries, maxEntryWeight, maxBytes } = bounds
  const { logger = consoleLogger, name = 'cache', prefix = '' } = options
  const log = new Log(logger, ageClock(options.clock), () => ({ cache: name }))
  const failed: Failed = (full, message, details) =>
    log.notice('error', { key: full.slice(prefix.length), ...details }, message)
  return new BoundedMap<string, E>({
    maxEntries,
    maxWeight: maxBytes ?? bounds.maxWeight,
    maxEntryWeight,
    weigher: weigherOf(bounds, form, failed),
    ...(bounds.onRemoval !== undefined && {
      onRemoval: removalTeller(bounds.onRemoval, prefix.length, form, failed),
    }),
    clock: options.clock,
    timers: timersFor(options),
    random,
  })
}

/** Logs that a function of the user has failed. */
type Failed = (full: string, message: string, details: object) => void

/** A weight that no bound allows. */
const TOO_HEAVY = Number.MAX_VALUE

function weigherOf<E>(
  { maxWeight, maxBytes, weigher }: MemoryBounds,
  { storedOf, view }: EntryForm<E>,
  failed: Failed,
): ((entry: E, key: string) => number) | undefined {
  if (maxBytes !== undefined) {
    if (typeof maxBytes !== 'number' || !(maxBytes > 0))
      throw new OptionsError(`maxBytes: ${inspect(maxBytes)} is not a number above 0`)
    if (maxWeight !== undefined || weigher !== undefined)
      throw new OptionsError('maxBytes: give either this or maxWeight with a weigher')
    // It changes nothing, so it needs no copy.
    return (entry, key) => bytesOf(storedOf(entry), key)
  }
  if (weigher === undefined) return undefined
  checkFunction(weigher, 'weigher')
  return (entry, key) => {
    try {
      return entryWeight(weigher(view(storedOf(entry)), key))
    } catch (err) {
      // The caller still means this value in place of the one before.
      failed(key, 'weigher has failed, and the value is not kept', { err })
      return TOO_HEAVY
    }
  }
}

// A removal may come from a timer, or from the call of another user, who must not get the error.
function removalTeller<E>(
  listener: NonNullable<MemoryBounds['onRemoval']>,
  prefixLength: number,
  { storedOf, view }: EntryForm<E>,
  failed: Failed,
): (key: string, entry: E, cause: RemovalCause) => void {
  checkFunction(listener, 'onRemoval')
  return (full, entry, cause) => {
    const log = (err: unknown): void => failed(full, 'onRemoval has failed', { cause, err })
    try {
      const told: unknown = listener(full.slice(prefixLength), view(storedOf(entry)), cause)
      if (isPromise(told)) void Promise.resolve(told).catch(log)
    } catch (error) {
      log(error)
    }
  }
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
