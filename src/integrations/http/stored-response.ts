import { createHash } from 'node:crypto'

/** A request header that a response depends on, with its value in the request that it answers. */
export type Selecting = readonly [name: string, value: string | null]

/** The answer of a handler without its body. */
export interface Head {
  /** The status code, such as 200. */
  readonly status: number
  /** All header fields. */
  readonly headers: Headers
}

/** A response as it is stored. */
export interface StoredResponse {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  /** The ttl of the entry when it was stored, by which its age is known without a clock that processes share. */
  readonly ttlMs: number
  /** The headers of its request that `Vary` names. */
  readonly vary: readonly Selecting[]
  /** Whether the handler named the validator, so that it can answer 304. */
  readonly canValidate: boolean
}

/** The end of a load that gave nothing to share, because the handler failed: its status, 500 if it threw. */
export interface FailedLoad {
  readonly failed: number
}

/** Headers of one connection or one request, which are no part of a response that others get. */
const OF_ONE = new Set([
  'age',
  'cache-status',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
/** Headers that a 304 does not replace, because they are about the body that is kept. */
const OF_BODY = new Set(['content-encoding', 'content-length', 'content-range', 'content-type', 'etag'])

/**
 * Returns the headers of a response that may be stored. Those of one connection or one request are left out, as is what
 * caches before this one have said.
 */
export function storableHeaders(headers: Headers): [string, string][] {
  const named = (headers.get('connection') ?? '').toLowerCase().split(/\s*,\s*/)
  return [...headers].filter(([name]) => !OF_ONE.has(name) && !named.includes(name))
}

/** Returns the headers that `Vary` names, in lower case and in order; `undefined` for `*`. */
export function selectingNames(headers: Headers): readonly string[] | undefined {
  const field = headers.get('vary')?.toLowerCase() ?? ''
  const names = new Set(field.split(/[\s,]+/).filter((name) => name !== ''))
  return names.has('*') ? undefined : [...names].toSorted()
}

/** Returns the values of headers in a request. */
export function selectingOf(request: Request, names: readonly string[]): Selecting[] {
  return names.map((name) => [name, request.headers.get(name)])
}

/** Whether the response is for requests with the headers of this one. */
export function matches(request: Request, { vary }: StoredResponse): boolean {
  return vary.every(([name, value]) => request.headers.get(name) === value)
}

/** Returns the headers of a stored response after its validation: the handler's new ones replace the old ones. */
export function refreshedHeaders(stored: Headers, answer: Headers): Headers {
  const headers = new Headers(stored)
  for (const [name, value] of answer) if (!OF_BODY.has(name)) headers.set(name, value)
  return headers
}

/** Whether a 304 confirms the stored response: it has the same validator, or none. */
export function confirms(answer: Headers, stored: Headers): boolean {
  const strip = (etag: string): string => etag.replace(/^W\//, '')
  const etag = answer.get('etag')
  if (etag !== null) return strip(etag) === strip(stored.get('etag') ?? '')
  const modified = answer.get('last-modified')
  return modified === null || modified === stored.get('last-modified')
}

/** Returns a weak entity tag of a body. It is weak, because a layer before this one may encode the body. */
export function etagOf(body: Uint8Array): string {
  return `W/"${createHash('sha1').update(body).digest('base64url')}"`
}

/** Reads a body; `undefined` if it has more than `most` bytes, then the rest is not read. @throws if it breaks off. */
export async function readBody(
  body: ReadableStream<Uint8Array> | null,
  most: number,
): Promise<Uint8Array | undefined> {
  if (body === null) return new Uint8Array()
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(chunks)
    bytes += value.byteLength
    chunks.push(value)
    if (bytes > most) {
      // Without waiting, because the other branch may still be read.
      void reader.cancel().catch(() => {})
      return undefined
    }
  }
}
