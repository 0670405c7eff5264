import type { RateLimiter } from '../../ratelimit/rate-limiter.ts'
import { decider, REFUSAL, type RateLimitOptions } from '../rate-limit/middleware.ts'

/** The context of Hono, as far as it is used. */
export interface ContextLike {
  /** The request. */
  readonly req: {
    /** The request as the runtime has it. */
    readonly raw: Request
    /** The path of its URL. */
    readonly path: string
    /** Returns a header. */
    header(name: string): string | undefined
  }
  /** Sets a header of the response. */
  header(name: string, value: string): void
  /** Makes a response of text. */
  text(text: string, status: 429): Response
}

/**
 * Returns middleware for Hono 4 that answers 429 for requests that the limiter refuses, and sets `RateLimit`,
 * `RateLimit-Policy` and `Retry-After`. The option `key` is required, because each runtime has an own way to the
 * client's address.
 * @throws OptionsError for wrong arguments.
 */
export function rateLimit<Context extends ContextLike>(
  limiter: RateLimiter,
  options: RateLimitOptions<Context> & { readonly key: NonNullable<RateLimitOptions<Context>['key']> },
): (context: Context, next: () => Promise<void>) => Promise<Response | undefined> {
  const decide = decider<Context>(limiter, options, undefined)
  return async (context, next) => {
    const decision = await decide(context)
    if (decision === undefined) {
      await next()
      return undefined
    }
    const tell = (): void => {
      for (const [name, value] of Object.entries(decision.headers)) context.header(name, value)
    }
    if (!decision.result.allowed) {
      tell()
      return context.text(REFUSAL, 429)
    }
    await next()
    // Afterwards, because a handler may answer a response of its own.
    tell()
    return undefined
  }
}
