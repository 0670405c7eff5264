import { ipKey } from '../../ratelimit/ip-key.ts'
import type { RateLimiter } from '../../ratelimit/rate-limiter.ts'
import { decider, REFUSAL, type RateLimitOptions } from '../rate-limit/middleware.ts'

/** A request of Express, as far as it is read. */
export interface RequestLike {
  /** The address of the client, by the setting `trust proxy`. */
  readonly ip?: string | undefined
}

/** A response of Express, as far as it is used. */
export interface ResponseLike {
  /** The status of the response. */
  statusCode: number
  /** Sets a header. */
  setHeader(name: string, value: string): unknown
  /** Ends the response. */
  end(body: string): unknown
}

/**
 * Returns middleware for Express 4 and 5 that answers 429 for requests that the limiter refuses, and sets `RateLimit`,
 * `RateLimit-Policy` and `Retry-After`. By default the key is the client's address, see `ipKey`.
 * @throws OptionsError for wrong arguments.
 */
export function rateLimit<Request extends RequestLike>(
  limiter: RateLimiter,
  options: RateLimitOptions<Request> = {},
): (request: Request, response: ResponseLike, next: (error?: unknown) => void) => Promise<void> {
  const decide = decider<Request>(limiter, options, ({ ip }) => ipKey(ip))
  return async (request, response, next) => {
    try {
      const decision = await decide(request)
      if (decision !== undefined) {
        for (const [name, value] of Object.entries(decision.headers)) response.setHeader(name, value)
        if (!decision.result.allowed) {
          response.statusCode = 429
          response.setHeader('Content-Type', 'text/plain; charset=utf-8')
          response.end(REFUSAL)
          return
        }
      }
    } catch (error) {
      next(error)
      return
    }
    next()
  }
}
