import type { ServerResponse } from 'node:http'
import { noteFront, type HeaderRecord } from './front.ts'

/** A response of Node.js whose handler writes elsewhere. */
export interface Capture {
  /** The response that the handler writes. Rejects if the connection closes before the head. */
  readonly answer: Promise<Response>
  /** Its connection. */
  readonly real: RealResponse
}

/** The methods of a response that write to its connection. */
export interface RealResponse {
  /** Writes the head, after status and headers have been set. */
  begin(): void
  write(chunk: Uint8Array): boolean
  end(): void
}

type Chunk = string | Uint8Array
type Written = readonly unknown[]

const HIGH_WATER_BYTES = 65_536
const METHODS = ['writeHead', 'flushHeaders', 'write', 'end'] as const
const WITHOUT_BODY = new Set([101, 103, 204, 205, 304])

/** Returns the methods of a response that no handler has. */
export function realResponse(response: ServerResponse): RealResponse {
  return {
    begin() {},
    write: (chunk) => response.write(chunk),
    end: () => void response.end(),
  }
}

/**
 * Runs a handler, and takes what it writes to `response` in place of writing it. `front` are the headers that layers in
 * front of the cache have set. `ended` is called when the handler has ended the response.
 */
export function capture(
  response: ServerResponse,
  run: () => void,
  front: HeaderRecord,
  ended?: () => void,
): Capture {
  const { write, end } = response
  const own = Object.fromEntries(
    METHODS.filter((name) => Object.hasOwn(response, name)).map((name) => [name, response[name]]),
  )
  let isFlushed = false
  const restore = (name: (typeof METHODS)[number]): void => {
    if (Object.hasOwn(own, name)) Object.assign(response, { [name]: own[name] })
    else Reflect.deleteProperty(response, name)
  }
  const real: RealResponse = {
    begin() {
      // The head is written by the real method, which may be another middleware's.
      restore('writeHead')
      restore('flushHeaders')
      Reflect.deleteProperty(response, 'headersSent')
      response.writeHead(response.statusCode)
      if (isFlushed) response.flushHeaders()
    },
    write: (chunk) => write.call(response, chunk, 'utf8'),
    end: () => void end.call(response, undefined, 'utf8'),
  }
  const answer = new Promise<Response>((resolve, reject) => {
    let hasHead = false
    let hasEnded = false
    let isOver = false
    let waits = false
    let controller!: ReadableStreamDefaultController<Uint8Array>
    const goOn = (): void => {
      if (!waits) return
      waits = false
      response.emit('drain')
    }
    const body = new ReadableStream<Uint8Array>(
      {
        start: (one) => void (controller = one),
        pull: goOn,
        cancel() {
          isOver = true
          goOn()
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_BYTES }),
    )

    const takeHead = (): void => {
      if (hasHead) return
      const { statusCode: status, req } = response
      // HTTP/2 has no reason phrases.
      const statusText = req.httpVersionMajor >= 2 ? '' : response.statusMessage
      const headers = new Headers()
      const all = response.getHeaders()
      for (const [name, value] of Object.entries(all))
        for (const one of Array.isArray(value) ? value : [value])
          if (one !== undefined) headers.append(name, String(one))
      const taken = responseOf(req.method === 'HEAD' ? null : body, status, { statusText, headers })
      noteFront(taken, all, front)
      hasHead = true
      if (taken.body === null) isOver = true
      resolve(taken)
    }
    const take = (chunk: unknown, encoding: unknown): boolean => {
      if (chunk === undefined || chunk === null || isOver || hasEnded) return true
      const bytes =
        typeof chunk === 'string' ? Buffer.from(chunk, encodingOf(encoding)) : (chunk as Uint8Array)
      // A copy, because the handler may use its buffer again.
      if (bytes.byteLength > 0) controller.enqueue(new Uint8Array(bytes))
      waits = (controller.desiredSize ?? 1) <= 0
      return !waits
    }
    Object.assign(response, {
      writeHead(status: number, ...rest: Written): ServerResponse {
        if (hasHead) return response
        response.statusCode = status
        if (typeof rest[0] === 'string') response.statusMessage = rest[0]
        setAll(
          response,
          rest.find((one) => typeof one === 'object' && one !== null),
        )
        takeHead()
        return response
      },
      flushHeaders() {
        isFlushed = true
        takeHead()
      },
      write(chunk: Chunk, ...rest: Written): boolean {
        takeHead()
        const goesOn = take(chunk, rest[0])
        callLater(rest)
        return goesOn
      },
      end(...given: Written): ServerResponse {
        if (hasEnded) return response
        const [chunk, encoding] = given.filter((one) => typeof one !== 'function')
        if (!hasHead) setLength(response, chunk, encoding)
        takeHead()
        take(chunk, encoding)
        hasEnded = true
        const called = given.find((one) => typeof one === 'function')
        if (called !== undefined) response.once('finish', called as () => void)
        if (!isOver) controller.close()
        isOver = true
        ended?.()
        return response
      },
    })
    Object.defineProperties(response, {
      // A handler that fails after this breaks the connection, rather than add the page of its error.
      headersSent: { configurable: true, get: () => hasHead },
      writableEnded: { configurable: true, get: () => hasEnded },
    })
    response.once('close', () => {
      if (hasEnded) return
      hasEnded = true
      const error = new Error('the connection was closed before the response had ended')
      if (!isOver) controller.error(error)
      isOver = true
      reject(error)
    })
    try {
      run()
    } catch (error) {
      reject(error)
    }
  })
  return { answer, real }
}

/** Returns a response with any status, because Node.js and Express have those that `fetch` does not know, such as 600. */
function responseOf(body: ReadableStream | null, status: number, init: ResponseInit): Response {
  const isKnown = status >= 200 && status <= 599
  const response = new Response(WITHOUT_BODY.has(status) ? null : body, {
    ...init,
    status: isKnown ? status : 200,
  })
  return isKnown ? response : Object.defineProperty(response, 'status', { value: status })
}

function setAll(response: ServerResponse, headers: unknown): void {
  if (headers === undefined) return
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers as object))
      if (value !== undefined) response.setHeader(name, value as string)
    return
  }
  const flat = headers.flat() as string[]
  for (let index = 0; index < flat.length; index += 2) response.appendHeader(flat[index]!, flat[index + 1]!)
}

function setLength(response: ServerResponse, chunk: unknown, encoding: unknown): void {
  const { statusCode, req } = response
  // Trailers come after a body of unknown length only, and Node.js refuses them beside a length.
  if (['content-length', 'transfer-encoding', 'trailer'].some((name) => response.hasHeader(name))) return
  if ([204, 304].includes(statusCode) || statusCode < 200 || req.method === 'HEAD') return
  const bytes =
    typeof chunk === 'string'
      ? Buffer.byteLength(chunk, encodingOf(encoding))
      : ((chunk as Uint8Array | null | undefined)?.byteLength ?? 0)
  response.setHeader('content-length', bytes)
}

function encodingOf(encoding: unknown): BufferEncoding {
  return typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'
}

function callLater(given: Written): void {
  const called = given.find((one) => typeof one === 'function')
  if (called !== undefined) queueMicrotask(called as () => void)
}
