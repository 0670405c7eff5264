import { COHERENCE_OPTIONS, type CoherenceOptions } from '../coherence/options.ts'
import type { Duration } from '../options/durations.ts'
import { consoleLogger } from '../core/logging/logger.ts'
import { CACHE_OPTIONS, checkChoice, checkOptions, timersFor, type CacheOptions } from '../options/options.ts'
import { spanMs, wholeNumber } from '../options/spans.ts'
import { systemClock, systemRandom } from '../core/time/system.ts'
import type { ValueOptions } from '../serialization/json/rules.ts'
import type { WireFormatOptions } from '../serialization/wire/wire-format.ts'
import type { ClientSettings } from './libraries/adapt.ts'
import { CONNECTION_OPTIONS, type ConnectionOptions } from './connection/options.ts'

/** How long commands may take. */
export interface DeadlineOptions {
  readonly hard?: Duration | undefined
  readonly bytesPerSecond?: number | undefined
}

/** Options of a `RedisCache`, but for those of its connection. */
export interface RedisCacheSettings
  extends CacheOptions, CoherenceOptions, ValueOptions, Omit<WireFormatOptions, 'serializer'> {
  /**
   * Text before the name of everything that is kept on the server, without `{` or `}`; default `'cachette:'`. Without
   * any, `clear()` throws, unless `ownsDatabase` is set.
   */
  readonly prefix?: string
  /**
   * `hard`: how long a command may take before it has failed; default 500 ms. Commands with large values (64 KiB and
   * more), and those that wait behind them, may take longer: by their bytes at `bytesPerSecond`, default 10,000,000.
   */
  readonly deadline?: DeadlineOptions | undefined
  /** Whether nobody else uses the database, so that a cache without a prefix may be cleared; default `false`. */
  readonly ownsDatabase?: boolean | undefined
  /**
   * The most entries of the logs that tell other processes of changes, all of them together; default 100,000. A log has at
   * most 10,000: one server has a log of keys and one of tags, a cluster one for each of its 256 partitions and one of tags.
   */
  readonly logLimit?: number | undefined
  /** Whether changes are heard of by pub/sub, sooner than by the heartbeat; default `'pubsub'`. */
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

/** What everything is kept under, unless told otherwise. */
export const DEFAULT_PREFIX = 'cachette:'

/** The most entries of all logs together. @throws OptionsError */
export function logLimitOf({ logLimit }: Pick<RedisCacheSettings, 'logLimit'>): number {
  return logLimit === undefined ? 100_000 : wholeNumber(logLimit, 'logLimit')
}

/** Milliseconds that a command may take. @throws OptionsError */
export function hardDeadlineMs({ deadline = {} }: Pick<RedisCacheSettings, 'deadline'>): number {
  checkOptions(deadline, ['hard', 'bytesPerSecond'], 'deadline')
  return deadline.hard === undefined ? 500 : spanMs(deadline.hard, 'deadline: hard')
}

/** What lines carry at least; `undefined` = the default. @throws OptionsError */
function bytesPerSecondOf({ deadline = {} }: Pick<RedisCacheSettings, 'deadline'>): number | undefined {
  const { bytesPerSecond } = deadline
  return bytesPerSecond === undefined ? undefined : wholeNumber(bytesPerSecond, 'deadline: bytesPerSecond')
}

/** Refuses what is of no accepted form, but for what is looked at where it is used. @throws OptionsError */
export function checkRedisOptions(options: RedisCacheOptions, where: string): void {
  checkOptions(options, REDIS_CACHE_OPTIONS, where)
  checkChoice(options.bus ?? 'pubsub', ['pubsub', 'none'], 'bus')
  logLimitOf(options)
  checkChoice(options.ownsDatabase ?? false, [true, false], 'ownsDatabase')
}

/** What a client works with. */
export function clientSettings(options: RedisCacheSettings): ClientSettings {
  const { clock = systemClock, random = systemRandom, logger = consoleLogger, name = 'cache' } = options
  const hardMs = hardDeadlineMs(options)
  const bytesPerSecond = bytesPerSecondOf(options)
  return { clock, random, logger, name, timers: timersFor(options), hardMs, bytesPerSecond }
}
