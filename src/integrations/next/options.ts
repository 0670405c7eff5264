import type { BaseCache } from '../../cache/base-cache.ts'
import {
  checkCreateOptions,
  CREATE_OPTIONS,
  createCache,
  type CreateCacheOptions,
} from '../../create-cache.ts'
import { OptionsError } from '../../core/errors.ts'
import { consoleLogger } from '../../core/logging/logger.ts'
import type { Duration } from '../../options/durations.ts'
import { checkOptions } from '../../options/options.ts'
import { spanMs } from '../../options/spans.ts'
import { outside } from './outside.ts'
import { TaggedEntries } from './tagged-entries.ts'

/** Options of both handlers. Without `cache` they are those of `createCache`. */
export interface NextHandlerOptions extends CreateCacheOptions {
  /**
   * The cache to use. Default: one cache for each process, server and prefix, made with the other options by
   * `createCache`, which reads `CACHE_URL`, `REDIS_URL` or `VALKEY_URL`.
   */
  readonly cache?: BaseCache | undefined
  /** The longest life of an entry, because Next.js has no limit of its own; default 30 days. */
  readonly maxTtl?: Duration | undefined
}

/** The names of {@link NextHandlerOptions}. */
export const NEXT_OPTIONS: readonly string[] = ['cache', 'maxTtl', ...CREATE_OPTIONS]

const DEFAULT_PREFIX = 'next:'
const LONGEST: Duration = '30d'
/** The entries of this process, for all copies of the files and the package that Next.js loads. */
const SHARED = Symbol.for('cachette.next')

interface Shared {
  readonly byCache: WeakMap<BaseCache, TaggedEntries>
  readonly byPlace: Map<string, Promise<TaggedEntries | undefined>>
}

/** Opens the entries of a handler at its first use; `undefined` = the cache can't be made, which was logged. */
export type Opening = () => Promise<TaggedEntries | undefined>

/** Checks the options of a handler, and returns its entries. @throws OptionsError, KeyError for wrong options. */
export function entriesOf(options: NextHandlerOptions, where: string): Opening {
  const { cache, maxTtl = LONGEST, ...ofCache } = options
  const { logger = consoleLogger, prefix = DEFAULT_PREFIX, ttl = maxTtl } = ofCache
  const longestMs = spanMs(maxTtl, `${where}: maxTtl`, logger)
  const { byCache, byPlace } = shared()
  if (cache !== undefined) {
    const [other] = Object.keys(ofCache)
    if (other !== undefined)
      throw new OptionsError(`${where}: ${other}: an option of the cache, which is made already`)
    const known = byCache.get(cache) ?? new TaggedEntries(cache, longestMs)
    byCache.set(cache, known)
    return async () => known
  }
  checkCreateOptions(ofCache, where)
  const place = placeOf({ ...ofCache, prefix, longestMs })
  return async () => {
    let known = byPlace.get(place)
    if (known === undefined) {
      known = outside(() => createCache({ name: 'next', ...ofCache, ttl, prefix })).then(
        (made) => new TaggedEntries(made, longestMs),
        (error: unknown) => {
          logger.error({ err: error }, `${where}: the cache can't be made, so nothing is cached`)
          return undefined
        },
      )
      byPlace.set(place, known)
    }
    return known
  }
}

/** Refuses unknown options. @throws OptionsError that names the accepted ones. */
export function checkNextOptions(options: unknown, accepted: readonly string[], where: string): void {
  checkOptions(options, accepted, where)
}

function shared(): Shared {
  const process: { [SHARED]?: Shared } & object = globalThis
  return (process[SHARED] ??= { byCache: new WeakMap(), byPlace: new Map() })
}

// Files that Next.js loads twice make their options anew, so options are compared by content. Objects that are not
// plain, such as a client, are told apart by their number.
const numbers = new WeakMap<object, number>()
let last = 0

function placeOf(options: object): string {
  return JSON.stringify(options, (_, value: unknown) => {
    if (typeof value === 'function') return String(value)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return value
    if (!numbers.has(value)) numbers.set(value, ++last)
    return `object ${numbers.get(value)}`
  })
}
