import type { BaseCache } from '../../cache/base-cache.ts'
import type { WaitUntil } from '../../core/background.ts'
import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { checkFunction, checkReadable } from '../../options/checks.ts'
import type { Duration } from '../../options/durations.ts'
import { checkChoice, checkOptions } from '../../options/options.ts'
import { spanMs, wholeNumber } from '../../options/spans.ts'
import { runtimeOf } from '../shared/check-cache.ts'
import type { Head } from './stored-response.ts'

/** A header that names the tags of a response. */
export type TagHeader = 'Cache-Tag' | 'Surrogate-Key'

/** Options of a response cache. */
export interface ResponseCacheOptions {
  /** The namespace of the entries; default `'http'`. */
  readonly namespace?: string | undefined
  /** The name of this cache in `Cache-Status`; default `'Cachette'`. */
  readonly name?: string | undefined
  /**
   * The time for which a response is fresh that says nothing of caches, with status 200, 203, 300, 301 or 308; default
   * none, so that it is not stored.
   */
  readonly ttl?: Duration | undefined
  /** The `stale-while-revalidate` of responses that do not name it; default `false`, none. */
  readonly staleWhileRevalidate?: Duration | false | undefined
  /** The `stale-if-error` of responses that do not name it; default `false`, none. */
  readonly staleIfError?: Duration | false | undefined
  /**
   * The time for which a stale response with an `ETag` or `Last-Modified` of its handler is kept, to be validated;
   * default 1 hour. `false`: not at all.
   */
  readonly revalidateWithin?: Duration | false | undefined
  /**
   * Whether requests with a `Cookie` share responses that do not say `public`, for services whose pages do not depend on
   * cookies. Default `false`.
   */
  readonly ignoreCookies?: boolean | undefined
  /** Whether `Cache-Control` of requests is ignored, so that no client can force the handler to run. Default `false`. */
  readonly ignoreRequestDirectives?: boolean | undefined
  /** The most bytes of a body that is stored; default 1 MiB. */
  readonly maxBodyBytes?: number | undefined
  /** The most responses that are kept of a URL, besides the first, if they differ by `Vary`; default 32. */
  readonly maxVariants?: number | undefined
  /** Returns tags of a response, in addition to those that its headers `Cache-Tag` and `Surrogate-Key` name. */
  readonly tags?: ((request: Request, response: Head) => readonly string[]) | undefined
  /** The header in which clients, such as a CDN, are told the tags; default `false`: they are not told. */
  readonly sendTags?: TagHeader | false | undefined
  /** Returns the text that names the resource of a request; default: the URL without its fragment. */
  readonly key?: ((request: Request) => string) | undefined
  /** Whether the cache has nothing to do with a request. */
  readonly skip?: ((request: Request) => boolean) | undefined
  /**
   * The longest time for which a request waits for the load of another one, before it calls its handler itself; default
   * 10 seconds.
   */
  readonly wait?: Duration | undefined
  /** Keeps the host alive until background work has ended; default: the option of the cache. */
  readonly waitUntil?: WaitUntil | undefined
}

/** Options after validation. */
export interface HttpSettings {
  readonly namespace: string
  readonly name: string
  readonly ttlMs: number | undefined
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  readonly revalidateWithinMs: number
  readonly ignoreCookies: boolean
  readonly ignoreRequestDirectives: boolean
  readonly maxBodyBytes: number
  readonly maxVariants: number
  readonly tags: ResponseCacheOptions['tags']
  readonly sendTags: TagHeader | false
  readonly key: ResponseCacheOptions['key']
  readonly skip: ResponseCacheOptions['skip']
  readonly waitMs: number
  readonly waitUntil: WaitUntil | undefined
}

/** The names of {@link ResponseCacheOptions}. */
export const RESPONSE_CACHE_OPTIONS: readonly (keyof ResponseCacheOptions)[] = [
  'namespace',
  'name',
  'ttl',
  'staleWhileRevalidate',
  'staleIfError',
  'revalidateWithin',
  'ignoreCookies',
  'ignoreRequestDirectives',
  'maxBodyBytes',
  'maxVariants',
  'tags',
  'sendTags',
  'key',
  'skip',
  'wait',
  'waitUntil',
]

const FUNCTIONS = ['tags', 'key', 'skip', 'waitUntil'] as const

/** Validates a cache and options. @throws OptionsError */
export function settingsOf(cache: unknown, options: ResponseCacheOptions, where: string): HttpSettings {
  runtimeOf(cache, `${where}: cache`)
  checkReadable(options, where)
  checkOptions(options, RESPONSE_CACHE_OPTIONS, where)
  for (const name of FUNCTIONS)
    if (options[name] !== undefined) checkFunction(options[name], `${where}: ${name}`)
  const { namespace = 'http', name = 'Cachette', ttl, sendTags = false } = options
  const { ignoreCookies = false, ignoreRequestDirectives = false } = options
  checkChoice(sendTags, ['Cache-Tag', 'Surrogate-Key', false], `${where}: sendTags`)
  checkChoice(ignoreCookies, [true, false], `${where}: ignoreCookies`)
  checkChoice(ignoreRequestDirectives, [true, false], `${where}: ignoreRequestDirectives`)
  if (typeof name !== 'string' || !/^[ -~]+$/.test(name))
    throw new OptionsError(`${where}: name: ${inspect(name)} is not printable ASCII text`)
  if (typeof namespace !== 'string')
    throw new OptionsError(`${where}: namespace: ${inspect(namespace)} is not text`)
  const span = (option: Duration | false | undefined, name: string, otherwise: Duration | false): number => {
    const value = option ?? otherwise
    return value === false ? 0 : spanMs(value, `${where}: ${name}`)
  }
  return {
    namespace,
    name: /^[A-Za-z*][\w!#$%&'*+.^`|~:/-]*$/.test(name) ? name : `"${name.replaceAll(/["\\]/g, '\\$&')}"`,
    ttlMs: ttl === undefined ? undefined : span(ttl, 'ttl', false),
    staleWhileRevalidateMs: span(options.staleWhileRevalidate, 'staleWhileRevalidate', false),
    staleIfErrorMs: span(options.staleIfError, 'staleIfError', false),
    revalidateWithinMs: span(options.revalidateWithin, 'revalidateWithin', '1h'),
    ignoreCookies,
    ignoreRequestDirectives,
    maxBodyBytes: wholeNumber(options.maxBodyBytes ?? 1_048_576, `${where}: maxBodyBytes`, 0),
    maxVariants: wholeNumber(options.maxVariants ?? 32, `${where}: maxVariants`, 0),
    tags: options.tags,
    sendTags,
    key: options.key,
    skip: options.skip,
    waitMs: span(options.wait, 'wait', '10s'),
    waitUntil: options.waitUntil,
  }
}

/** The cache of the responses, with the defaults that they are loaded with, whatever the user's own are. */
export function spaceOf(cache: BaseCache, { namespace, waitMs }: HttpSettings): BaseCache {
  return cache.namespace(namespace, {
    grace: false,
    softTimeout: false,
    hardTimeout: false,
    refreshAhead: false,
    loadErrorTtl: false,
    jitter: 0,
    maxConcurrentLoads: Infinity,
    leaseWait: { milliseconds: Math.max(1, waitMs) },
  })
}
