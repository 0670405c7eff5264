import { doubtsOf } from '../core/logging/doubts.ts'
import type { Logger } from '../core/logging/logger.ts'
import { durationMs, isInstant, type Duration } from '../options/durations.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { checkReadable } from '../options/checks.ts'
import { checkOptions } from '../options/options.ts'

/** Options for the permits of a lock or semaphore. */
export interface LockOptions {
  /**
   * The time after which the lock is free again if its holder is gone. A living holder renews it every third of that.
   * Default 10 seconds; 100 ms to a day. Not a `Date`.
   */
  readonly ttl?: Duration | undefined
  /** The time after which a holder stops renewing, so that one that hangs does not hold for ever. Default: never. */
  readonly maxHold?: Duration | undefined
}

/** Options of a waiting caller. */
export interface AcquireOptions {
  /** The longest time to wait for a permit; 0 = not at all. Default 10 seconds. */
  readonly wait?: Duration | undefined
  /** Ends the waiting. The call then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Options after validation. */
export interface LockSettings {
  readonly ttlMs: number
  readonly maxHoldMs: number
}

const MIN_TTL_MS = 100
const MAX_TTL_MS = 86_400_000

/** Validates the options for permits. @throws OptionsError */
export function lockSettings(options: LockOptions, where: string, logger?: Logger): LockSettings {
  checkReadable(options, where)
  checkOptions(options, ['ttl', 'maxHold'], where)
  const { ttl = 10, maxHold = Infinity } = options
  const ttlMs = Math.ceil(spanMs(ttl, `${where}: ttl`, logger))
  if (ttlMs < MIN_TTL_MS || ttlMs > MAX_TTL_MS)
    throw new OptionsError(`${where}: ttl: ${inspect(ttl)} is not between ${MIN_TTL_MS} ms and a day`)
  return { ttlMs, maxHoldMs: spanMs(maxHold, `${where}: maxHold`, logger) }
}

/** Returns the milliseconds that a caller waits. @throws OptionsError */
export function waitMs(options: AcquireOptions, where: string, logger?: Logger): number {
  checkReadable(options, where)
  checkOptions(options, ['wait', 'signal'], where)
  const { wait = 10 } = options
  return wait === 0 ? 0 : spanMs(wait, `${where}: wait`, logger)
}

function spanMs(value: Duration, option: string, logger: Logger | undefined): number {
  if (isInstant(value))
    throw new OptionsError(`${option}: a span such as '10s' is needed, not the date ${inspect(value)}`)
  return durationMs(value, option, { wallNow: () => 0 }, doubtsOf(logger))
}
