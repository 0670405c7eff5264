import type { IncomingMessage, ServerResponse } from 'node:http'
import { frontOf, type HeaderRecord } from './front.ts'
import { CONDITIONS } from './load.ts'
import { capture, realResponse, type RealResponse } from './node-capture.ts'
import { isRefresh, refreshBy } from './node-refresh.ts'
import type { ResponseCache } from './response-cache.ts'

/** The way in which a framework of Node.js is asked. */
export interface NodeHost {
  /** The scheme of the URL, `http` or `https`. */
  readonly protocol: string
  /** The host of the URL, as the framework tells its handlers. */
  readonly host: string
  /** The path and the query, as the client sent them. */
  readonly path: string
  /** Lets the framework go on with the request. */
  readonly run: () => void
  /** Tells the framework an error of a function among the options. */
  readonly fail: (error: unknown) => void
  /** Gives the framework a request of its own, as its server does. `undefined` = that is not possible. */
  readonly dispatch: ((request: IncomingMessage, response: ServerResponse) => unknown) | undefined
  /** Returns the headers that were set before, in lower case; default: those of the response. */
  readonly front?: () => HeaderRecord
  /** Notes that the response is written without the framework. */
  readonly takeOver?: () => void
}

/**
 * Answers a request of Node.js from the cache, or with what the framework writes to the response. Never rejects.
 */
export async function exchange(
  responses: ResponseCache,
  request: IncomingMessage,
  response: ServerResponse,
  host: NodeHost,
): Promise<void> {
  const { path, run, fail, dispatch, takeOver } = host
  const asked = isRefresh(request) ? undefined : requestOf(request, host)
  if (asked === undefined) {
    run()
    return
  }
  const before = host.front?.() ?? response.getHeaders()
  const front = frontOf(before)
  let real: RealResponse | undefined
  const handler = (forwarded: Request): Promise<Response> => {
    for (const name of CONDITIONS) {
      const value = forwarded.headers.get(name)
      if (value === null) delete request.headers[name]
      else request.headers[name] = value
    }
    const taken = capture(response, run, front)
    real = taken.real
    return taken.answer
  }
  try {
    const refresh = dispatch === undefined ? false : refreshBy(request, path, dispatch)
    const answer = await responses.handle(asked, handler, { refresh })
    if (real === undefined) takeOver?.()
    else
      for (const name of response.getHeaderNames()) if (!answer.headers.has(name)) response.removeHeader(name)
    addAll(response, real === undefined ? before : front)
    await deliver(answer, response, real ?? realResponse(response))
  } catch (error) {
    // After the framework went on, the client has left, or the response broke off.
    if (real === undefined) fail(error)
    else response.destroy()
  }
}

function requestOf(
  { method = 'GET', rawHeaders }: IncomingMessage,
  { protocol, host, path }: NodeHost,
): Request | undefined {
  try {
    const url = new URL(`${protocol}://${host}${path}`)
    // A URL that the parser changes would be that of another page. The handler sees it as it came.
    const port = protocol === 'https' ? 443 : 80
    const isSame = [url.host, `${url.host}:${port}`].includes(host) && url.href === `${url.origin}${path}`
    if (!isSame) return undefined
    const headers = new Headers()
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index]!
      // HTTP/2 has the method and the URL among the headers.
      if (!name.startsWith(':')) headers.append(name, rawHeaders[index + 1]!)
    }
    return new Request(url, { method, headers })
  } catch {
    // Such as TRACE, or a URL that is none.
    return undefined
  }
}

async function deliver(answer: Response, response: ServerResponse, real: RealResponse): Promise<void> {
  if (response.destroyed) return
  const { headers, body, status, statusText } = answer
  const cookies = headers.getSetCookie()
  for (const [name, value] of headers) if (name !== 'set-cookie') response.setHeader(name, value)
  if (cookies.length > 0) response.setHeader('set-cookie', cookies)
  response.statusCode = status
  if (statusText !== '') response.statusMessage = statusText
  real.begin()
  if (body !== null)
    for await (const chunk of body) {
      if (response.destroyed) return
      if (!real.write(chunk)) await drained(response)
    }
  real.end()
}

function addAll(response: ServerResponse, headers: HeaderRecord): void {
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !response.hasHeader(name)) response.setHeader(name, value as string)
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}
