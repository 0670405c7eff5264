import CachePolicy from 'http-cache-semantics'
import { readDirectives, secondsOf, writeDirectives, type Directives } from './directives.ts'
import type { HttpSettings } from './options.ts'
import type { Head } from './stored-response.ts'

/** The status codes whose responses are fresh for the option `ttl` if they do not say for how long. */
const FRESH_BY_DEFAULT = new Set([200, 203, 300, 301, 308])
/** The answers of a handler in trouble, in whose place a stale response may be served. */
const TROUBLE = new Set([500, 502, 503, 504])

/** The policy of RFC 9111, at an age of the entry that the cache knows, rather than by the host's clock. */
class Policy extends CachePolicy {
  residentMs: number | undefined

  now(): number {
    return this.residentMs ?? 0
  }
}

/** The ways to use a stored response for a request. */
export type Use = 'fresh' | 'stale' | 'validate'

/** The freshness of a response. */
export class Freshness {
  /** The caching directives of the response, with the defaults of the options. */
  readonly directives: Directives
  readonly #policy: Policy

  constructor({ status, headers }: Head, settings: HttpSettings, residentMs = 0) {
    const directives = directivesOf({ status, headers }, settings)
    this.directives = directives
    const seen: Record<string, string> = {}
    for (const name of ['expires', 'date', 'age']) {
      const value = headers.get(name)
      if (value !== null) seen[name] = value
    }
    // The policy has these two validate even a fresh response.
    const told = new Map(directives)
    told.delete('must-revalidate')
    told.delete('proxy-revalidate')
    seen['cache-control'] = writeDirectives(told)
    const options = { shared: true, cacheHeuristic: 0, immutableMinTimeToLive: 0 }
    this.#policy = new Policy({ method: 'GET', headers: {} }, { status, headers: seen }, options)
    this.#policy.residentMs = residentMs
  }

  /** Whether the response may be stored, as far as status and directives say. */
  get isStorable(): boolean {
    return this.#policy.storable()
  }

  /** The age in seconds, for the header `Age`. */
  get age(): number {
    return Math.max(0, Math.floor(this.#policy.age()))
  }

  /** The seconds for which it is still fresh; negative = stale. */
  get ttl(): number {
    return Math.ceil(this.#policy.maxAge() - this.#policy.age()) + 0
  }

  /** The milliseconds for which it is fresh from now on. */
  get freshMs(): number {
    return Math.max(0, Math.round((this.#policy.maxAge() - this.#policy.age()) * 1000))
  }

  /** The milliseconds for which it may be served as stale after that, while it is loaded anew or as that fails. */
  get staleMs(): number {
    const { directives } = this
    const seconds = ['stale-while-revalidate', 'stale-if-error'].map((name) =>
      secondsOf(directives.get(name)),
    )
    return Math.max(...seconds) * 1000
  }

  /** Returns how the response may answer a request with these directives. */
  use(request: Directives): Use {
    const asked = new Map(request)
    // Without these, the client may accept a response that is stale.
    const isStrict = ['must-revalidate', 'proxy-revalidate', 's-maxage', 'no-cache']
    if (isStrict.some((name) => this.directives.has(name))) asked.delete('max-stale')
    const { revalidation } = this.#policy.evaluateRequest({
      method: 'GET',
      headers: { 'cache-control': writeDirectives(asked) },
    })
    if (revalidation === undefined) return 'fresh'
    return revalidation.synchronous ? 'validate' : 'stale'
  }

  /** Whether it may be served in place of an answer with this status. */
  mayReplace(status: number): boolean {
    const seconds = secondsOf(this.directives.get('stale-if-error'))
    return TROUBLE.has(status) && this.#policy.maxAge() + seconds > this.#policy.age()
  }
}

/** Returns what a request says of caches. `Pragma: no-cache` counts if it says nothing else. */
export function requestDirectives({ headers }: Request): Directives {
  const field = headers.get('cache-control')
  const pragma = field === null && /\bno-cache\b/i.test(headers.get('pragma') ?? '')
  return readDirectives(pragma ? 'no-cache' : field)
}

function directivesOf({ status, headers }: Head, settings: HttpSettings): Directives {
  const field = headers.get('cache-control')
  const directives = readDirectives(field)
  const saysNothing = field === null && !headers.has('expires') && !headers.has('pragma')
  if (saysNothing && settings.ttlMs !== undefined && FRESH_BY_DEFAULT.has(status))
    directives.set('max-age', String(Math.ceil(settings.ttlMs / 1000)))
  if (field === null && /\bno-cache\b/i.test(headers.get('pragma') ?? '')) directives.set('no-cache', '')
  for (const name of ['max-age', 's-maxage'])
    if (directives.has(name)) directives.set(name, String(secondsOf(directives.get(name))))
  const isStrict = ['must-revalidate', 'proxy-revalidate', 'no-cache'].some((name) => directives.has(name))
  for (const [name, ms] of [
    ['stale-while-revalidate', settings.staleWhileRevalidateMs],
    ['stale-if-error', settings.staleIfErrorMs],
  ] as const) {
    if (isStrict) directives.delete(name)
    else if (!directives.has(name) && !directives.has('s-maxage') && ms > 0)
      directives.set(name, String(Math.ceil(ms / 1000)))
  }
  return directives
}
