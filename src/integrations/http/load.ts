import { AsyncResource } from 'node:async_hooks'
import type { BaseCache } from '../../cache/base-cache.ts'
import type { Runtime } from '../../cache/runtime.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { isList } from '../../internal/objects.ts'
import { checkTags } from '../../keys/tags.ts'
import type { LoadContext } from '../../loading/load-context.ts'
import { answerFrom, answerWhole, tagsIn, type Status } from './answers.ts'
import { Freshness } from './freshness.ts'
import { isOfFront } from './front.ts'
import type { HttpSettings, TagHeader } from './options.ts'
import { canValidate, graceOf, refusal } from './shareable.ts'
import {
  confirms,
  etagOf,
  readBody,
  refreshedHeaders,
  selectingNames,
  selectingOf,
  storableHeaders,
  type FailedLoad,
  type Head,
  type StoredResponse,
} from './stored-response.ts'
import type { Awaited, Handler, Visit } from './visit.ts'

/** The value of an entry, and what the callers of a load get that stored none. */
export type Loaded = StoredResponse | FailedLoad

/** The headers by which a client asks for less than the whole response. */
export const CONDITIONS: readonly string[] = [
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
  'range',
  'if-range',
]

/** One call of a handler whose answer may be stored. */
export class Load {
  readonly #visit: Visit
  readonly #settings: HttpSettings
  readonly #space: BaseCache<Loaded>
  readonly #awaited: Awaited | undefined
  readonly #runtime: Runtime
  // Made in the caller's context, because handlers find their request by it, and are no part of a load of the cache.
  readonly #context = new AsyncResource('cachette-http')
  /** The reason why the answer is for its own caller only. */
  refused: string | undefined = undefined
  /** The error of a handler that threw. */
  error: unknown = undefined
  #isLate = false

  /** `awaited` is the caller's response; `undefined` = there is no caller. */
  constructor(
    visit: Visit,
    settings: HttpSettings,
    space: BaseCache<Loaded>,
    runtime: Runtime,
    awaited?: Awaited,
  ) {
    this.#visit = visit
    this.#settings = settings
    this.#space = space
    this.#runtime = runtime
    this.#awaited = awaited
  }

  /**
   * Calls the handler, gives the answer to the caller as it comes, and returns it as it is to be stored. An answer that
   * is for its caller only is not returned, so that no other caller can get it. Never rejects.
   */
  async run(context: LoadContext): Promise<Loaded | undefined> {
    const { found } = this.#visit
    let answer: Response
    try {
      answer = await this.#ask(found?.stored.canValidate === true)
      if (answer.status === 304 && found !== undefined) {
        if (confirms(answer.headers, new Headers(found.stored.headers as [string, string][])))
          return await this.#renew(context, answer)
        answer = await this.#ask(false)
      }
    } catch (error) {
      this.error = error
      context.doNotStore()
      if (!this.#serveStale(500, 'error')) this.#awaited?.reject(error)
      return { failed: 500 }
    }
    if (this.#serveStale(answer.status)) {
      this.error = new Error(`the handler answered with status ${answer.status}`)
      context.doNotStore()
      void answer.body?.cancel().catch(() => {})
      return { failed: answer.status }
    }
    try {
      return await this.#take(context, answer)
    } catch (error) {
      context.doNotStore()
      this.#awaited?.reject(error)
      return undefined
    }
  }

  /** Ends the wait for the answer, which is for its own caller only from now on. */
  giveUp(): void {
    this.#isLate = true
  }

  async #ask(validates: boolean): Promise<Response> {
    const { request, next, host, found } = this.#visit
    const headers = new Headers(request.headers)
    for (const name of CONDITIONS) headers.delete(name)
    if (validates)
      for (const [name, value] of found?.stored.headers ?? []) {
        if (name === 'etag') headers.set('if-none-match', value)
        else if (name === 'last-modified') headers.set('if-modified-since', value)
      }
    // The whole response, also if HEAD asks. The load goes on if its client leaves, because others wait for it.
    const forwarded = new Request(request, { method: 'GET', headers, signal: null })
    const again = typeof host.refresh === 'function' ? host.refresh : next
    const handler: Handler = this.#awaited === undefined ? again : next
    const answer = this.#context.runInAsyncScope(handler, undefined, forwarded)
    return received(await answer, this.#runtime.clock.wallNow())
  }

  /** Answers with the stale response, if that is allowed in place of an answer with this status. */
  #serveStale(status: number, detail?: string): boolean {
    const { request, found, fwd } = this.#visit
    if (found?.freshness.mayReplace(status) !== true) return false
    const { stored, freshness } = found
    const told: Status = detail === undefined ? { fwd, fwdStatus: status } : { fwd, detail }
    this.#awaited?.resolve(answerFrom(request, stored, freshness, told, this.#settings))
    return true
  }

