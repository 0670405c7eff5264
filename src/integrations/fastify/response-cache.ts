import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BaseCache } from '../../cache/base-cache.ts'
import { exchange, type NodeHost } from '../http/node-exchange.ts'
import type { ResponseCacheOptions } from '../http/options.ts'
import { ResponseCache } from '../http/response-cache.ts'

/** A request of Fastify, as far as its types are read. */
export interface CachedRequestLike {
  /** The request of Node.js. */
  readonly raw: object
  /** The scheme. */
  readonly protocol: string
  /** The host with its port. */
  readonly host: string
  /** The path and the query, as the client sent them. */
  readonly originalUrl: string
}

/** A reply of Fastify, as far as its types are read. */
export interface CachedReplyLike {
  /** The response of Node.js. */
  readonly raw: object
  /** Returns the headers that hooks have set. */
  getHeaders(): Readonly<Record<string, unknown>>
  /** Tells Fastify that the response is written without it. */
  hijack(): unknown
}

/** The server that a request belongs to. */
interface Routing {
  readonly server?: { routing?(request: IncomingMessage, response: ServerResponse): void }
}

/**
 * Returns a hook for Fastify 5 that stores responses as their `Cache-Control` says (docs/http.md):
 * `app.addHook('onRequest', responseCache(cache))`, or `onRequest` of a route.
 * @throws OptionsError for wrong arguments.
 */
export function responseCache(
  cache: BaseCache,
  options: ResponseCacheOptions = {},
): (request: CachedRequestLike, reply: CachedReplyLike, done: (error?: Error) => void) => void {
  const responses = new ResponseCache(cache, options)
  return (request, reply, done) => {
    const { server } = request as CachedRequestLike & Routing
    const host: NodeHost = {
      protocol: request.protocol,
      host: request.host,
      path: request.originalUrl,
      run: () => done(),
      fail: (error) => done(error as Error),
      dispatch: server?.routing?.bind(server),
      front: () => ({ ...(reply.raw as ServerResponse).getHeaders(), ...reply.getHeaders() }),
      takeOver: () => void reply.hijack(),
    }
    void exchange(responses, request.raw as IncomingMessage, reply.raw as ServerResponse, host)
  }
}
