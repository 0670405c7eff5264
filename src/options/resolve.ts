import type { WaitUntil } from '../core/background.ts'
import { checkFunction, partOf, unreadable } from './checks.ts'
import type { Clock } from '../core/time/clock.ts'
import type { Doubts } from '../core/logging/doubts.ts'
import { durationMs, isInstant, type Duration } from './durations.ts'
import { OptionsError, isCacheError, type CacheError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { checkChoice, checkOptions } from './options.ts'
import type { EntrySettings, Reading, Tier } from '../core/store.ts'
import type { Family } from '../core/observing/family.ts'
import { checkTags, joinTags } from '../keys/tags.ts'

/** Options of a call, validated and in internal units; see `GetOrSetOptions` for their meaning. */
export interface Settings extends EntrySettings {
  readonly tags: readonly string[]
  /** The end of a ttl that is a date, on the wall clock. It keeps a slow load from putting off the end. */
  readonly endsAtMs?: number | undefined
  readonly softTimeoutMs?: number | undefined
  readonly hardTimeoutMs?: number | undefined
  readonly refreshAhead?: number | undefined
  readonly jitter?: number | undefined
  /** The ttl of a loaded `null`; 0 = it is not stored. */
  readonly negativeTtlMs?: number | undefined
  readonly loadErrorTtlMs?: number | undefined
  readonly leaseWaitMs?: number | undefined
  readonly maxConcurrentLoads?: number | undefined
  readonly skipRead?: Tier | undefined
  readonly skipWrite?: Tier | undefined
  readonly waitUntil?: WaitUntil | undefined
  readonly forceRefresh?: boolean | undefined
  readonly ifAbsent?: boolean | undefined
  readonly result?: 'stored' | 'full' | undefined
  readonly signal?: AbortSignal | undefined
  readonly after?: string | undefined
  /** The reason why a loaded value is not stored: a computed option is invalid. */
  readonly unfit?: CacheError | undefined
}

/** An option that a user's loader or function has computed. If it is invalid, nothing is stored. */
export class Computed {
  readonly #value: unknown

  constructor(value: unknown) {
    this.#value = value
  }

  /** Returns the computed value in a list; `undefined` for any other option. It runs no code of the option. */
  static in(option: unknown): readonly [value: unknown] | undefined {
    return typeof option === 'object' && option !== null && #value in option ? [option.#value] : undefined
  }
}

/** Settings of a call that reads, with all that can be derived beforehand. */
export interface LoadSettings extends Settings {
  /** The family that the call is counted in. */
  readonly family: Family
  /** The conditions on an entry; `undefined` = none. */
  readonly reading: Reading | undefined
  /** The same conditions, but stale entries are accepted. */
  readonly readingStale: Reading
  /** Whether the remaining time of an entry matters, so that more than its value must be read. */
  readonly timed: boolean
}

interface Circumstances {
  /** The place where the option was given, for messages. */
  readonly where: string
  /** The clock for dates; `undefined` for a default, which can't be a date. */
  readonly clock: Pick<Clock, 'wallNow'> | undefined
  readonly doubts: Doubts | undefined
  readonly isComputed: boolean
  readonly tags: readonly string[]
}

type Reader = readonly [target: keyof Settings, read: (value: unknown, given: Circumstances) => unknown]

// Each option with its setting. `false` switches a default off, except for `negativeTtl`.
const READERS: Readonly<Record<string, Reader>> = {
  ttl: ['ttlMs', span],
  grace: ['graceMs', orNone(span)],
  softTimeout: ['softTimeoutMs', orNone(span)],
  hardTimeout: ['hardTimeoutMs', orNone(span)],
  negativeTtl: ['negativeTtlMs', (value, given) => (value === false ? 0 : span(value, given))],
  loadErrorTtl: ['loadErrorTtlMs', orNone(span)],
  leaseWait: ['leaseWaitMs', span],
  refreshAhead: ['refreshAhead', orNone(number((value) => value > 0 && value < 1, 'above 0 and below 1'))],
  jitter: ['jitter', number((value) => value >= 0 && value < 1, 'from 0 to below 1')],
  weight: ['weight', number((value) => value >= 0 && value < Infinity, 'of 0 or more')],
  maxConcurrentLoads: [
    'maxConcurrentLoads',
    number((value) => value >= 1 && (value === Infinity || Number.isInteger(value)), 'that is whole, from 1'),
  ],
  forceRefresh: ['forceRefresh', choice(true, false)],
  ifAbsent: ['ifAbsent', choice(true, false)],
  skipRead: ['skipRead', orNone(choice('l1', 'l2'))],
  skipWrite: ['skipWrite', orNone(choice('l1', 'l2'))],
  waitUntil: ['waitUntil', callable],
  result: ['result', choice('stored', 'full')],
  rowVersion: ['rowVersion', (value, { where }) => rowVersionOf(value, where)],
  tags: ['tags', (value, { where, tags }) => joinTags(tags, checkTags(value, where), where)],
  // These two are validated with the names of the options.
  signal: ['signal', (value) => value],
  after: ['after', (value) => value],
}

/**
 * Returns `base` with `options`. Without a clock the options are defaults.
 * @throws OptionsError, KeyError for an unknown option and for a value of a wrong form.
 */
export function settingsWith<S extends Settings>(
  base: S,
  options: object,
  accepted: readonly string[],
  where: string,
  clock?: Pick<Clock, 'wallNow'>,
  doubts?: Doubts,
): S {
  checkOptions(options, accepted, where)
  const settings: Record<string, unknown> = { ...(base as object) }
  for (const name in options) {
    const given = partOf(options, name, where)
    const computed = Computed.in(given)
    const isComputed = computed !== undefined
    const value: unknown = isComputed ? computed[0] : given
    const reader = READERS[name]
    if (value === undefined || reader === undefined) continue
    const [target, read] = reader
    const place = name === 'tags' ? where : `${where}: ${name}`
    try {
      settings[target] = read(value, { where: place, clock, doubts, isComputed, tags: base.tags })
    } catch (error) {
      if (!isCacheError(error)) throw unreadable(place, error)
      if (!isComputed || name !== 'tags') throw error
      settings['unfit'] = error
    }
    if (name !== 'ttl') continue
    if (isInstant(value)) Object.assign(settings, instant(settings['ttlMs'] as number, clock!))
    else if (base.endsAtMs !== undefined) settings['endsAtMs'] = undefined
  }
  return settings as unknown as S
}

/** Returns `base` with another ttl. @throws OptionsError if the ttl is invalid. */
export function settingsWithTtl<S extends Settings>(
  base: S,
  ttl: Duration,
  where: string,
  clock: Pick<Clock, 'wallNow'>,
  doubts?: Doubts,
): S {
  const ttlMs = durationMs(ttl, where, clock, doubts)
  if (isInstant(ttl)) return { ...base, ttlMs, ...instant(ttlMs, clock) }
  return base.endsAtMs === undefined ? { ...base, ttlMs } : { ...base, ttlMs, endsAtMs: undefined }
}

// A date is an exact end, so no jitter applies to it.
function instant(ttlMs: number, clock: Pick<Clock, 'wallNow'>): Pick<Settings, 'endsAtMs' | 'jitter'> {
  return { endsAtMs: clock.wallNow() + ttlMs, jitter: undefined }
}

/** Returns the settings with all that can be derived beforehand. */
export function loadSettings(settings: Settings, family: Family): LoadSettings {
  const { tags, after, ttlMs, graceMs, refreshAhead, forceRefresh, skipRead: skip } = settings
  const lifeMs = ttlMs + (graceMs ?? 0)
  return {
    ...settings,
    family,
    reading:
      tags.length === 0 && after === undefined && skip === undefined
        ? undefined
        : { tags, after, skip, lifeMs },
    readingStale: { tags, after, skip, lifeMs, stale: true },
    timed: (graceMs ?? 0) > 0 || refreshAhead !== undefined || forceRefresh === true,
  }
}

/** Returns a row version in the form in which versions are compared. @throws OptionsError if it is invalid. */
export function rowVersionOf(value: unknown, where: string): bigint {
  const version = Number.isSafeInteger(value) ? BigInt(value as number) : value
  if (typeof version === 'bigint' && BigInt.asUintN(64, version) === version) return version
  throw new OptionsError(`${where}: ${inspect(value)} is not a whole number from 0 to 2^64 - 1`)
}

function span(value: unknown, { where, clock, doubts, isComputed }: Circumstances): number {
  if (clock === undefined && isInstant(value))
    throw new OptionsError(`${where}: a default must be a span such as '30m', not the date ${inspect(value)}`)
  const least = isComputed ? -Infinity : undefined
  return durationMs(value as Duration, where, clock ?? { wallNow: () => 0 }, doubts, least)
}

function callable(value: unknown, { where }: Circumstances): unknown {
  checkFunction(value, where)
  return value
}

function orNone(read: Reader[1]): Reader[1] {
  return (value, given) => (value === false ? undefined : read(value, given))
}

function number(accepts: (value: number) => boolean, range: string): Reader[1] {
  return (value, { where }) => {
    if (typeof value === 'number' && accepts(value)) return value
    throw new OptionsError(`${where}: ${inspect(value)} is not a number ${range}`)
  }
}

function choice(...accepted: readonly unknown[]): Reader[1] {
  return (value, { where }) => {
    checkChoice(value, accepted, where)
    return value
  }
}
