import { IncomingMessage, ServerResponse } from 'node:http'
import { capture, realMethods } from './node-capture.ts'
import { CONDITIONS } from './load.ts'
import type { ResponseCache } from './response-cache.ts'

/** The way in which a framework of Node.js is asked. */
export interface NodeHost {
  /** The whole URL of the request. */
  readonly url: string
  /** The path and the query, as the client sent them. */
  readonly path: string
  /** Lets the framework go on with the request. */
  readonly run: () => void
  /** Tells the framework an error of a function among the options. */
  readonly fail: (error: unknown) => void
  /** Gives the framework a request of its own, as its server does. `undefined` = that is not possible. */
  readonly dispatch: ((request: IncomingMessage, response: ServerResponse) => unknown) | undefined
  /** Notes that the response is written without the framework. */
  readonly takeOver?: () => void
}

// The requests of refreshes in the background, which go to the handler.
const refreshes = new WeakSet<object>()

/**
 * Answers a request of Node.js from the cache, or with what the framework writes to the response. Never rejects.
 */
export async function exchange(
  responses: ResponseCache,
  request: IncomingMessage,
  response: ServerResponse,
  { url, path, run, fail, dispatch, takeOver }: NodeHost,
): Promise<void> {
  const asked = refreshes.has(request) ? undefined : requestOf(request, url)
  if (asked === undefined) {
    run()
    return
  }
  let runs = false
  const handler = (forwarded: Request): Promise<Response> => {
    runs = true
    for (const name of CONDITIONS) {
      const value = forwarded.headers.get(name)
      if (value === null) delete request.headers[name]
      else request.headers[name] = value
    }
    return capture(response, run)
  }
  try {
    const refresh = dispatch === undefined ? false : refreshBy(request, path, dispatch)
    const answer = await responses.handle(asked, handler, { refresh })
    if (!runs) takeOver?.()
    await deliver(answer, response, runs)
  } catch (error) {
    // After the framework went on, the client has left, or the response broke off.
    if (runs) response.destroy()
    else fail(error)
  }
}

function requestOf({ method = 'GET', rawHeaders }: IncomingMessage, url: string): Request | undefined {
  try {
    const headers = new Headers()
    for (let index = 0; index < rawHeaders.length; index += 2)
      headers.append(rawHeaders[index]!, rawHeaders[index + 1]!)
    return new Request(url, { method, headers })
  } catch {
    // Such as TRACE, or a URL that is none.
    return undefined
  }
}

function refreshBy(
  { socket }: IncomingMessage,
  url: string,
  dispatch: NonNullable<NodeHost['dispatch']>,
): (forwarded: Request) => Promise<Response> {
  return (forwarded) => {
    const request = new IncomingMessage(socket)
    Object.assign(request, { method: 'GET', url, complete: true })
    for (const [name, value] of forwarded.headers) {
      request.headers[name] = value
      request.rawHeaders.push(name, value)
    }
    request.push(null)
    refreshes.add(request)
    const response = new ServerResponse(request)
    return capture(response, () => void dispatch(request, response), true)
  }
}

async function deliver(answer: Response, response: ServerResponse, wasCaptured: boolean): Promise<void> {
  if (response.destroyed) return
  const { headers, body, status, statusText } = answer
  const cookies = headers.getSetCookie()
  if (wasCaptured)
    for (const name of response.getHeaderNames()) if (!headers.has(name)) response.removeHeader(name)
  for (const [name, value] of headers) if (name !== 'set-cookie') response.setHeader(name, value)
  if (cookies.length > 0) response.setHeader('set-cookie', cookies)
  const real = realMethods(response)
  response.statusCode = status
  if (statusText !== '') response.statusMessage = statusText
  if (body !== null)
    for await (const chunk of body) {
      if (response.destroyed) return
      if (!real.write(chunk)) await drained(response)
    }
  real.end()
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
