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
  /** Begins the answer. */
  writeHead(status: number, headers: Record<string, string | string[]>): unknown
  /** Writes a part of it. `false` = wait for `drain`. */
  write(chunk: Uint8Array): boolean
  /** Ends it. */
  end(): unknown
  /** Calls a listener at the next event of that name. */
  once(event: 'close' | 'drain', listener: () => void): unknown
}

/**
 * Returns the request in the form of the platform. Frameworks that have moved the path or parsed the body tell the
 * original path, and the parsed body.
 * @throws TypeError if it is malformed.
 */
export async function requestOf(incoming: NodeRequest): Promise<Request> {
  const { method = 'GET', headers } = incoming
  const { originalUrl, body } = incoming as { originalUrl?: unknown; body?: unknown }
  const path = typeof originalUrl === 'string' ? originalUrl : (incoming.url ?? '/')
  const host = headers['host'] ?? headers[':authority'] ?? 'localhost'
  const given = Object.entries(headers)
    .filter(([name, value]) => value !== undefined && !name.startsWith(':'))
    .map(([name, value]): [string, string] => [name, typeof value === 'string' ? value : value!.join(', ')])
  if (typeof host !== 'string' || !path.startsWith('/')) throw new TypeError('the address is malformed')
  const url = new URL(`http://${host}${path}`)
  if (method !== 'POST') return new Request(url, { method, headers: given })
  const text = typeof body === 'object' && body !== null ? JSON.stringify(body) : await textOf(incoming)
  return new Request(url, { method, headers: given, body: text })
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

/** Sends an answer. A stream ends as soon as nobody reads it any more. */
export async function send(response: Response, outgoing: NodeResponse): Promise<void> {
  const cookies = response.headers.getSetCookie()
  outgoing.writeHead(response.status, {
    ...Object.fromEntries(response.headers),
    ...(cookies.length > 0 && { 'set-cookie': cookies }),
  })
  const reader = response.body?.getReader()
  outgoing.once('close', () => void reader?.cancel().catch(() => undefined))
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader!.read()) {
    if (outgoing.destroyed) break
    if (!outgoing.write(part.value)) await drained(outgoing)
  }
  if (!outgoing.destroyed) outgoing.end()
}

async function drained(outgoing: NodeResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    outgoing.once('drain', resolve)
    outgoing.once('close', resolve)
  })
}
