import type { BaseCache } from '../../cache/base-cache.ts'
import { OptionsError } from '../../core/errors.ts'
import { isRecord } from '../../internal/objects.ts'
import { HitCounter } from '../rate-limit/hit-counter.ts'
import { storeSettings, type RateLimitStoreOptions, type StoreSettings } from '../rate-limit/store-options.ts'

/** The callback of @fastify/rate-limit. */
export type Counted = (error: Error | null, result?: { current: number; ttl: number }) => void

/** A store of @fastify/rate-limit. */
export interface FastifyStore {
  /** Counts a request of a key in a window of `timeWindow` milliseconds. */
  incr(key: string, counted: Counted, timeWindow: number, max: number): void
  /** Tells the count of a key. */
  read(key: string, counted: Counted, timeWindow: number): void
  /** Returns the store of a route. */
  child(routeOptions: unknown): FastifyStore
}

/** The class that @fastify/rate-limit takes. */
export type FastifyStoreClass = new (options: unknown) => FastifyStore

/** The most windows of different lengths that are known at a time. */
const MOST_WINDOWS = 100

/** The counters of one limiter, by the lengths of their windows, which a route may compute for each request. */
class Counters {
  readonly #settings: StoreSettings
  readonly #counters = new Map<number, HitCounter>()

  constructor(settings: StoreSettings) {
    this.#settings = settings
  }

  of(timeWindow: number): HitCounter {
    const windowMs = Math.max(1, Math.ceil(timeWindow))
    let counter = this.#counters.get(windowMs)
    if (counter === undefined) {
      if (this.#counters.size >= MOST_WINDOWS) this.#counters.clear()
      counter = new HitCounter(this.#settings, windowMs)
      this.#counters.set(windowMs, counter)
    }
    return counter
  }
}

/**
 * Returns a store for @fastify/rate-limit, which counts on the server of the cache: `store: rateLimitStore(cache, {
 * name: 'api' })`. `exponentialBackoff` is refused when the plugin is registered.
 * @throws OptionsError for anything that is not a cache, and for wrong options.
 */
export function rateLimitStore(cache: BaseCache, options: RateLimitStoreOptions): FastifyStoreClass {
  const counters = new Counters(storeSettings(cache, options))
  let unnamed = 0

  class Store implements FastifyStore {
    readonly #continueExceeding: boolean
    readonly #route: string

    constructor(given: unknown, route: string = '') {
      const { continueExceeding, exponentialBackoff } = fieldsOf(given)
      if (exponentialBackoff === true)
        throw new OptionsError('rateLimitStore: exponentialBackoff: true is not supported; it must be false')
      this.#continueExceeding = continueExceeding === true
      this.#route = route
    }

    incr(key: string, counted: Counted, timeWindow: number, max: number): void {
      answer(this.#hit(`${this.#route}${key}`, timeWindow, max), counted)
    }

    read(key: string, counted: Counted, timeWindow: number): void {
      answer(counters.of(timeWindow).read(`${this.#route}${key}`).then(told), counted)
    }

    child(routeOptions: unknown): FastifyStore {
      const { routeInfo } = fieldsOf(routeOptions)
      const { method, url } = fieldsOf(routeInfo)
      // A limiter without a route is told from others by the order in which they are made.
      const route = typeof url === 'string' ? `${[method].flat().join()} ${url}` : `~${++unnamed}`
      return new Store(routeOptions, `${route} `)
    }

    async #hit(key: string, timeWindow: number, max: number): Promise<{ current: number; ttl: number }> {
      const counter = counters.of(timeWindow)
      const { count, resetMs, isRefused } = await counter.hit(key)
      const current = isRefused ? max + 1 : count
      if (!this.#continueExceeding || current <= max) return { current, ttl: resetMs }
      await counter.block(key, timeWindow)
      return { current, ttl: timeWindow }
    }
  }
  return Store
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? { ...value } : {}
}

function told({ count, resetMs }: { readonly count: number; readonly resetMs: number }): {
  current: number
  ttl: number
} {
  return { current: count, ttl: count === 0 ? 0 : resetMs }
}

function answer(hits: Promise<{ current: number; ttl: number }>, counted: Counted): void {
  hits.then(
    (result) => {
      counted(null, result)
    },
    (error: unknown) => {
      counted(error instanceof Error ? error : new Error(String(error)))
    },
  )
}
