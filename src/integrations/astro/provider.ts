import type { BaseCache } from '../../cache/base-cache.ts'
import type { WaitUntil } from '../../core/background.ts'
import { checkFunction } from '../../options/checks.ts'
import type { ResponseCacheOptions } from '../http/options.ts'
import { ResponseCache } from '../http/response-cache.ts'
import { textKey } from '../shared/text-key.ts'

/** The tags and the path of an invalidation. */
export interface AstroInvalidation {
  /** The path of a page. Without a query it stands for all queries of the page. */
  path?: string
  /** Tags that pages have set. */
  tags?: string | string[]
}

/** A request on its way through Astro. */
export interface AstroRequest {
  /** The request. */
  readonly request: Request
  /** Keeps the host alive until background work has ended. */
  readonly waitUntil?: WaitUntil | undefined
}

/** A cache provider of Astro 7. */
export interface AstroCacheProvider {
  /** The name of the provider in logs. */
  name: string
  /** Answers a request from the cache, or with the page. */
  onRequest(context: AstroRequest, next: () => Promise<Response>): Promise<Response>
  /** Invalidates pages by tags, by path, or by both. */
  invalidate(options: AstroInvalidation): Promise<void>
}

/** The header in which Astro says how long a page may be kept. It takes the header away again. */
const TOLD = 'cdn-cache-control'
/** The header in which the `Cache-Control` for browsers is kept, while the page's own for the cache has its place. */
const FOR_CLIENTS = 'x-cachette-cache-control'
/** The place where Astro keeps the cookies of a response until it sends them. */
const COOKIES = Symbol.for('astro.cookies')

/**
 * Returns a cache provider for Astro 7, which keeps the pages that call `Astro.cache.set()`. Its `entrypoint` is a file of
 * yours: `export default () => cacheProvider(cache)`.
 * @throws OptionsError for wrong arguments.
 */
export function cacheProvider(cache: BaseCache, options: ResponseCacheOptions = {}): AstroCacheProvider {
  const { tags } = options
  if (tags !== undefined) checkFunction(tags, 'cacheProvider: tags')
  const responses = new ResponseCache(cache, {
    ...options,
    tags: (request, head) => [...(tags?.(request, head) ?? []), ...pathTags(new URL(request.url))],
  })
  return {
    name: 'cachette',

    async onRequest({ request, waitUntil }, next) {
      let own: Response | undefined
      const page = async (): Promise<Response> => {
        const answer = await next()
        const told = answer.headers.get(TOLD)
        if (told !== null && !hasCookies(answer)) return forCache(answer, told)
        // A page that asks for no cache, or sets cookies, is for its caller only, as it is.
        own = answer
        const headers = new Headers(answer.headers)
        headers.set('cache-control', 'private')
        return new Response(null, { status: answer.status, headers })
      }
      const answer = await responses.handle(request, page, { waitUntil })
      return own ?? forClient(answer)
    },

    async invalidate({ path, tags: given = [] }) {
      // Astro joins tags by commas, which makes several of one with a comma.
      const named = [given].flat().flatMap((tag) => tag.split(',').map((part) => part.trim()))
      const all = [...named.filter((tag) => tag !== ''), ...(path === undefined ? [] : [pathTag(path)])]
      if (all.length > 0) await cache.invalidateTag(all)
    },
  }
}

function forCache(answer: Response, told: string): Response {
  const headers = new Headers(answer.headers)
  const client = headers.get('cache-control')
  if (client !== null) headers.set(FOR_CLIENTS, client)
  headers.set('cache-control', told)
  headers.delete(TOLD)
  const { body, status, statusText } = answer
  return new Response(body, { status, statusText, headers })
}

// Browsers hear of no invalidation, so they ask each time unless the page says otherwise.
function forClient(answer: Response): Response {
  const { headers } = answer
  headers.set('cache-control', headers.get(FOR_CLIENTS) ?? 'no-cache')
  headers.delete(FOR_CLIENTS)
  return answer
}

function hasCookies(answer: Response): boolean {
  const cookies = Reflect.get(answer, COOKIES) as { headers(): Iterator<string> } | undefined
  return cookies !== undefined && cookies.headers().next().done !== true
}

/** Returns the tags by which a page is found: that of its path, and that of its path with the query. */
function pathTags({ pathname, search }: URL): readonly string[] {
  return search === '' ? [pathTag(pathname)] : [pathTag(pathname), pathTag(pathname + search)]
}

function pathTag(path: string): string {
  return textKey(`astro-path:${path}`)
}
