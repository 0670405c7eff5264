import type { ServerResponse } from 'node:http'

/** The methods of a response that write to its connection. */
export interface RealMethods {
  write(chunk: Uint8Array): boolean
  end(): void
}

type Chunk = string | Uint8Array
type Written = readonly unknown[]

const HIGH_WATER_BYTES = 65_536
const METHODS = ['writeHead', 'flushHeaders', 'write', 'end'] as const
const captured = new WeakMap<ServerResponse, RealMethods>()

/** Returns the methods of a response as they were before it was captured. */
export function realMethods(response: ServerResponse): RealMethods {
  return (
    captured.get(response) ?? {
      write: (chunk) => response.write(chunk),
      end: () => void response.end(),
    }
  )
}

/**
 * Runs a handler, and returns what it writes to `response` in place of writing it. Nobody reads a response that `isDetached`,
 * so that it ends at once. Rejects if the connection closes before the head.
 */
export function capture(response: ServerResponse, run: () => void, isDetached = false): Promise<Response> {
  return new Promise((resolve, reject) => {
    const { write, end } = response
    captured.set(response, {
      write: (chunk) => write.call(response, chunk, 'utf8'),
      end: () => void end.call(response, undefined, 'utf8'),
    })
    const own = Object.fromEntries(
      METHODS.filter((name) => Object.hasOwn(response, name)).map((name) => [name, response[name]]),
    )
    let hasHead = false
    let hasEnded = false
    let isOver = false
    let waits = false
    let controller!: ReadableStreamDefaultController<Uint8Array>
    const body = new ReadableStream<Uint8Array>(
      {
        start: (one) => void (controller = one),
        pull() {
          if (!waits) return
          waits = false
          // The handler may go on to write.
          response.emit('drain')
        },
        cancel: () => void (isOver = true),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_BYTES }),
    )

    const takeHead = (): void => {
      if (hasHead) return
      hasHead = true
      const { statusCode: status, statusMessage: statusText } = response
      const headers = new Headers()
      for (const [name, value] of Object.entries(response.getHeaders()))
        for (const one of Array.isArray(value) ? value : [value])
          if (one !== undefined) headers.append(name, String(one))
      // The head is written by the real method, which may be another middleware's.
      restore('writeHead')
      restore('flushHeaders')
      const hasNoBody = [204, 205, 304].includes(status) || response.req.method === 'HEAD'
      resolve(new Response(hasNoBody ? null : body, { status, statusText, headers }))
    }
    const restore = (name: (typeof METHODS)[number]): void => {
      if (Object.hasOwn(own, name)) Object.assign(response, { [name]: own[name] })
      else Reflect.deleteProperty(response, name)
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
        response.statusCode = status
        if (typeof rest[0] === 'string') response.statusMessage = rest[0]
        setAll(
          response,
          rest.find((one) => typeof one === 'object' && one !== null),
        )
        takeHead()
        return response
      },
      flushHeaders: takeHead,
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
        if (isDetached) response.emit('finish')
        return response
      },
    })
    const ended = (): boolean => hasEnded
    Object.defineProperty(response, 'writableEnded', { configurable: true, get: ended })
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
  if (response.hasHeader('content-length') || response.hasHeader('transfer-encoding')) return
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
