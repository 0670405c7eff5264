import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseUnavailableError } from '../database/client.ts'
import { HttpError } from './http-error.ts'
import type { Route } from './routes.ts'

/** A server that listens. Disposing of it stops that and cuts the connections that are open. */
export interface Service extends AsyncDisposable {
  readonly url: string
}

/** A page that answers requests by itself. */
export interface Mounted {
  readonly path: string
  node(request: IncomingMessage, response: ServerResponse): Promise<void>
}

/** Serves the routes on this machine only, and a page beside them. Port 0 is a free one. */
export async function startService(routes: readonly Route[], port = 0, mounted?: Mounted): Promise<Service> {
  const server = createServer((request, response) => {
    if (mounted !== undefined && request.url?.startsWith(mounted.path) === true)
      void mounted.node(request, response)
    else void respond(routes, request, response)
  })
  // Longer than the pauses of a client: else the guide may hang up just as the next request is on its way.
  server.keepAliveTimeout = 75_000
  server.listen({ host: '127.0.0.1', port, backlog: 1024 })
  await once(server, 'listening')
  const { port: bound } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${bound}`, [Symbol.asyncDispose]: () => close(server) }
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

async function respond(
  routes: readonly Route[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    send(response, 200, await dispatch(routes, request))
  } catch (error) {
    // Nobody is there to be told, for example because the service is closing.
    if (response.destroyed) return
    const { status, message, headers } = asHttpError(error)
    send(response, status, { error: message }, headers)
  }
}

async function dispatch(routes: readonly Route[], request: IncomingMessage): Promise<object> {
  const { pathname, searchParams } = parseUrl(request.url ?? '/')
  const matching = routes.filter(({ path }) => path.test(pathname))
  if (matching.length === 0) throw new HttpError(404, `there is no page ${pathname}`)
  const route = matching.find(({ method }) => method === request.method)
  if (!route) {
    const allow = matching.map(({ method }) => method).join(', ')
    throw new HttpError(405, `${pathname} takes ${allow}`, { allow })
  }
  return route.handle({ request, query: searchParams, rest: decode(route.path.exec(pathname)?.[1] ?? '') })
}

function parseUrl(url: string): URL {
  try {
    return new URL(url, 'http://guide')
  } catch {
    throw new HttpError(400, 'the address is malformed')
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new HttpError(400, 'the address is malformed')
  }
}

function asHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error
  if (error instanceof DatabaseUnavailableError) return new HttpError(503, error.message)
  console.error(error)
  return new HttpError(500, 'something went wrong; the reason is in the log of the service')
}

function send(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed) return
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  })
  response.end(text)
}
