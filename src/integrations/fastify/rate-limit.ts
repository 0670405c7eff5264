import { ipKey } from '../../ratelimit/ip-key.ts'
import type { RateLimiter } from '../../ratelimit/rate-limiter.ts'
import { decider, REFUSAL, type RateLimitOptions } from '../rate-limit/middleware.ts'

/** A request of Fastify, as far as it is read. */
export interface RequestLike {
  /** The address of the client, by the setting `trustProxy`. */
  readonly ip: string
}

/** A reply of Fastify, as far as it is used. */
export interface ReplyLike {
  /** Sets a header. */
  header(name: string, value: string): unknown
  /** Sets the status. */
  code(status: number): unknown
  /** Ends the request. */
  send(body: unknown): unknown
}

/**
 * Returns a hook for Fastify 5 (`onRequest` or `preHandler`) that answers 429 for requests that the limiter refuses,
 * and sets `RateLimit`, `RateLimit-Policy` and `Retry-After`. By default the key is the client's address, see `ipKey`.
 * @throws OptionsError for wrong arguments.
 */
export function rateLimit<Request extends RequestLike>(
  limiter: RateLimiter,
  options: RateLimitOptions<Request> = {},
): (request: Request, reply: ReplyLike) => Promise<void> {
  const decide = decider<Request>(limiter, options, ({ ip }) => ipKey(ip))
  return async (request, reply) => {
    const decision = await decide(request)
    if (decision === undefined) return
    for (const [name, value] of Object.entries(decision.headers)) reply.header(name, value)
    if (decision.result.allowed) return
    reply.code(429)
    await reply.send({ statusCode: 429, error: 'Too Many Requests', message: REFUSAL })
  }
}
