import type { BaseCache } from '../../cache/base-cache.ts'
import { frontOf, noteFront } from '../http/front.ts'
import type { ResponseCacheOptions } from '../http/options.ts'
import { ResponseCache } from '../http/response-cache.ts'
import type { Handler } from '../http/visit.ts'

/** The context of Hono, as far as it is used. */
export interface CachedContextLike {
  /** The request. */
  readonly req: {
    /** The request as the runtime has it. */
    raw: Request
  }
  /** The response. */
  res: Response | undefined
  /** The bindings of the runtime. */
  readonly env: unknown
}

/** An application of Hono. */
export interface ApplicationLike {
  /** Answers a request. */
  fetch(request: Request, env?: never): Response | Promise<Response>
}

/** Options of {@link responseCache}. */
export interface HonoCacheOptions extends ResponseCacheOptions {
  /**
   * The application, by which stale responses are loaded anew in the background. Without it one of the callers waits for
   * the load, and the others get the stale response.
   */
  readonly app?: ApplicationLike | undefined
}

// The requests of refreshes in the background, which go to the handler.
const refreshes = new WeakSet<Request>()

/**
 * Returns middleware for Hono 4 that stores responses as their `Cache-Control` says (docs/http.md). Use it before
 * everything that makes the response.
 * @throws OptionsError for wrong arguments.
 */
export function responseCache(
  cache: BaseCache,
  { app, ...options }: HonoCacheOptions = {},
): (context: CachedContextLike, next: () => Promise<void>) => Promise<void> {
  const responses = new ResponseCache(cache, options)
  return async (context, next) => {
    const { req } = context
    const asked = req.raw
    if (refreshes.has(asked)) {
      await next()
      return
    }
    const before = new Headers(context.res?.headers)
    const front = frontOf(Object.fromEntries(before))
    let runs = false
    const handler: Handler = async (forwarded) => {
      runs = true
      req.raw = forwarded
      try {
        await next()
      } finally {
        req.raw = asked
      }
      const answer = context.res ?? new Response(null, { status: 404 })
      noteFront(answer, Object.fromEntries(answer.headers), front)
      return answer
    }
    const refresh: Handler | false =
      app !== undefined &&
      ((forwarded) => {
        refreshes.add(forwarded)
        return app.fetch(forwarded, context.env as never)
      })
    const response = await responses.handle(asked, handler, { refresh, waitUntil: waitUntilOf(context) })
    for (const [name, value] of runs ? Object.entries(front) : before)
      if (name === 'set-cookie') response.headers.append(name, String(value))
      else if (!response.headers.has(name)) response.headers.set(name, String(value))
    // Otherwise Hono adds the headers of the response that is there.
    context.res = undefined
    context.res = response
  }
}

function waitUntilOf(context: CachedContextLike): ((work: Promise<unknown>) => void) | undefined {
  try {
    const { executionCtx } = context as { executionCtx?: { waitUntil?(work: Promise<unknown>): void } }
    return executionCtx?.waitUntil?.bind(executionCtx)
  } catch {
    // Hono throws where the runtime has none.
    return undefined
  }
}
