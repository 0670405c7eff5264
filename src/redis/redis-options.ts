import { COHERENCE_OPTIONS, type CoherenceOptions } from '../coherence/options.ts'
import type { Duration } from '../options/durations.ts'
import { consoleLogger } from '../core/logging/logger.ts'
import { checkReadable } from '../options/checks.ts'
import { CACHE_OPTIONS, checkChoice, checkOptions, timersFor, type CacheOptions } from '../options/options.ts'
import { spanMs, wholeNumber } from '../options/spans.ts'
import { systemClock, systemRandom } from '../core/time/system.ts'
import type { ValueOptions } from '../serialization/json/rules.ts'
import type { WireFormatOptions } from '../serialization/wire/wire-format.ts'
import type { ClientSettings } from './libraries/adapt.ts'
import { CONNECTION_OPTIONS, type ConnectionOptions } from './connection/options.ts'

/** The deadlines of commands. */
export interface DeadlineOptions {
  readonly hard?: Duration | undefined
  readonly bytesPerSecond?: number | undefined
}

/** Options of a `RedisCache`, except those of its connection. */
export interface RedisCacheSettings
  extends CacheOptions, CoherenceOptions, ValueOptions, Omit<WireFormatOptions, 'serializer'> {
  /**
   * The text before each name on the server, without `{` or `}`; default `'cachette:'`. Without a prefix `clear()`
   * throws, unless `ownsDatabase` is set.
   */
  readonly prefix?: string | undefined
  /**
   * `hard`: the time after which a command has failed; default 500 ms. Commands with large values (64 KiB and more) get
   * more time, as do commands behind them: their bytes at `bytesPerSecond`, default 10,000,000.
   */
  readonly deadline?: DeadlineOptions | undefined
  /** Whether this cache alone uses the database, and may clear it without a prefix; default `false`. */
  readonly ownsDatabase?: boolean | undefined
  /**
   * The maximum number of entries in all logs that tell other processes of changes; default 100,000. A log has at most
   * 10,000. One server has a log of keys and one of tags. A cluster has one for each of its 256 partitions and one of
   * tags.
   */
  readonly logLimit?: number | undefined
  /** The way by which changes arrive sooner than with the heartbeat; default `'pubsub'`. */
  readonly bus?: 'pubsub' | 'none' | undefined
}

/** Options of a `RedisCache`. */
export interface RedisCacheOptions extends RedisCacheSettings, ConnectionOptions {}

/** The names of {@link RedisCacheOptions}. */
export const REDIS_CACHE_OPTIONS: readonly string[] = [
  ...CACHE_OPTIONS,
  ...COHERENCE_OPTIONS,
  ...CONNECTION_OPTIONS,
  'classes',
  'registry',
  'maxDepth',
  'maxCount',
  'compression',
  'encryption',
  'maxBytes',
  'deadline',
  'ownsDatabase',
  'bus',
  'logLimit',
]

/** The default prefix. */
export const DEFAULT_PREFIX = 'cachette:'

/** Returns the maximum number of entries in all logs. @throws OptionsError */
export function logLimitOf({ logLimit }: Pick<RedisCacheSettings, 'logLimit'>): number {
  return logLimit === undefined ? 100_000 : wholeNumber(logLimit, 'logLimit')
}

/** Returns the milliseconds that a command may take. @throws OptionsError */
export function hardDeadlineMs({
  deadline = {},
  logger,
}: Pick<RedisCacheSettings, 'deadline' | 'logger'>): number {
  checkReadable(deadline, 'deadline')
  checkOptions(deadline, ['hard', 'bytesPerSecond'], 'deadline')
  return deadline.hard === undefined ? 500 : spanMs(deadline.hard, 'deadline: hard', logger)
}

/** Returns the least throughput to expect of a line; `undefined` = the default. @throws OptionsError */
function bytesPerSecondOf({ deadline = {} }: Pick<RedisCacheSettings, 'deadline'>): number | undefined {
  const { bytesPerSecond } = deadline
  return bytesPerSecond === undefined ? undefined : wholeNumber(bytesPerSecond, 'deadline: bytesPerSecond')
}

/** Validates the options, except those that are validated where they are used. @throws OptionsError */
export function checkRedisOptions(options: RedisCacheOptions, where: string): void {
  checkReadable(options, where)
  checkOptions(options, REDIS_CACHE_OPTIONS, where)
  checkChoice(options.bus ?? 'pubsub', ['pubsub', 'none'], 'bus')
  logLimitOf(options)
  checkChoice(options.ownsDatabase ?? false, [true, false], 'ownsDatabase')
}

/** Returns the settings for a client. */
export function clientSettings(options: RedisCacheSettings): ClientSettings {
  const { clock = systemClock, random = systemRandom, logger = consoleLogger, name = 'cache' } = options
  const hardMs = hardDeadlineMs(options)
  const bytesPerSecond = bytesPerSecondOf(options)
  return { clock, random, logger, name, timers: timersFor(options), hardMs, bytesPerSecond }
}
