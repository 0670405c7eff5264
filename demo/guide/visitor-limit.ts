import type { BaseCache } from 'cachette'

export interface LimitOptions {
  /** Requests that a visitor has in a window. */
  readonly limit: number
  /** Length of the window, for example `'10s'`. It begins with the first request of a visitor. */
  readonly window: string
}

/** Counts the requests of each visitor: a counter whose ttl begins when it is new and is never prolonged. */
export class VisitorLimit {
  readonly #counters: BaseCache<number>
  readonly #options: LimitOptions

  constructor(cache: BaseCache, options: LimitOptions) {
    this.#counters = cache.namespace('visits')
    this.#options = options
  }

  /** Seconds to wait, or 0 for a request that is within the limit. */
  async retryAfter(visitor: string): Promise<number> {
    const count = await this.#counters.increment(visitor, 1, this.#options.window)
    // `undefined`: no store can count at the moment. The guide rather answers than refuses everybody.
    if (count === undefined || count <= this.#options.limit) return 0
    const seconds = await this.#counters.ttl(visitor)
    return Math.max(1, Math.ceil(seconds ?? 1))
  }
}
