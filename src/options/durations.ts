import { isDate, timeOf } from '../internal/objects.ts'
import { unreadable } from './checks.ts'
import type { Clock } from '../core/time/clock.ts'
import type { Doubts } from '../core/logging/doubts.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'

/** The parts of a duration, which are added up. */
export interface DurationParts {
  /** Weeks of seven days. */
  readonly weeks?: number | undefined
  /** Days of 24 hours. */
  readonly days?: number | undefined
  /** Hours of 60 minutes. */
  readonly hours?: number | undefined
  /** Minutes of 60 seconds. */
  readonly minutes?: number | undefined
  /** Seconds. Fractions are allowed, as in all parts. */
  readonly seconds?: number | undefined
  /** Thousandths of a second. */
  readonly milliseconds?: number | undefined
}

/** An absolute time in the manner of `Temporal.Instant` and `Temporal.ZonedDateTime`. */
export interface InstantLike {
  /** Milliseconds since the Unix epoch. */
  readonly epochMilliseconds: number
}

/**
 * A span of time, in every option that is a time. A number is **seconds** (fractions allowed). Text is `'90s'`,
 * `'1h30m'`, `'250ms'`, `'2d'` or ISO 8601 `'PT15M'`. An object names its parts (`{ minutes: 5 }`). A `Date` or
 * Temporal instant is the time when it ends. `Infinity` is for ever.
 *
 * Zero, negative and unreadable durations throw an {@link OptionsError}. A plain number above 2,592,000 (30 days)
 * throws, too, because it is probably meant in milliseconds: write `'90d'`. A multiple of 1,000 from 10,000 on is
 * accepted with one warning for each place. A `Date` in the past means "expired now".
 */
export type Duration = number | string | DurationParts | Date | InstantLike

const ACCEPTED =
  "seconds as a number (at most 2592000), text such as '90s', '1h30m', '2d' or 'PT15M', " +
  'an object such as { minutes: 5 }, a Date, or Infinity'

const MAX_PLAIN_SECONDS = 30 * 86_400

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

const PART_MS: Readonly<Record<keyof DurationParts, number>> = {
  weeks: UNIT_MS.w,
  days: UNIT_MS.d,
  hours: UNIT_MS.h,
  minutes: UNIT_MS.m,
  seconds: UNIT_MS.s,
  milliseconds: UNIT_MS.ms,
}

/**
 * Returns the duration in milliseconds, `Infinity` for ever. Zero or less is possible only for a date that has passed,
 * or down to `least`. `doubts` is told of numbers that may be milliseconds.
 * @throws OptionsError that names the option, the value and the accepted forms.
 */
export function durationMs(
  value: Duration,
  option: string,
  clock: Pick<Clock, 'wallNow'>,
  doubts?: Doubts,
  least: number = Number.MIN_VALUE,
): number {
  let ms = NaN
  if (typeof value === 'number') ms = fromSeconds(value, option, doubts)
  else if (typeof value === 'string') ms = fromText(value)
  else if (typeof value === 'object' && value !== null) ms = fromObject(value, clock)
  if (ms >= least || (isInstant(value) && !Number.isNaN(ms))) return ms
  throw new OptionsError(`${option}: ${inspect(value)} is not a duration; use ${ACCEPTED}`)
}

const PARTS = Object.keys(PART_MS) as readonly (keyof DurationParts)[]

/**
 * Whether an argument that may be a duration or an options object is meant as a duration.
 * @throws OptionsError if looking at it throws.
 */
export function isDuration(value: unknown, where: string): value is Duration {
  try {
    if (typeof value !== 'object' || value === null || isInstant(value)) return true
    for (const name of PARTS) if (name in value) return true
    return false
  } catch (error) {
    throw unreadable(`${where}: the options`, error)
  }
}

/** Whether the value is a point in time rather than a span. It never throws. */
export function isInstant(value: unknown): value is Date | InstantLike {
  if (typeof value !== 'object' || value === null) return false
  try {
    return isDate(value) || 'epochMilliseconds' in value
  } catch {
    return false
  }
}

function fromSeconds(seconds: number, option: string, doubts: Doubts | undefined): number {
  if (seconds === Infinity) return Infinity
  if (seconds > MAX_PLAIN_SECONDS) {
    throw new OptionsError(
      `${option}: ${seconds} is more than 30 days in seconds and probably meant in milliseconds; ` +
        `write '${Math.round(seconds / 1000)}s' for milliseconds, or text such as '90d' for so long a time`,
    )
  }
  if (seconds >= 10_000) doubts?.look(option, seconds)
  return seconds * 1000
}

// Most calls repeat the same few texts, so parsed texts are remembered (and their number is bounded).
const parsed = new Map<string, number>()

function fromText(text: string): number {
  const known = parsed.get(text)
  if (known !== undefined) return known
  const ms = parseUnits(text) ?? parseIso(text) ?? NaN
  if (parsed.size >= 100) parsed.clear()
  if (text.length <= 40) parsed.set(text, ms)
  return ms
}

function parseUnits(text: string): number | undefined {
  if (!/^\s*(\d+(\.\d+)?\s*(ms|s|m|h|d|w)\s*)+$/.test(text)) return undefined
  let ms = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)/g)) {
    ms += Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS]
  }
  return ms
}

function parseIso(text: string): number | undefined {
  const number = String.raw`(\d+(?:[.,]\d+)?)`
  const pattern = `^P(?:${number}W)?(?:${number}D)?(?:T(?=\\d)(?:${number}H)?(?:${number}M)?(?:${number}S)?)?$`
  const match = new RegExp(pattern).exec(text)
  if (match === null) return undefined
  const amounts = match.slice(1).map((part) => Number((part ?? '0').replace(',', '.')))
  const units = [UNIT_MS.w, UNIT_MS.d, UNIT_MS.h, UNIT_MS.m, UNIT_MS.s]
  return amounts.reduce((ms, amount, index) => ms + amount * units[index]!, 0)
}

// An object that can't be read is no duration.
function fromObject(value: object, clock: Pick<Clock, 'wallNow'>): number {
  try {
    return fromParts(value, clock)
  } catch {
    return NaN
  }
}

function fromParts(value: object, clock: Pick<Clock, 'wallNow'>): number {
  const instantMs = isDate(value) ? timeOf(value) : (value as Partial<InstantLike>).epochMilliseconds
  if (instantMs !== undefined) return Number.isFinite(instantMs) ? instantMs - clock.wallNow() : NaN
  // A Temporal.Duration has inherited getters for its parts, and years and months, which have no fixed length.
  const parts = value as DurationParts & { readonly years?: number; readonly months?: number }
  if (parts.years || parts.months || Object.keys(value).some((name) => !Object.hasOwn(PART_MS, name)))
    return NaN
  let ms: number | undefined
  for (const name of PARTS) {
    const amount: unknown = parts[name]
    if (amount !== undefined) ms = (ms ?? 0) + (typeof amount === 'number' ? amount * PART_MS[name] : NaN)
  }
  return ms ?? NaN
}
