import { checkFunction, checkMethods, checkReadable, partOf, reading, unreadable } from './checks.ts'
import type { Clock, Random, Timers } from '../core/time/clock.ts'
import type { Duration } from './durations.ts'
import { DEFAULT_OPTIONS, type EntryOptions, type LoadOptions } from './entry-options.ts'
import { isRecord } from '../internal/objects.ts'
import { isCacheError, OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import type { Logger } from '../core/logging/logger.ts'
import type { Serializer } from '../core/serializer.ts'
import { longTimers } from '../core/time/long-timers.ts'
import { systemTimers } from '../core/time/system.ts'
import type { OnError } from '../core/logging/trouble.ts'

/** Options of every cache. Those of entries and loads are the defaults of all calls. */
export interface CacheOptions extends EntryOptions, LoadOptions {
  /** The name of the cache in logs and metrics; default `'cache'`. */
  readonly name?: string | undefined
  /** Text before every key in the store, without `{` or `}`; default none in memory. */
  readonly prefix?: string | undefined
  /** The time for which `close` waits for loads; default 5 s. Loads still under way then reject with ClosedError. */
  readonly closeTimeout?: Duration | undefined
  /** The logger; default `consoleLogger`, which writes warnings and errors, one line each. */
  readonly logger?: Logger | undefined
  /** The behaviour if the store fails. `'ignore'` (default): misses and `false`. `'throw'`: an error. */
  readonly onError?: OnError | undefined
  /** The source of time; default the system's. For tests: `FakeClock`. */
  readonly clock?: Clock | undefined
  /** The timers; default the system's, or `clock` if it has timers of its own, as a `FakeClock` does. */
  readonly timers?: Timers | undefined
  /** The source of jitter; default the system's. */
  readonly random?: Random | undefined
  /** The format of bytes in place of Cachette's own. The memory engine keeps values without bytes, by its own rules. */
  readonly serializer?: Serializer | undefined
}

/** Options of a namespace. An absent option is as in its parent. */
export interface NamespaceOptions extends EntryOptions, LoadOptions {
  /** The schema number in every key (`user:v2:5`), a whole number from 0. Raise it if values change their shape. */
  readonly keyVersion?: number | undefined
  /**
   * The way in which `clear()` works. `'generation'` (default): at once, at any size. The namespace ignores entries
   * that were written to its keys without it. `'physical'`: entries bear nothing of the namespace, so that other code
   * with the prefix may read and write them. `clear()` then scans all keys. Not possible within a `'generation'`.
   */
  readonly mode?: NamespaceMode | undefined
}

/** The way in which a namespace is cleared; see {@link NamespaceOptions}. */
export type NamespaceMode = 'generation' | 'physical'

/** Returns the timers of a clock, for delays of any length: those given, else the clock's own, else the system's. */
export function timersFor(options: Pick<CacheOptions, 'clock' | 'timers'>): Timers {
  const own: Partial<Clock & Timers> = options.timers ?? options.clock ?? {}
  return own.set !== undefined && own.clear !== undefined ? longTimers(own as Timers) : systemTimers
}

/** The names of {@link CacheOptions}, for engines that accept more options and check all. */
export const CACHE_OPTIONS: readonly (keyof CacheOptions)[] = [
  'name',
  'prefix',
  'logger',
  'onError',
  'closeTimeout',
  'clock',
  'timers',
  'random',
  'serializer',
  ...DEFAULT_OPTIONS,
]

// The places of options that had another name once.
const MOVED: Readonly<Record<string, readonly [option: string, place: string]>> = {
  policy: ['staleness', 'staleness: { policy }'],
  maxLag: ['staleness', 'staleness: { maxLag }'],
  maxStale: ['staleness', 'staleness: { maxStale }'],
  heartbeat: ['staleness', 'staleness: { heartbeat }'],
  outbox: ['outage', 'outage: { outbox }'],
  journal: ['outage', 'outage: { journal }'],
  cacheNull: ['negativeTtl', 'negativeTtl: false'],
  lockTimeout: ['leaseWait', 'leaseWait'],
}

/**
 * Refuses anything but an object with known options, because a mistyped option would otherwise be ignored silently. It
 * also checks `signal` and `after`, because every method takes them in the same way.
 * @throws OptionsError that names the option and the accepted ones.
 */
export function checkOptions(options: unknown, accepted: readonly string[], where: string): void {
  if (!isRecord(options)) {
    throw new OptionsError(`${where}: the options must be an object, not ${inspect(options)}`)
  }
  try {
    for (const name in options) {
      if (!accepted.includes(name)) {
        const [option = '', place] = MOVED[name] ?? []
        const isMoved = Object.hasOwn(MOVED, name) && accepted.includes(option)
        const hint = isMoved ? `it is now ${place}; ` : ''
        throw new OptionsError(
          `${where}: unknown option ${inspect(name)}; ${hint}accepted: ${accepted.join(', ')}`,
        )
      }
      if (name === 'signal') checkSignal(partOf(options, name, where), where)
      else if (name === 'after') checkToken(partOf(options, name, where), where)
    }
  } catch (error) {
    throw isCacheError(error) ? error : unreadable(`${where}: the options`, error)
  }
}

// A signal is recognised by its methods because it may come from another realm.
function checkSignal(signal: unknown, where: string): void {
  if (signal === undefined) return
  const { throwIfAborted, addEventListener } = reading(`${where}: signal`, () => {
    const { throwIfAborted: check, addEventListener: listen } = (signal ?? {}) as Partial<AbortSignal>
    return { throwIfAborted: check, addEventListener: listen }
  })
  if (typeof throwIfAborted === 'function' && typeof addEventListener === 'function') return
  throw new OptionsError(`${where}: signal: ${inspect(signal)} is not an AbortSignal`)
}

function checkToken(token: unknown, where: string): void {
  if (token === undefined || typeof token === 'string') return
  throw new OptionsError(`${where}: after: ${inspect(token)} is not a token`)
}

/** Refuses a value that is not among `accepted`. @throws OptionsError */
export function checkChoice(value: unknown, accepted: readonly unknown[], option: string): void {
  if (accepted.includes(value)) return
  throw new OptionsError(`${option}: ${inspect(value)} is not one of ${accepted.map(inspect).join(', ')}`)
}

/**
 * Validates the options of every cache, except the prefix and the defaults of calls, which are validated where they are
 * used.
 */
export function checkCacheOptions(options: CacheOptions): void {
  checkReadable(options, 'a cache')
  const { name = '', onError = 'ignore', random } = options
  if (typeof name !== 'string') throw new OptionsError(`name: ${inspect(name)} is not a string`)
  if (random !== undefined) checkFunction(random, 'random')
  checkChoice(onError, ['ignore', 'throw'], 'onError')
  if (options.serializer !== undefined) checkSerializer(options.serializer)
  const methods = { logger: ['warn', 'error'], clock: ['now', 'wallNow'], timers: ['set', 'clear'] } as const
  for (const option of ['logger', 'clock', 'timers'] as const) {
    if (options[option] !== undefined) checkMethods(options[option], methods[option], option)
  }
}

/** Refuses anything but a serializer with a name that fits into a frame. @throws OptionsError */
export function checkSerializer(serializer: Serializer): void {
  checkMethods(serializer, ['serialize', 'deserialize'], 'serializer')
  const name = partOf(serializer, 'name', 'serializer')
  if (typeof name !== 'string')
    throw new OptionsError(`serializer: its name ${inspect(name)} is not a string`)
  if (Buffer.byteLength(name) > 255) throw new OptionsError('serializer: its name has more than 255 bytes')
}
