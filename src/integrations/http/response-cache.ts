import { scopeOf, type BaseCache } from '../../cache/base-cache.ts'
import type { Runtime } from '../../cache/runtime.ts'
import { handOver } from '../../core/background.ts'
import { inTime, LATE } from '../../core/time/in-time.ts'
import { ExpiringMap } from '../../internal/expiring-map.ts'
import { runtimeOf } from '../shared/check-cache.ts'
import { answerFrom, answerThrough, type Status } from './answers.ts'
import type { Directives } from './directives.ts'
import { Freshness, requestDirectives } from './freshness.ts'
import { nameOf, ResourceKeys } from './keys.ts'
import { Load, received, type Loaded } from './load.ts'
import { settingsOf, spaceOf, type HttpSettings, type ResponseCacheOptions } from './options.ts'
import { isLasting, refusal, refusedCredential } from './shareable.ts'
import { matches, selectingOf, type StoredResponse } from './stored-response.ts'
import { Awaited, type Found, type Handler, type Host, type Visit } from './visit.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])
/** The time for which requests do not wait for each other, once a response was for its own caller only. */
const PASS_MS = 10_000
/** The longest time for which a load is under way. A handler may never answer, and nobody else would store its page. */
const LONGEST_LOAD_MS = 60_000
const NOTHING_ASKED: Directives = new Map()
/** The reasons for which a response that is stored already is removed. */
const REMOVING = new Set(['private', 'no-store', 'set-cookie', 'vary', 'not-fresh'])

/**
 * The shared cache of HTTP (RFC 9111) before a handler: `responses.handle(request, handler)`. A response is stored only if
 * it is for everybody. Every other one reaches only the caller of its own request.
 */
export class ResponseCache {
  readonly #settings: HttpSettings
  readonly #space: BaseCache<Loaded>
  readonly #runtime: Runtime
  // Requests whose last response was for its own caller only.
  readonly #passes = new ExpiringMap<true>()

  /** @throws OptionsError for anything that is not a cache, and for wrong options. */
  constructor(cache: BaseCache, options: ResponseCacheOptions = {}) {
    this.#settings = settingsOf(cache, options, 'ResponseCache')
    this.#space = spaceOf(cache, this.#settings) as BaseCache<Loaded>
    this.#runtime = runtimeOf(cache, 'ResponseCache: cache')
  }

  /**
   * Answers a request from the cache, or with the handler's response. A request with a method that changes something
   * removes what is stored of its URL.
   * @throws the handler's error.
   */
  async handle(request: Request, next: Handler, host: Host = {}): Promise<Response> {
    const { headers, method } = request
    if (!SAFE.has(method)) return this.#change(request, next)
    if (method !== 'GET' && method !== 'HEAD') return this.#through(request, next, { fwd: 'method' })
    if (this.#settings.skip?.(request) === true) return this.#through(request, next, { fwd: 'bypass' })
    if (headers.has('range')) return this.#through(request, next, { fwd: 'bypass', detail: 'range' })
    const isOther = ['if-match', 'if-unmodified-since', 'upgrade', 'transfer-encoding'].some((name) =>
      headers.has(name),
    )
    // A body is no part of the key.
    if (isOther || Number(headers.get('content-length') ?? 0) > 0)
      return this.#through(request, next, { fwd: 'bypass' })
    return this.#read(request, next, host)
  }

  /** Returns a handler that answers by {@link ResponseCache.handle}. Further arguments go to `handler`. */
  wrap<Rest extends unknown[]>(
    handler: (request: Request, ...rest: Rest) => Response | PromiseLike<Response>,
  ): (request: Request, ...rest: Rest) => Promise<Response> {
    return (request, ...rest) => this.handle(request, (one) => handler(one, ...rest))
  }

  /**
   * Removes the responses of a URL, and voids the loads of it that are under way. The option `key` may need the headers
   * of a request. Never rejects for a store in trouble.
   */
  async invalidate(url: string | URL | Request): Promise<void> {
    await this.#forget(new Request(url))
  }

  async #read(request: Request, next: Handler, host: Host): Promise<Response> {
    const keys = this.#keysOf(request)
    const settings = this.#settings
    const asked = settings.ignoreRequestDirectives ? NOTHING_ASKED : requestDirectives(request)
    const { found, key, fwd } = await this.#find(request, keys)
    const visit: Visit = { request, next, host, keys, key, fwd, found }
    if (found !== undefined) {
      const { stored, freshness } = found
      const credential = refusedCredential(request, freshness, settings)
      if (credential !== undefined)
        return this.#through(request, next, { fwd: 'request', detail: credential })
      const use = freshness.use(asked)
      if (use === 'stale' && !this.#refresh(visit) && request.method !== 'HEAD') return this.#load(visit)
      if (use !== 'validate') return answerFrom(request, stored, freshness, { hit: true }, settings)
    }
    if (asked.has('only-if-cached')) {
      const none = new Response(null, { status: 504 })
      return answerThrough(none, { detail: 'only-if-cached' }, settings)
    }
    if (request.method === 'HEAD') return this.#through(request, next, { fwd })
    if (this.#isPassing(visit)) return this.#alone(visit)
    return this.#load(visit)
  }

  /** Returns the stored response for a request, or else the key for one and why there is none. */
  async #find(request: Request, keys: ResourceKeys): Promise<Pick<Visit, 'found' | 'key' | 'fwd'>> {
    const first = await this.#get(keys.first)
    if (first === undefined) return { found: undefined, key: keys.first, fwd: 'uri-miss' }
    const key = this.#keyOf(request, keys, first.stored)
    if (key === keys.first) return { found: first, key, fwd: forwardingOf(first) }
    const found = await this.#get(key)
    if (found === undefined || !matches(request, found.stored))
      return { found: undefined, key, fwd: 'vary-miss' }
    return { found, key, fwd: forwardingOf(found) }
  }

  // Returns the key of the response for a request, by the first response of the resource.
  #keyOf(request: Request, keys: ResourceKeys, first: StoredResponse): string {
    if (matches(request, first)) return keys.first
    const names = first.vary.map(([name]) => name)
    return keys.variant(selectingOf(request, names))
  }

