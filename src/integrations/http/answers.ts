import type { Freshness } from './freshness.ts'
import type { HttpSettings } from './options.ts'
import type { StoredResponse } from './stored-response.ts'

/** The facts that `Cache-Status` (RFC 9211) tells of a response. */
export interface Status {
  readonly hit?: boolean
  /** The reason why the request went to the handler. */
  readonly fwd?: 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'request' | 'stale'
  /** The status of the handler's answer, if another was sent. */
  readonly fwdStatus?: number
  readonly ttl?: number
  readonly stored?: boolean
  readonly collapsed?: boolean
  readonly detail?: string
}

const TAG_HEADERS = ['cache-tag', 'surrogate-key']
/** The headers that describe a body, which a 304 does not have (RFC 9110, section 15.4.5). */
const OF_BODY = [
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'trailer',
  'transfer-encoding',
]

/** Makes a response from a stored one, for a request. */
export function answerFrom(
  request: Request,
  stored: StoredResponse,
  freshness: Freshness,
  status: Status,
  settings: HttpSettings,
): Response {
  const headers = new Headers(stored.headers as [string, string][])
  headers.set('age', String(freshness.age))
  finish(headers, { ...status, ttl: freshness.ttl }, settings)
  if (stored.status === 200 && isUnchanged(request, headers)) return notModified(headers)
  const hasNoBody = request.method === 'HEAD' || [204, 304].includes(stored.status)
  if (stored.status !== 204) headers.set('content-length', String(stored.body.byteLength))
  return new Response(hasNoBody ? null : (stored.body as Uint8Array<ArrayBuffer>), {
    status: stored.status,
    headers,
  })
}

/**
 * Returns the handler's response to a request that reached it without its conditions, with the headers of this cache. A
 * client that has the response already gets 304.
 */
export function answerWhole(
  request: Request,
  response: Response,
  status: Status,
  settings: HttpSettings,
): Response {
  const answer = answerThrough(response, status, settings)
  if (answer.status !== 200 || !isUnchanged(request, answer.headers)) return answer
  void answer.body?.cancel().catch(() => {})
  return notModified(answer.headers)
}

/** Returns the handler's response with the headers of this cache. */
export function answerThrough(response: Response, status: Status, settings: HttpSettings): Response {
  // A response without a body is one of its own kind, such as an upgrade.
  if (response.status < 200) return response
  try {
    finish(response.headers, status, settings)
    return response
  } catch {
    // The headers of what `fetch` returns can't be changed.
    const { body, status: code, statusText } = response
    const headers = new Headers(response.headers)
    finish(headers, status, settings)
    return new Response(body, { status: code, statusText, headers })
  }
}

/** Returns the tags that the headers of a response name. */
export function tagsIn(headers: Headers): string[] {
  const byComma = (headers.get('cache-tag') ?? '').split(',')
  const bySpace = (headers.get('surrogate-key') ?? '').split(/[\s,]+/)
  return [...byComma, ...bySpace].map((tag) => tag.trim()).filter((tag) => tag !== '')
}

/** Adds `Cache-Status`, and puts the tags where clients are to find them. */
function finish(headers: Headers, status: Status, { name, sendTags }: HttpSettings): void {
  headers.append('cache-status', textOf(name, status))
  const tags = tagsIn(headers)
  for (const header of TAG_HEADERS) headers.delete(header)
  if (sendTags !== false && tags.length > 0) {
    const separator = sendTags === 'Cache-Tag' ? ',' : ' '
    headers.set(sendTags, [...new Set(tags)].join(separator))
  }
}

function textOf(name: string, { hit, fwd, fwdStatus, ttl, stored, collapsed, detail }: Status): string {
  const parts = [name]
  if (hit === true) parts.push('hit')
  if (fwd !== undefined) parts.push(`fwd=${fwd}`)
  if (fwdStatus !== undefined) parts.push(`fwd-status=${fwdStatus}`)
  if (ttl !== undefined) parts.push(`ttl=${ttl}`)
  if (stored === true) parts.push('stored')
  if (collapsed === true) parts.push('collapsed')
  if (detail !== undefined) parts.push(`detail=${detail}`)
  return parts.join('; ')
}

/** Whether the client has the response already (RFC 9110, section 13). */
function isUnchanged({ headers: asked }: Request, headers: Headers): boolean {
  const wanted = asked.get('if-none-match')
  if (wanted !== null) {
    const etag = headers.get('etag')
    if (wanted.trim() === '*') return true
    const known = wanted.match(/(?:W\/)?"[^"]*"/g) ?? []
    return etag !== null && known.some((one) => one.replace(/^W\//, '') === etag.replace(/^W\//, ''))
  }
  const since = Date.parse(asked.get('if-modified-since') ?? '')
  return since >= Date.parse(headers.get('last-modified') ?? headers.get('date') ?? '')
}

function notModified(headers: Headers): Response {
  for (const name of OF_BODY) headers.delete(name)
  return new Response(null, { status: 304, headers })
}
