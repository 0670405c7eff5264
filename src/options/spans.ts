import { doubtsOf } from '../core/logging/doubts.ts'
import type { Logger } from '../core/logging/logger.ts'
import { durationMs, isInstant, type Duration } from './durations.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'

/**
 * Returns a setting that is a span of time, in milliseconds. It is neither a date nor for ever. `logger` is warned of a
 * number that may be milliseconds.
 * @throws OptionsError for anything else.
 */
export function spanMs(value: Duration, option: string, logger?: Logger): number {
  if (isInstant(value))
    throw new OptionsError(`${option}: must be a span such as '3s', not the date ${inspect(value)}`)
  const ms = durationMs(value, option, { wallNow: () => 0 }, doubtsOf(logger))
  if (ms === Infinity) throw new OptionsError(`${option}: must be a span such as '3s', not Infinity`)
  return ms
}

/** Returns a setting that counts something, a whole number from `least`. @throws OptionsError for anything else. */
export function wholeNumber(value: unknown, option: string, least = 1): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number
  throw new OptionsError(`${option}: ${inspect(value)} is not a whole number from ${least}`)
}