  async #get(key: string): Promise<Found | undefined> {
    try {
      const { value, remainingMs = 0 } = await this.#space.get(key, { stale: true, result: 'full' })
      if (value === undefined || value === null || 'failed' in value) return undefined
      const head = { status: value.status, headers: new Headers(value.headers as [string, string][]) }
      const residentMs = Math.max(0, value.ttlMs - remainingMs)
      return { key, stored: value, freshness: new Freshness(head, this.#settings, residentMs) }
    } catch {
      // Only a closed cache rejects. Its requests go to the handler.
      return undefined
    }
  }

  /**
   * Loads the response for this caller and for those who ask meanwhile. If another caller's load is under way, this one
   * waits for it, and calls its handler itself if the response turns out not to be for everybody.
   */
  async #load(visit: Visit, isSecond = false): Promise<Response> {
    const { request, keys, key, found, fwd, host } = visit
    const settings = this.#settings
    const awaited = new Awaited()
    let part: 'waiting' | 'leading' | 'gone' = 'waiting'
    const loading = this.#fill(visit, fwd === 'request', awaited, () => {
      if (part !== 'waiting') return false
      part = 'leading'
      return true
    })
    const first = await Promise.race([
      awaited.response,
      inTime(loading, settings.waitMs, this.#runtime.timers),
    ])
    // The compiler does not see that the loader changes it.
    if ((part as string) === 'leading') {
      this.#keepAlive(loading, host)
      return awaited.response
    }
    part = 'gone'
    if (first === undefined || first === LATE || first instanceof Response) return this.#alone(visit)
    if ('failed' in first) {
      if (found?.freshness.mayReplace(first.failed) !== true) return this.#alone(visit)
      const status = { fwd, fwdStatus: first.failed, collapsed: true }
      return answerFrom(request, found.stored, found.freshness, status, settings)
    }
    if (!matches(request, first)) {
      const other = this.#keyOf(request, keys, first)
      if (isSecond || other === key) return this.#alone(visit)
      return this.#load({ ...visit, key: other, found: undefined, fwd: 'vary-miss' }, true)
    }
    const head = { status: first.status, headers: new Headers(first.headers as [string, string][]) }
    const freshness = new Freshness(head, settings)
    if (
      refusedCredential(request, freshness, settings) !== undefined ||
      freshness.use(NOTHING_ASKED) === 'validate'
    )
      return this.#alone(visit)
    return answerFrom(request, first, freshness, { fwd, collapsed: true }, settings)
  }

  /** Loads a response in the background. `false` = the host can't, and nobody does, so that a caller must. */
  #refresh(visit: Visit): boolean {
    const { host } = visit
    if (host.refresh === false) {
      const scope = scopeOf(this.#space)
      return scope !== undefined && this.#runtime.pipeline.isUnderWay(scope.key(visit.key))
    }
    this.#keepAlive(this.#fill(visit, false), host)
    return true
  }

  // Never rejects. A cache in trouble loads nothing then, or has nothing to share.
  async #fill(
    visit: Visit,
    forceRefresh: boolean,
    awaited?: Awaited,
    begins: () => boolean = () => true,
  ): Promise<Loaded | undefined> {
    const load = new Load(visit, this.#settings, this.#space, this.#runtime, awaited)
    try {
      const loaded = await this.#space.getOrSet(
        visit.key,
        async (context) => {
          if (!begins()) {
            context.doNotStore()
            return undefined
          }
          const result = await inTime(load.run(context), LONGEST_LOAD_MS, this.#runtime.timers)
          if (result === LATE) {
            load.giveUp()
            context.doNotStore()
            return undefined
          }
          this.#note(visit, load, awaited === undefined)
          return result
        },
        { forceRefresh },
      )
      return loaded ?? undefined
    } catch {
      return undefined
    }
  }

  #note(visit: Visit, { refused, error }: Load, isBackground: boolean): void {
    const { key, found } = visit
    if (error !== undefined && isBackground) this.#runtime.trouble.refreshFailed(key, error)
    const isRemoving = refused !== undefined && found !== undefined && REMOVING.has(refused)
    if (isRemoving) this.#space.delete(key).catch(() => {})
    this.#pass(visit, refused)
  }

  /** Calls the handler for this caller only. Its response is not stored. */
  async #alone(visit: Visit): Promise<Response> {
    const { request, next, fwd } = visit
    const answer = received(await next(request), this.#runtime.clock.wallNow())
    const head = { status: answer.status, headers: answer.headers }
    const reason = refusal(request, head, new Freshness(head, this.#settings), this.#settings)
    this.#pass(visit, reason)
    return answerThrough(answer, reason === undefined ? { fwd } : { fwd, detail: reason }, this.#settings)
  }

  async #forget(request: Request): Promise<void> {
    const keys = this.#keysOf(request)
    await Promise.all([this.#space.invalidate([keys.first, keys.count]), this.#space.invalidateTag(keys.tag)])
  }

  async #through(request: Request, next: Handler, status: Status): Promise<Response> {
    return answerThrough(await next(request), status, this.#settings)
  }

  /** Calls the handler of a request that changes something, and then removes what is stored of it (RFC 9111, 4.4). */
  async #change(request: Request, next: Handler): Promise<Response> {
    const answer = await next(request)
    if (answer.status >= 200 && answer.status < 400) {
      const { origin } = new URL(request.url)
      const named = ['location', 'content-location'].map((name) => answer.headers.get(name))
      const urls = new Set<string>()
      for (const url of named) {
        if (url === null || !URL.canParse(url, request.url)) continue
        const target = new URL(url, request.url)
        // A request can't have a login in its URL.
        target.username = target.password = ''
        if (target.origin === origin) urls.add(target.href)
      }
      const { headers } = request
      const targets = [...urls].map((url) => new Request(url, { headers }))
      // Only a closed cache rejects.
      await Promise.all([request, ...targets].map((one) => this.#forget(one))).catch(() => {})
    }
    return answerThrough(answer, { fwd: 'method' }, this.#settings)
  }

  #keysOf(request: Request): ResourceKeys {
    const text = this.#settings.key?.(request) ?? nameOf(request.url)
    return new ResourceKeys(text, this.#settings.namespace)
  }

  // Requests with credentials are told apart, because most of their responses are for one caller only.
  #passKey({ request, key }: Visit): string {
    return `${request.headers.has('authorization')} ${request.headers.has('cookie')} ${key}`
  }

  #isPassing(visit: Visit): boolean {
    return this.#passes.get(this.#passKey(visit), this.#runtime.clock.now()) === true
  }

  #pass(visit: Visit, reason: string | undefined): void {
    const key = this.#passKey(visit)
    if (reason === undefined) this.#passes.delete(key)
    else if (isLasting(reason)) {
      const nowMs = this.#runtime.clock.now()
      this.#passes.set(key, true, nowMs + PASS_MS, nowMs)
    }
  }

  #keepAlive(work: Promise<unknown>, host: Host): void {
    const inherited = scopeOf(this.#space)?.loadSettings(undefined, 'ResponseCache').waitUntil
    const waitUntil = host.waitUntil ?? this.#settings.waitUntil ?? inherited
    if (waitUntil !== undefined) handOver(waitUntil, work, (error) => this.#runtime.trouble.hostFailed(error))
  }
}

function forwardingOf({ freshness }: Found): 'request' | 'stale' {
  return freshness.freshMs > 0 ? 'request' : 'stale'
}
