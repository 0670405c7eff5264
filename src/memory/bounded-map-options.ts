import { ageClock, type AgeClock } from '../core/time/age-clock.ts'
import { checkFunction } from '../options/checks.ts'
import type { Clock, Random, Timers } from '../core/time/clock.ts'
import { durationMs, isInstant, type Duration } from '../options/durations.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { longTimers } from '../core/time/long-timers.ts'
import { systemRandom, systemTimers } from '../core/time/system.ts'

/**
 * The cause of a removal: for room, for age, on request or by a tag, by a newer value of the same key, or with all
 * entries of a prefix or of the map.
 */
export type RemovalCause = 'evicted' | 'expired' | 'deleted' | 'replaced' | 'cleared'

/** Settings of a {@link BoundedMap}, all of them optional. */
export interface BoundedMapOptions<K, V> {
  /** The maximum number of entries. Default 10,000; no bound by number if `maxWeight` is given. */
  readonly maxEntries?: number | undefined
  /** The maximum total weight of the entries, in the unit of `weigher`. Default: no bound. */
  readonly maxWeight?: number | undefined
  /** Weight of an entry when it is written, 0 or more. Default 1. */
  readonly weigher?: ((value: V, key: K) => number) | undefined
  /** The maximum weight of a single entry. A heavier one is not stored. Default `maxWeight`. */
  readonly maxEntryWeight?: number | undefined
  /** The ttl of entries that are set without one; a span, not a date. Default: for ever. */
  readonly ttl?: Duration | undefined
  /**
   * Called after an entry has left. It may use the map. An exception that it throws is dropped and counted in
   * `stats()`, because a removal may come from a timer, where no caller can catch it.
   */
  readonly onRemoval?: ((key: K, value: V, cause: RemovalCause) => void) | undefined
  /** Source of time. Default: the system's clocks, read once in each callback of the event loop. */
  readonly clock?: Clock | undefined
  /** Source of timers. Default: the runtime's, which don't keep the process alive. */
  readonly timers?: Timers | undefined
  /** Source of the seed of the hash function. */
  readonly random?: Random | undefined
}

/** Settings of one entry. */
export interface SetOptions {
  /** The time that the entry lives, or the date at which it expires. Default: the map's ttl. */
  readonly ttl?: Duration | undefined
  /** The weight of the entry. Default: the answer of the weigher. */
  readonly weight?: number | undefined
}

/** Complete settings. */
export interface ResolvedOptions<K, V> {
  readonly maxEntries: number
  readonly maxWeight: number
  readonly maxEntryWeight: number
  readonly weigher: ((value: V, key: K) => number) | undefined
  readonly ttlMs: number
  readonly onRemoval: ((key: K, value: V, cause: RemovalCause) => void) | undefined
  readonly clock: AgeClock
  readonly timers: Timers
  readonly random: Random
}

const MAP_OPTIONS: ReadonlySet<string> = new Set<keyof BoundedMapOptions<unknown, unknown>>([
  'maxEntries',
  'maxWeight',
  'weigher',
  'maxEntryWeight',
  'ttl',
  'onRemoval',
  'clock',
  'timers',
  'random',
])
const SET_OPTIONS: ReadonlySet<string> = new Set<keyof SetOptions>(['ttl', 'weight'])

// A Map of JavaScript takes no more entries.
const MOST_ENTRIES = 2 ** 24

/** Checks the options of a map and fills in the defaults. */
export function resolveOptions<K, V>(options: BoundedMapOptions<K, V>): ResolvedOptions<K, V> {
  refuseUnknown(options, MAP_OPTIONS)
  const { clock: given, timers } = reading('options', () => ({ ...options }))
  if (given !== undefined) checkParts('clock', given, ['now', 'wallNow'])
  if (timers !== undefined) checkParts('timers', timers, ['set', 'clear'])
  const weighed = options.maxWeight !== undefined
  // Only undefined stands for a default, because null for a bound is a mistake.
  const {
    maxWeight = Infinity,
    maxEntries = weighed ? MOST_ENTRIES : 10_000,
    maxEntryWeight = maxWeight,
  } = options
  const clock = ageClock(options.clock)
  if (!weighed) {
    for (const name of ['weigher', 'maxEntryWeight'] as const) {
      if (options[name] !== undefined) throw new OptionsError(`${name} has no effect without maxWeight`)
    }
  }
  return {
    maxEntries: count('maxEntries', maxEntries),
    maxWeight: weight('maxWeight', maxWeight),
    maxEntryWeight: Math.min(maxWeight, weight('maxEntryWeight', maxEntryWeight)),
    weigher: callable('weigher', options.weigher),
    ttlMs: options.ttl === undefined ? Infinity : durationMs(span(options.ttl), 'ttl', clock),
    onRemoval: callable('onRemoval', options.onRemoval),
    clock,
    timers: options.timers === undefined ? systemTimers : longTimers(options.timers),
    random: callable('random', options.random) ?? systemRandom,
  }
}

/** Returns the options of `set`, and refuses names that it does not know. */
export function checkedSetOptions(options: SetOptions): Pick<SetOptions, 'ttl' | 'weight'> {
  refuseUnknown(options, SET_OPTIONS)
  return reading('options', () => ({ ...options }))
}

/** Refuses a value that is no weight of an entry. */
export function entryWeight(value: number): number {
  if (typeof value === 'number' && value >= 0 && value !== Infinity) return value
  throw new OptionsError(`weight: ${inspect(value)} is not a finite number of 0 or more`)
}

function refuseUnknown(options: object, known: ReadonlySet<string>): void {
  if (typeof options !== 'object' || options === null) {
    throw new OptionsError(`options: ${inspect(options)} is not an object`)
  }
  for (const name of reading('options', () => Object.keys(options))) {
    if (!known.has(name)) {
      throw new OptionsError(`${name} is not an option; known are ${[...known].join(', ')}`)
    }
  }
}

function checkParts<T extends object>(
  option: string,
  value: T,
  methods: readonly (keyof T & string)[],
): void {
  for (const name of methods)
    checkFunction(
      reading(option, () => value[name]),
      `${option}.${name}`,
    )
}

// As that of all options, without the text of what was thrown, because the map alone is to be small.
function reading<T>(argument: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof OptionsError
      ? error
      : new OptionsError(`${argument}: reading it threw`, { cause: error })
  }
}

// A date as the default would be the time left when the map is made, for all entries.
function span(ttl: Duration): Duration {
  if (isInstant(ttl)) throw new OptionsError(`ttl: ${inspect(ttl)} is a date, and no span such as '30m'`)
  return ttl
}

function count(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= MOST_ENTRIES) return value
  throw new OptionsError(`${name}: ${inspect(value)} is not a whole number from 1 to ${MOST_ENTRIES}`)
}

function weight(name: string, value: number): number {
  if (typeof value === 'number' && value > 0) return value
  throw new OptionsError(`${name}: ${inspect(value)} is not a number above 0`)
}

function callable<F>(name: string, value: F): F {
  if (value !== undefined) checkFunction(value, name)
  return value
}
