import {
  Inject,
  Injectable,
  StreamableFile,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common'
import {
  from,
  lastValueFrom,
  Observable,
  of,
  ReplaySubject,
  Subject,
  take,
  toArray,
  type Observer,
} from 'rxjs'
import { isCacheError } from '../../core/errors.ts'
import type { MaybePromise } from '../../core/promise.ts'
import { keyFor, ttlOption, type Cache } from './cache-manager.ts'
import { requestOf, setHeader, statusOf } from './http.ts'
import { CACHE_KEY_METADATA, CACHE_MANAGER, CACHE_TTL_METADATA } from './tokens.ts'

type Computed = (context: ExecutionContext) => unknown

// The value of the enum `PatternHandler` of `@nestjs/microservices`.
const EVENT_HANDLER = 2

/**
 * Keeps the answers of GET methods by their URL, or by `@CacheKey`, for as long as `@CacheTTL` says. Of GraphQL and
 * microservices it keeps the answers of queries and messages with a `@CacheKey`. It takes the place of the class of that
 * name in `@nestjs/cache-manager`, and reads the same metadata. Concurrent requests for one key call the method once. No
 * limit of the cache for loads ends a request.
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
    let own: Observable<unknown> | undefined
    const load = this.cacheManager.cache.getOrSet(keyFor(key), async ({ setTtl, doNotStore }) => {
      setHeader(context, 'X-Cache', 'MISS')
      const status = statusOf(context)
      const { answers, firstTwo } = started(answersOf(context, next))
      own = answers
      const { length, 0: value } = await firstTwo
      // The status is no part of what is kept.
      if (length > 1 || isReadOnce(value) || statusOf(context) !== status) return undefined
      const options = ttlOption(typeof ttl === 'function' ? await (ttl as Computed)(context) : ttl)
      if (options === undefined) doNotStore()
      else if (options.ttl !== undefined) setTtl(options.ttl)
      return value
    })
    const kept = await load.catch((error: unknown) => {
      if (own === undefined && !isCacheError(error)) throw error
      return undefined
    })
    if (own !== undefined) return own
    // The request whose answer it waited for had none that can be shared, or the cache failed.
    setHeader(context, 'X-Cache', kept === undefined ? 'MISS' : 'HIT')
    return kept === undefined ? next.handle() : of(kept)
  }

  /**
   * Returns the key of a request, or nothing if its answer is not kept; to be overridden. Requests with `Authorization` or
   * `Cookie` have no key of their own, because the answer may be for one user only.
   */
  protected trackBy(context: ExecutionContext): MaybePromise<string | null | undefined> {
    const given = metadataOf(CACHE_KEY_METADATA, context.getHandler())
    if (given !== undefined) return (typeof given === 'function' ? given(context) : given) as string
    if (context.getType() !== 'http') return undefined
    const { originalUrl, url, headers = {} } = requestOf(context)
    if (['authorization', 'cookie'].some((name) => headers[name] !== undefined)) return undefined
    return routeOf(context) + (originalUrl ?? url)
  }

  /** Whether the answer may be kept at all. A mutation, a subscription and an event are for each request. */
  protected isRequestCacheable(context: ExecutionContext): boolean {
    const type = context.getType<string>()
    if (type === 'http') return this.allowedMethods.includes(requestOf(context).method ?? '')
    if (type === 'graphql') return operationOf(context) === 'query'
    return metadataOf('microservices:handler_type', context.getHandler()) !== EVENT_HANDLER
  }
}

Injectable()(CacheInterceptor)
Inject(CACHE_MANAGER)(CacheInterceptor, undefined, 0)

/** Returns the parts of a route that are not in its URL: a host with parameters, and versions that a header tells. */
function routeOf(context: ExecutionContext): string {
  const { hostname = '', route, routeOptions } = requestOf(context)
  const [method, controller] = [context.getHandler(), context.getClass()]
  const host = metadataOf('host', controller) === undefined ? '' : `//${hostname}`
  const version = metadataOf('__version__', method) ?? metadataOf('__version__', controller)
  const versions = [version].flat().filter((one) => typeof one === 'string')
  const parts = String(route?.path ?? routeOptions?.url).split('/')
  const isInUrl = versions.some((one) => parts.some((part) => part.endsWith(one)))
  return versions.length === 0 || isInUrl ? host : `${versions.join()} ${host}`
}

/** Returns the answers of the method, of which HTTP and GraphQL take the last. */
function answersOf(context: ExecutionContext, next: CallHandler): Observable<unknown> {
  const isStream = ['rpc', 'ws'].includes(context.getType<string>())
  return isStream ? next.handle() : from(lastValueFrom(next.handle(), { defaultValue: undefined }))
}

interface Started {
  /** All answers, for one subscriber. */
  readonly answers: Observable<unknown>
  /** Its first two answers, or fewer. */
  readonly firstTwo: Promise<readonly unknown[]>
}

/** Calls the method at once. A stream without end is not gathered once it has its subscriber. */
function started(source: Observable<unknown>): Started {
  const all = new Subject<unknown>()
  const early = new ReplaySubject<unknown>()
  let target: Observer<unknown> = early
  const firstTwo = lastValueFrom(all.pipe(take(2), toArray()))
  all.subscribe({
    next: (value) => target.next(value),
    error: (error) => target.error(error),
    complete: () => target.complete(),
  })
  const running = source.subscribe(all)
  const end = (): void => running.unsubscribe()
  const answers = new Observable((subscriber) => {
    early.subscribe(subscriber)
    target = subscriber
    // A subscriber that leaves does not end a load that others wait for.
    return () => void firstTwo.then(end, end)
  })
  return { answers, firstTwo }
}

/** Returns the kind of the operation of GraphQL: its facts are the last argument of each resolver. */
function operationOf(context: ExecutionContext): string | undefined {
  const facts = context.getArgs().at(-1) as
    | { readonly operation?: { readonly operation?: string } }
    | undefined
  return facts?.operation?.operation
}

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
