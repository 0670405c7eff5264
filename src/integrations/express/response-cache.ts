import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BaseCache } from '../../cache/base-cache.ts'
import { exchange, type NodeHost } from '../http/node-exchange.ts'
import type { ResponseCacheOptions } from '../http/options.ts'
import { ResponseCache } from '../http/response-cache.ts'

/** A request of Express, as far as its types are read. */
export interface CachedRequestLike {
  /** The scheme, by the setting `trust proxy`. */
  readonly protocol: string
  /** The path and the query, as the client sent them. */
  readonly originalUrl: string
}

/** An application of Express, or one that it is mounted on. */
interface Application {
  (request: IncomingMessage, response: ServerResponse): unknown
  readonly parent?: Application
  get?(setting: 'trust proxy fn'): unknown
}

type Trusts = (address: string | undefined, hops: number) => boolean

/**
 * Returns middleware for Express 4 and 5 that stores responses as their `Cache-Control` says (docs/http.md). Use it before
 * everything that makes the response.
 * @throws OptionsError for wrong arguments.
 */
export function responseCache(
  cache: BaseCache,
  options: ResponseCacheOptions = {},
): (request: CachedRequestLike, response: object, next: (error?: unknown) => void) => void {
  const responses = new ResponseCache(cache, options)
  return (request, response, next) => {
    const raw = request as CachedRequestLike & IncomingMessage & { readonly app?: Application }
    let app = raw.app
    while (app?.parent !== undefined) app = app.parent
    const host: NodeHost = {
      protocol: raw.protocol,
      host: hostOf(raw, raw.app) ?? 'localhost',
      path: raw.originalUrl,
      run: () => next(),
      fail: next,
      dispatch: app,
    }
    void exchange(responses, raw, response as ServerResponse, host)
  }
}

// Returns the host that Express tells its handlers. Express 4 has no property for it with the port.
function hostOf(
  { headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
  app: Application | undefined,
): string | undefined {
  const forwarded = [headers['x-forwarded-host']].flat()[0]?.split(',')[0]?.trim() ?? ''
  const trusts = app?.get?.('trust proxy fn') as Trusts | undefined
  return forwarded !== '' && trusts?.(socket.remoteAddress, 0) === true ? forwarded : headers.host
}
