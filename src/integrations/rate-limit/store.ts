import type { BaseCache } from '../../cache/base-cache.ts'
import { HitCounter, type Hits } from './hit-counter.ts'
import { storeSettings, type RateLimitStoreOptions, type StoreSettings } from './store-options.ts'

const DEFAULT_WINDOW_MS = 60_000

/** The count of a key, as express-rate-limit and hono-rate-limiter read it. */
export interface ClientHits {
  totalHits: number
  resetTime: Date
}

/** A store for express-rate-limit and hono-rate-limiter. */
export class RateLimitStore {
  /** The name of the limiter, by which the host tells stores apart. */
  readonly prefix: string
  /** Whether only this store sees its counts: other processes do, too. */
  readonly localKeys: boolean = false
  readonly #settings: StoreSettings
  #counter: HitCounter | undefined

  /** @throws OptionsError for anything that is not a cache, and for wrong options. */
  constructor(cache: BaseCache, options: RateLimitStoreOptions) {
    this.#settings = storeSettings(cache, options)
    this.prefix = `${this.#settings.name}:`
  }

  /** Takes the window, in milliseconds, from the options of the host. */
  init(options: { readonly windowMs?: number | undefined }): void {
    const { windowMs } = options
    if (typeof windowMs === 'number' && windowMs >= 1)
      this.#counter = new HitCounter(this.#settings, Math.ceil(windowMs))
  }

  /** Returns the count of a key; `undefined` = none. */
  async get(key: string): Promise<ClientHits | undefined> {
    const hits = await this.#counts.read(key)
    return hits.count === 0 ? undefined : this.#answer(hits)
  }

  /** Counts a request of a key. */
  async increment(key: string): Promise<ClientHits> {
    return this.#answer(await this.#counts.hit(key))
  }

  /** Takes back a request of a key. */
  async decrement(key: string): Promise<void> {
    await this.#counts.takeBack(key)
  }

  /** Forgets a key. */
  async resetKey(key: string): Promise<void> {
    await this.#counts.forget(key)
  }

  get #counts(): HitCounter {
    return (this.#counter ??= new HitCounter(this.#settings, DEFAULT_WINDOW_MS))
  }

  #answer({ count, resetMs }: Hits): ClientHits {
    return { totalHits: count, resetTime: new Date(this.#settings.store.clock.wallNow() + resetMs) }
  }
}

/**
 * Returns a store for express-rate-limit or hono-rate-limiter, which counts on the server of the cache. Give each
 * limiter a store of its own.
 * @throws OptionsError for anything that is not a cache, and for wrong options.
 */
export function rateLimitStore(cache: BaseCache, options: RateLimitStoreOptions): RateLimitStore {
  return new RateLimitStore(cache, options)
}