  async #renew(context: LoadContext, answer: Response): Promise<Loaded | undefined> {
    const { request, fwd, found } = this.#visit
    const before = found!.stored
    const headers = refreshedHeaders(new Headers(before.headers as [string, string][]), answer.headers)
    headers.delete('age')
    const age = answer.headers.get('age')
    if (age !== null) headers.set('age', age)
    const freshness = new Freshness({ status: before.status, headers }, this.#settings)
    const body = before.body
    const status: Status = { fwd, fwdStatus: 304 }
    const plan = await this.#plan(context, before.status, headers, freshness)
    const stored =
      plan === undefined ? before : this.#stored({ status: before.status, headers }, body, plan, answer)
    const told = plan === undefined ? { ...status, detail: this.refused! } : { ...status, stored: true }
    const shown = { ...stored, headers: storableHeaders(headers) }
    const response = answerFrom(request, shown, freshness, told, this.#settings)
    // They are for the caller of the handler alone.
    for (const cookie of answer.headers.getSetCookie()) response.headers.append('set-cookie', cookie)
    this.#awaited?.resolve(response)
    return plan === undefined ? undefined : stored
  }

  async #take(context: LoadContext, answer: Response): Promise<Loaded | undefined> {
    const { request, fwd, found } = this.#visit
    const { status } = answer
    const headers = new Headers(answer.headers)
    const freshness = new Freshness({ status, headers }, this.#settings)
    const plan = await this.#plan(context, status, headers, freshness)
    const told: Status = found === undefined ? { fwd } : { fwd, fwdStatus: status }
    if (plan === undefined) {
      const refused = answerWhole(request, answer, { ...told, detail: this.refused! }, this.#settings)
      if (this.#awaited === undefined) void answer.body?.cancel().catch(() => {})
      else this.#awaited.resolve(refused)
      return status >= 500 ? { failed: status } : undefined
    }
    const [own, others] = this.#awaited === undefined ? [answer.body] : (answer.body?.tee() ?? [null, null])
    if (this.#awaited !== undefined) {
      const { statusText } = answer
      // Copied, because some runtimes keep the headers that they are given, and these are stored.
      const live = new Response(others ?? null, { status, statusText, headers: new Headers(headers) })
      this.#awaited.resolve(
        answerWhole(request, live, { ...told, ttl: freshness.ttl, stored: true }, this.#settings),
      )
    }
    let body: Uint8Array | undefined
    try {
      body = await readBody(own, this.#settings.maxBodyBytes)
    } catch {
      // It broke off, which the caller sees as it would without a cache.
    }
    const length = headers.get('content-length')
    if (body === undefined || (length !== null && Number(length) !== body.byteLength)) {
      this.refused = 'size'
      context.doNotStore()
      return undefined
    }
    return this.#stored({ status, headers }, body, plan, answer)
  }

  // Sets how long and with which tags the response is stored; `undefined` = it is not. It names the reason then.
  async #plan(
    context: LoadContext,
    status: number,
    headers: Headers,
    freshness: Freshness,
  ): Promise<number | undefined> {
    const { request, keys, key, found } = this.#visit
    const settings = this.#settings
    const tags = this.#tags({ status, headers })
    const { freshMs } = freshness
    const graceMs = graceOf(freshness, headers, settings)
    const ttlMs = Math.max(1, freshMs)
    this.refused = refusal(request, { status, headers }, freshness, settings)
    const isVariant = key !== keys.first
    const all = [...(tags ?? []), ...(isVariant ? [keys.tag] : [])]
    if (this.#isLate) this.refused ??= 'late'
    if (this.refused === undefined && (tags === undefined || !areTags(all))) this.refused = 'tags'
    if (this.refused === undefined && isVariant && found === undefined) {
      const ttl = { milliseconds: Math.ceil(ttlMs + graceMs) }
      const count = await this.#space.increment(keys.count, 1, { ttl, tags: all })
      if (count === undefined || count > settings.maxVariants) this.refused = 'variants'
    }
    if (this.refused !== undefined) {
      context.doNotStore()
      return undefined
    }
    context.setTtl({ milliseconds: ttlMs })
    context.setGrace(graceMs === 0 ? false : { milliseconds: graceMs })
    if (all.length > 0) context.setTags(all)
    return ttlMs
  }

  // Returns the tags of the headers and the option, and notes for clients those of the option; `undefined` = it failed.
  #tags(head: Head): readonly string[] | undefined {
    const { tags, sendTags } = this.#settings
    const named = tagsIn(head.headers)
    if (tags === undefined) return named
    try {
      const given: unknown = tags(this.#visit.request, head) ?? []
      if (!isList(given)) throw new TypeError(`it returned ${inspect(given)}, not a list of tags`)
      const all = [...new Set([...named, ...(given as string[])])]
      const told = all.filter((tag) => canBeTold(tag, sendTags))
      if (told.length > 0) head.headers.set('cache-tag', told.join(','))
      return all
    } catch (error) {
      this.#runtime.trouble.hostFailed(error, 'tags')
      return undefined
    }
  }

  #stored({ status, headers }: Head, body: Uint8Array, ttlMs: number, answer: Response): StoredResponse {
    const { request } = this.#visit
    const kept = storableHeaders(headers).filter(([name]) => !isOfFront(answer, name))
    const age = headers.get('age')
    if (age !== null) kept.push(['age', age])
    if (!headers.has('etag') && status === 200) kept.push(['etag', etagOf(body)])
    const vary = selectingOf(request, selectingNames(headers) ?? [])
    return { status, headers: kept, body, ttlMs, vary, canValidate: canValidate(headers) }
  }
}

/**
 * Returns an answer of a handler with a date. A body that `fetch` has decoded is no longer encoded, though its headers say so.
 */
export function received(answer: Response, nowMs: number): Response {
  if (answer.status < 200) return answer
  const wasDecoded = answer.url !== '' && answer.headers.has('content-encoding')
  const date = answer.headers.get('date') ?? new Date(nowMs).toUTCString()
  try {
    if (answer.url === '') {
      answer.headers.set('date', date)
      return answer
    }
  } catch {
    // The headers of `Response.redirect()` can't be changed, as those of what `fetch` returns.
  }
  const { body, status, statusText } = answer
  const headers = new Headers(answer.headers)
  headers.set('date', date)
  if (wasDecoded) for (const name of ['content-encoding', 'content-length']) headers.delete(name)
  return new Response(body, { status, statusText, headers })
}

// Other tags would become several, or none at all, in the header.
function canBeTold(tag: string, header: TagHeader | false): boolean {
  return (header === 'Surrogate-Key' ? /^[!-+\--~]+$/ : /^[!-+\--~]+(?: +[!-+\--~]+)*$/).test(tag)
}

function areTags(tags: readonly string[]): boolean {
  try {
    checkTags(tags, 'tags')
    return true
  } catch {
    return false
  }
}
