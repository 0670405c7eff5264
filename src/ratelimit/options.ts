import type { LimitAlgorithm, LimitRule } from '../core/atomic-store.ts'
import { doubtsOf } from '../core/logging/doubts.ts'
import { durationMs, isInstant, type Duration } from '../options/durations.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { consoleLogger, type Logger } from '../core/logging/logger.ts'
import { isList } from '../internal/objects.ts'
import { checkMethods, checkReadable, reading } from '../options/checks.ts'
import { checkChoice, checkOptions } from '../options/options.ts'
import { wholeNumber } from '../options/spans.ts'

/** One limit: a number of requests in a window. */
export interface LimitOptions {
  /**
   * `'gcra'` (default) spaces admitted requests over the window and admits a burst after a rest. `'sliding-window'`
   * never admits more than the limit in any window. `'fixed-window'` counts in windows that follow one another.
   */
  readonly algorithm?: LimitAlgorithm | undefined
  /** The number of requests that are admitted in a window; a whole number from 1. */
  readonly limit: number
  /** The length of the window, at least a millisecond. Not a `Date`. */
  readonly window: Duration
  /** gcra only: the number of requests that are admitted at once after a rest; default: the limit. */
  readonly burst?: number | undefined
}

/** One of several limits of a key. */
export interface NamedLimitOptions extends LimitOptions {
  /** Letters, digits and `. _ -`; default: the limiter's name, with a number. */
  readonly name?: string | undefined
}

interface CommonOptions {
  /**
   * The name that tells this limiter from others of the cache, in the store and in headers: letters, digits and `. _
   * -`. Limiters of the same name and windows count together, also across processes.
   */
  readonly name: string
  /**
   * The answer while the store is unavailable, or has no room for another key. `'memory'` (default): limit in this
   * process alone, which admits the limit once for each process, and once for all keys without room. `'allow'`,
   * `'deny'`: admit or refuse all.
   */
  readonly whenUnavailable?: 'allow' | 'deny' | 'memory' | undefined
  /**
   * The longest time for which this process refuses a key without a question to the store, once the store has refused
   * it. It applies only to stores that processes share. `false`: never. Default 10 seconds. A `reset` by another
   * process may be noticed that late.
   */
  readonly blockList?: Duration | false | undefined
  /**
   * The time for which a refusal blocks the key, in all processes. The counts begin anew after it. Default: a refused
   * request changes nothing.
   */
  readonly blockFor?: Duration | undefined
  /** The logger that is told when the store becomes unavailable and when it is back. Default: that of the cache. */
  readonly logger?: Logger | undefined
}

/** Options of a rate limiter: one limit, or several of which all must admit. */
export type RateLimiterOptions = CommonOptions &
  ((LimitOptions & { readonly limits?: undefined }) | { readonly limits: readonly NamedLimitOptions[] })

/** Options after validation. */
export interface LimiterSettings {
  readonly name: string
  readonly names: readonly string[]
  readonly rules: readonly LimitRule[]
  readonly whenUnavailable: 'allow' | 'deny' | 'memory'
  /** 0 = there is no block list. */
  readonly blockListMs: number
  /** `undefined` = a refusal does not block. */
  readonly blockMs: number | undefined
  readonly logger: Logger
}

const ALGORITHMS: readonly LimitAlgorithm[] = ['gcra', 'sliding-window', 'fixed-window']
const LIMIT = ['algorithm', 'limit', 'window', 'burst']
const COMMON = ['name', 'whenUnavailable', 'blockList', 'blockFor', 'logger']
const MAX_LIMITS = 16

