import {
  Inject,
  Injectable,
  StreamableFile,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common'
import { from, lastValueFrom, of, type Observable } from 'rxjs'
import { isCacheError } from '../../core/errors.ts'
import type { MaybePromise } from '../../core/promise.ts'
import { keyFor, ttlOption, type Cache } from './cache-manager.ts'
import { requestOf, setHeader, statusOf } from './http.ts'
import { CACHE_KEY_METADATA, CACHE_MANAGER, CACHE_TTL_METADATA } from './tokens.ts'

type Computed = (context: ExecutionContext) => unknown

/**
 * Keeps the answers of GET methods by their URL, or by `@CacheKey`, for as long as `@CacheTTL` says. It takes the place
 * of the class of that name in `@nestjs/cache-manager`, and reads the same metadata. Concurrent requests for one key
 * call the method once. No limit of the cache for loads ends a request.
 */
export class CacheInterceptor implements NestInterceptor {
  /** The provider of `CACHE_MANAGER`. */
  protected readonly cacheManager: Cache
  /** The methods of HTTP whose answers are kept. */
  protected allowedMethods: readonly string[] = ['GET']

  /** Takes the provider of `CACHE_MANAGER`. */
  constructor(cacheManager: Cache) {
    this.cacheManager = cacheManager
  }

  /** Answers from the cache, or calls the method and keeps its answer. */
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const handler = context.getHandler()
    // A method with `@Sse` answers a stream of events.
    const isKept = this.isRequestCacheable(context) && metadataOf('__sse__', handler) === undefined
    const key = isKept ? await this.trackBy(context) : undefined
    if (typeof key !== 'string' || key === '') return next.handle()
    const ttl = metadataOf(CACHE_TTL_METADATA, handler) ?? metadataOf(CACHE_TTL_METADATA, context.getClass())
    let own: Promise<unknown> | undefined
    const load = this.cacheManager.cache.getOrSet(keyFor(key), async ({ setTtl, doNotStore }) => {
      setHeader(context, 'X-Cache', 'MISS')
      const status = statusOf(context)
      own = lastValueFrom(next.handle(), { defaultValue: undefined })
      const value = await own
      // The status is no part of what is kept.
      if (isReadOnce(value) || statusOf(context) !== status) return undefined
      const options = ttlOption(typeof ttl === 'function' ? await (ttl as Computed)(context) : ttl)
      if (options === undefined) doNotStore()
      else if (options.ttl !== undefined) setTtl(options.ttl)
      return value
    })
    const kept = await load.catch((error: unknown) => {
      if (own === undefined && !isCacheError(error)) throw error
      return undefined
    })
    if (own !== undefined) return from(own)
    // The request whose answer it waited for had none that can be shared, or the cache failed.
    setHeader(context, 'X-Cache', kept === undefined ? 'MISS' : 'HIT')
    return kept === undefined ? next.handle() : of(kept)
  }

  /**
   * Returns the key of a request, or nothing if its answer is not kept; to be overridden. Requests with `Authorization`
   * have no key of their own, because the answer may be for one user only.
   */
  protected trackBy(context: ExecutionContext): MaybePromise<string | null | undefined> {
    const given = metadataOf(CACHE_KEY_METADATA, context.getHandler())
    if (given !== undefined) return (typeof given === 'function' ? given(context) : given) as string
    if (context.getType() !== 'http') return undefined
    const { originalUrl, url, headers } = requestOf(context)
    return headers?.['authorization'] === undefined ? (originalUrl ?? url) : undefined
  }

  /** Whether the answer may be kept at all. */
  protected isRequestCacheable(context: ExecutionContext): boolean {
    return context.getType() !== 'http' || this.allowedMethods.includes(requestOf(context).method ?? '')
  }
}

Injectable()(CacheInterceptor)
Inject(CACHE_MANAGER)(CacheInterceptor, undefined, 0)

/** Whether only one request can answer with the value: a file or a stream. */
function isReadOnce(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (value instanceof StreamableFile || Symbol.asyncIterator in value) return true
  return ['pipe', 'getReader'].some((name) => typeof Reflect.get(value, name) === 'function')
}

function metadataOf(name: string, target: object): unknown {
  const { getMetadata } = Reflect as unknown as { getMetadata(name: string, target: object): unknown }
  return getMetadata(name, target)
}
