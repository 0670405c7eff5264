const MOST_BYTES = 16_384

/** The part of Node's `IncomingMessage` that the dashboard needs. */
export interface NodeRequest extends AsyncIterable<unknown> {
  /** The method, such as `GET`. */
  readonly method?: string | undefined
  /** The path and the query. */
  readonly url?: string | undefined
  /** The headers by their names in small letters. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** The part of Node's `ServerResponse` that the dashboard needs. */
export interface NodeResponse {
  /** Whether nobody reads it any more. */
  readonly destroyed: boolean
  /** Whether an answer has begun. */
  readonly headersSent?: boolean | undefined
  /** Begins the answer. */
  writeHead(status: number, headers: Record<string, string | string[]>): unknown
  /** Writes a part of it. `false` = wait for `drain`. */
  write(chunk: Uint8Array): boolean
  /** Ends it. */
  end(): unknown
  /** Calls a listener at the next event of that name. */
  once(event: 'close' | 'drain', listener: () => void): unknown
}

/** The members that frameworks add to a request of Node. */
interface Added {
  /** The path before the framework has moved it. */
  readonly originalUrl?: unknown
  /** The parsed body. */
  readonly body?: unknown
  /** Whether the body was read by somebody. */
  readonly readableDidRead?: boolean | undefined
}

/**
 * Returns the request in the form of the platform. Frameworks that have moved the path or parsed the body tell the
 * original path, and the parsed body.
 * @throws TypeError if it is malformed.
 */
export async function requestOf(incoming: NodeRequest): Promise<Request> {
  const { method = 'GET', headers } = incoming
  const { originalUrl } = incoming as Added
  const path = typeof originalUrl === 'string' ? originalUrl : (incoming.url ?? '/')
  const host = headers['host'] ?? headers[':authority'] ?? 'localhost'
  const given = Object.entries(headers)
    .filter(([name, value]) => value !== undefined && !name.startsWith(':'))
    .map(([name, value]): [string, string] => [name, typeof value === 'string' ? value : value!.join(', ')])
  if (typeof host !== 'string' || !path.startsWith('/')) throw new TypeError('the address is malformed')
  const url = new URL(`http://${host}${path}`)
  if (method !== 'POST') return new Request(url, { method, headers: given })
  return new Request(url, { method, headers: given, body: await bodyOf(incoming) })
}

async function bodyOf(incoming: NodeRequest): Promise<string> {
  const { body, readableDidRead: isRead = body !== undefined } = incoming as Added
  // A parser for other bodies may leave an empty object although it has read nothing.
  if (!isRead) return textOf(incoming)
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return new TextDecoder().decode(body)
  if (typeof body === 'object' && body !== null) return JSON.stringify(body)
  throw new TypeError('the body was read before, and the request has no `body`')
}

async function textOf(incoming: NodeRequest): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of incoming) {
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk as Uint8Array, { stream: true })
    if (text.length > MOST_BYTES) throw new TypeError('the body is too long')
  }
  return text
}

/**
 * Sends an answer as soon as there is one. A stream ends as soon as nobody reads it any more. Nothing is sent if
 * somebody else has answered meanwhile.
 */
export async function send(answering: Promise<Response>, outgoing: NodeResponse): Promise<void> {
  const reading = new Reading(outgoing)
  const response = await answering
  const reader = reading.begin(response)
  if (reading.isOver || outgoing.headersSent === true) return reading.end()
  const cookies = response.headers.getSetCookie()
  outgoing.writeHead(response.status, {
    ...Object.fromEntries(response.headers),
    ...(cookies.length > 0 && { 'set-cookie': cookies }),
  })
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader!.read())
    await reading.write(part.value)
  if (!reading.isOver) outgoing.end()
}

type Reader = ReadableStreamDefaultReader<Uint8Array>

/** The reading of an answer by the other side, which may end at any moment, also before there is an answer. */
class Reading {
  readonly #outgoing: NodeResponse
  #isClosed = false
  #reader: Reader | undefined
  #wake = (): void => undefined

  constructor(outgoing: NodeResponse) {
    this.#outgoing = outgoing
    // One listener for the whole answer, because a stream may wait hundreds of times.
    outgoing.once('close', () => {
      this.#isClosed = true
      this.end()
    })
  }

  get isOver(): boolean {
    return this.#isClosed || this.#outgoing.destroyed
  }

  begin({ body }: Response): Reader | undefined {
    this.#reader = body?.getReader()
    return this.#reader
  }

  /** Writes a part, and resolves when there is room for the next. */
  async write(part: Uint8Array): Promise<void> {
    if (this.isOver) return this.end()
    if (this.#outgoing.write(part)) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      this.#outgoing.once('drain', resolve)
    })
  }

  end(): void {
    void this.#reader?.cancel().catch(() => undefined)
    this.#wake()
  }
}