/** Validates the options. The default logger is that of the cache. @throws OptionsError that names the wrong option. */
export function limiterSettings(
  options: RateLimiterOptions,
  loggerOfCache: Logger = consoleLogger,
): LimiterSettings {
  checkReadable(options, 'RateLimiter')
  const several = options.limits !== undefined
  checkOptions(options, [...COMMON, 'limits', ...(several ? [] : LIMIT)], 'RateLimiter')
  const { whenUnavailable = 'memory', blockList = 10, blockFor, logger = loggerOfCache } = options
  const name = checkName(options.name, 'RateLimiter: name')
  checkChoice(whenUnavailable, ['allow', 'deny', 'memory'], 'RateLimiter: whenUnavailable')
  checkMethods(logger, ['warn', 'error'], 'RateLimiter: logger')
  const blockListMs = blockList === false ? 0 : spanMs(blockList, 'RateLimiter: blockList', logger)
  const limits = limitsOf(options)
  const names = limits.map((limit, index) =>
    limit.name === undefined
      ? several
        ? `${name}-${index + 1}`
        : name
      : checkName(limit.name, 'limits: name'),
  )
  if (new Set(names).size < names.length)
    throw new OptionsError(`RateLimiter: limits: two of them have the same name: ${names.join(', ')}`)
  return {
    name,
    names,
    rules: limits.map((limit) => ruleOf(limit, logger)),
    whenUnavailable,
    blockListMs,
    blockMs: blockFor === undefined ? undefined : spanMs(blockFor, 'RateLimiter: blockFor', logger),
    logger,
  }
}

/**
 * Returns the name that tells states of different rules apart in the store. Limiters whose windows differ count apart,
 * so that two releases with different windows do not spoil each other's states. A changed limit takes over the counts.
 */
export function stateKind(name: string, rules: readonly LimitRule[]): string {
  return `limit:${name}:${rules.map(({ algorithm, windowMs }) => `${algorithm[0]}${windowMs}`).join('-')}`
}

function limitsOf(options: RateLimiterOptions): readonly NamedLimitOptions[] {
  const { limits } = options
  if (limits === undefined) {
    const { limit, window } = options
    const { algorithm, burst } = options
    return [
      { limit, window, ...(algorithm !== undefined && { algorithm }), ...(burst !== undefined && { burst }) },
    ]
  }
  const list = isList(limits) ? reading('RateLimiter: limits', () => [...limits]) : []
  if (list.length === 0 || list.length > MAX_LIMITS)
    throw new OptionsError(
      `RateLimiter: limits: ${inspect(limits)} is not a list of 1 to ${MAX_LIMITS} limits`,
    )
  for (const limit of list) {
    checkReadable(limit, 'RateLimiter: limits')
    checkOptions(limit, [...LIMIT, 'name'], 'RateLimiter: limits')
  }
  return list
}

function ruleOf({ algorithm = 'gcra', limit, window, burst }: LimitOptions, logger: Logger): LimitRule {
  checkChoice(algorithm, ALGORITHMS, 'RateLimiter: algorithm')
  checkQuantity(limit, 'RateLimiter: limit')
  const windowMs = spanMs(window, 'RateLimiter: window', logger)
  if (burst !== undefined) {
    checkQuantity(burst, 'RateLimiter: burst')
    if (algorithm !== 'gcra')
      throw new OptionsError(`RateLimiter: burst: ${burst}: ${algorithm} has none, only gcra does`)
  }
  const room = Math.max(limit, burst ?? 1) * windowMs
  if (algorithm === 'gcra' && !(room <= Number.MAX_SAFE_INTEGER / 2))
    throw new OptionsError(
      `RateLimiter: ${Math.max(limit, burst ?? 1)} in ${windowMs} ms is too much for gcra to count exactly; ` +
        'take a shorter window or a smaller limit',
    )
  return { algorithm, limit, windowMs, burst: burst ?? limit }
}

/** Refuses any value but a whole number from 1. @throws OptionsError */
export function checkQuantity(value: unknown, option: string): asserts value is number {
  wholeNumber(value, option)
}

/**
 * Returns a duration in whole milliseconds, at least one. @throws OptionsError for a date, and for a value that is no
 * duration.
 */
export function spanMs(value: Duration, option: string, logger: Logger): number {
  if (isInstant(value))
    throw new OptionsError(`${option}: a span such as '1m' is needed, not the date ${inspect(value)}`)
  const ms = Math.ceil(durationMs(value, option, { wallNow: () => 0 }, doubtsOf(logger)))
  if (Number.isSafeInteger(ms)) return ms
  throw new OptionsError(`${option}: ${inspect(value)} has no end`)
}

/** Returns the name of a limiter. @throws OptionsError for anything that is none. */
export function checkName(name: unknown, option: string): string {
  if (typeof name === 'string' && /^[\w.-]{1,64}$/.test(name)) return name
  throw new OptionsError(`${option}: ${inspect(name)} is not a name of 1 to 64 letters, digits and . _ -`)
}
