import {
  HttpException,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common'
import { tap, type Observable } from 'rxjs'
import type { BaseCache } from '../../cache/base-cache.ts'
import { textOf } from '../../memoize/cached.ts'
import { methodDecorator, type Method } from '../../memoize/method.ts'
import type { MethodDecoratorOf } from '../../memoize/method-types.ts'
import { checkFunction } from '../../options/checks.ts'
import { limiterSettings, type LimitOptions, type RateLimiterOptions } from '../../ratelimit/options.ts'
import { RateLimiter } from '../../ratelimit/rate-limiter.ts'
import type { RateLimitResult } from '../../core/limit-result.ts'
import { textKey } from '../shared/text-key.ts'
import { setHeader } from './http.ts'
import { injecting, type UsedCache } from './injected.ts'

/** Options of {@link RateLimit}: those of a `RateLimiter`, and the key. */
export interface RateLimitOptions<Args extends readonly unknown[], Text extends string>
  extends UsedCache, LimitOptions, Pick<RateLimiterOptions, 'whenUnavailable' | 'blockList'> {
  /**
   * A template such as `{0}` or `{this.tenant}:{0.id}`, or a function of the arguments. Each key has a limit of its own;
   * default: all calls of the method share one.
   */
  readonly key?: Text | ((...args: Args) => string) | undefined
  /** See `RateLimiter`; default: the names of the class and the method. */
  readonly name?: string | undefined
}

/** The error of a refused call: status 429, with `Retry-After` as the answer of a controller. */
export class RateLimitException extends HttpException {
  /** The answer of the limiter. */
  readonly result: RateLimitResult
  /** The extensions of the error of a GraphQL resolver. */
  readonly extensions: { readonly code: string; readonly retryAfterMs: number }

  /** Takes the answer of the limiter. */
  constructor(result: RateLimitResult) {
    super('Too Many Requests', 429)
    this.result = result
    this.extensions = { code: 'TOO_MANY_REQUESTS', retryAfterMs: result.retryAfterMs }
  }
}

/**
 * Limits how often a method of a provider or controller is called.
 *
 * ```ts no-check
 * @RateLimit({ limit: 5, window: '1m', key: '{0}' })
 * async login(@Ip() ip: string): Promise<Session> { ... }
 * ```
 * A refused call throws a {@link RateLimitException}.
 * @throws OptionsError for wrong options, or if it decorates anything but a method.
 */
export function RateLimit<Args extends readonly unknown[], Text extends string>(
  options: RateLimitOptions<Args, Text>,
): MethodDecoratorOf<object, Args, Text> {
  return injecting('RateLimit', options, ({ key, ...rest }, cacheOf) => {
    if (key !== undefined && typeof key !== 'string') checkFunction(key, 'RateLimit: key')
    const keyOf = typeof key === 'string' ? textOf(key, 'RateLimit: key') : (key as Method | undefined)
    // Refuses wrong options where they are written.
    limiterSettings({ name: 'method', ...rest } as RateLimiterOptions)
    return (target, name, descriptor) => {
      const limiter = limiterFor({ name: nameOf(target, name), ...rest } as RateLimiterOptions)
      const decorate = methodDecorator('RateLimit', (method) => {
        return async function (this: unknown, ...args) {
          const cache = cacheOf(this)
          const key = keyOf === undefined ? 'all' : (keyOf.apply(this, args) as string)
          const result = await (cache && limiter(cache).consume(typeof key === 'string' ? textKey(key) : key))
          if (result?.allowed === false) throw new RateLimitException(result)
          return method.apply(this, args)
        }
      })
      const decorated = decorate(target, name, descriptor)
      if (typeof descriptor === 'object')
        UseInterceptors(retryAfter)(
          target as object,
          name as string,
          decorated as TypedPropertyDescriptor<unknown>,
        )
      return decorated
    }
  })
}

function limiterFor(options: RateLimiterOptions): (cache: BaseCache) => RateLimiter {
  const limiters = new WeakMap<BaseCache, RateLimiter>()
  return (cache) => {
    const limiter = limiters.get(cache) ?? new RateLimiter(cache, options)
    limiters.set(cache, limiter)
    return limiter
  }
}

function nameOf(target: unknown, method: unknown): string {
  const { name } = (typeof target === 'function' ? target : Object(target).constructor) as { name: string }
  return `${name}.${String(method)}`.replaceAll(/[^\w.-]/g, '_').slice(-64)
}

/** Adds `Retry-After` to the answer that a refused call of a controller makes. */
const retryAfter: NestInterceptor = {
  intercept: (context: ExecutionContext, next: CallHandler): Observable<unknown> =>
    next.handle().pipe(
      tap({
        error: (error: unknown) => {
          if (!(error instanceof RateLimitException) || context.getType() !== 'http') return
          const { retryAfterMs } = error.result
          if (retryAfterMs < Infinity) setHeader(context, 'Retry-After', Math.ceil(retryAfterMs / 1000))
        },
      }),
    ),
}
