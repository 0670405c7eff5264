import { requestDirectives, type Freshness } from './freshness.ts'
import type { HttpSettings } from './options.ts'
import { selectingNames, type Head } from './stored-response.ts'

/** The directives that let a response to a request with `Authorization` answer others (RFC 9111, section 3.5). */
const FOR_AUTHORIZED = ['public', 's-maxage', 'must-revalidate']
/** Reasons that are about this one answer, so that the next one may well be shareable. */
const PASSING = new Set(['request-no-store', 'status', 'size', 'failed', 'variants', 'tags', 'late'])

/** Returns the reason why a response must not reach another caller; `undefined` = it may be stored. */
export function refusal(
  request: Request,
  head: Head,
  freshness: Freshness,
  settings: HttpSettings,
): string | undefined {
  const { headers, status } = head
  const { directives } = freshness
  // The page of an error says nothing of the page that it stands for.
  if (status >= 500 && !freshness.isStorable) return 'status'
  if (requestDirectives(request).has('no-store') && !settings.ignoreRequestDirectives)
    return 'request-no-store'
  for (const name of ['no-store', 'private']) if (directives.has(name)) return name
  if (headers.has('set-cookie')) return 'set-cookie'
  if (selectingNames(headers) === undefined) return 'vary'
  const credential = refusedCredential(request, freshness, settings)
  if (credential !== undefined) return credential
  if (!freshness.isStorable || status === 206) return 'status'
  if (/^text\/event-stream\b/i.test(headers.get('content-type') ?? '')) return 'event-stream'
  if (Number(headers.get('content-length') ?? 0) > settings.maxBodyBytes) return 'size'
  // A handler that says nothing of caches wants no validation of each request.
  const isSilent = directives.size === 0 && !headers.has('expires')
  const isUseful = freshness.freshMs > 0 || (!isSilent && graceOf(freshness, headers, settings) > 0)
  return isUseful ? undefined : 'not-fresh'
}

/** Returns the milliseconds for which a response is kept once it is stale. */
export function graceOf(
  freshness: Freshness,
  headers: Headers,
  { revalidateWithinMs }: HttpSettings,
): number {
  return Math.max(freshness.staleMs, canValidate(headers) ? revalidateWithinMs : 0)
}

/** Whether the handler can tell that a response is unchanged. */
export function canValidate(headers: Headers): boolean {
  return headers.has('etag') || headers.has('last-modified')
}

/** Returns the header of a request because of which a response without further permission is not for it. */
export function refusedCredential(
  { headers }: Request,
  { directives }: Freshness,
  { ignoreCookies }: HttpSettings,
): 'authorization' | 'cookie' | undefined {
  if (headers.has('authorization') && !FOR_AUTHORIZED.some((name) => directives.has(name)))
    return 'authorization'
  return headers.has('cookie') && !ignoreCookies && !directives.has('public') ? 'cookie' : undefined
}

/** Whether the next answers to the same request are likely to be refused for the same reason. */
export function isLasting(reason: string): boolean {
  return !PASSING.has(reason)
}
