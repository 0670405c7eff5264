import type { AtomicStore, LimitRule, StateKey } from '../../core/atomic-store.ts'
import type { RateLimitResult } from '../../core/limit-result.ts'
import { limiterSettings, stateKind } from '../../ratelimit/options.ts'
import { RateLimiter } from '../../ratelimit/rate-limiter.ts'
import { limitStep } from '../../ratelimit/steps.ts'
import { textKey } from '../shared/text-key.ts'
import type { StoreSettings } from './store-options.ts'

// A host decides by the count alone, so the limit is one that nobody reaches.
const LIMIT = 1_000_000_000

/** The requests of a key in a window that began with the first of them. */
export interface Hits {
  readonly count: number
  /** Milliseconds until the window ends. */
  readonly resetMs: number
  /** Whether the key is refused without a count: it is blocked, or the server is away and `'deny'` was chosen. */
  readonly isRefused: boolean
}

/** Counts requests in windows of one length, for hosts that decide by themselves. */
export class HitCounter {
  readonly #limiter: RateLimiter
  readonly #store: AtomicStore
  readonly #kind: string
  readonly #rules: readonly LimitRule[]
  readonly #windowMs: number

  constructor({ cache, store, name, whenUnavailable }: StoreSettings, windowMs: number) {
    const options = {
      name,
      algorithm: 'fixed-window',
      limit: LIMIT,
      window: { milliseconds: windowMs },
      blockList: false,
      whenUnavailable,
    } as const
    this.#limiter = new RateLimiter(cache, options)
    this.#store = store
    this.#rules = limiterSettings(options, store.logger).rules
    this.#kind = stateKind(name, this.#rules)
    this.#windowMs = windowMs
  }

  /** Counts a request. Never rejects for trouble of the store. */
  async hit(key: string): Promise<Hits> {
    const hits = this.#hitsOf(await this.#limiter.penalty(textKey(key)))
    return { ...hits, count: Math.max(1, hits.count) }
  }

  /** Returns the present count. */
  async read(key: string): Promise<Hits> {
    return this.#hitsOf(await this.#limiter.peek(textKey(key)))
  }

  /** Takes back one request, if any is counted. */
  async takeBack(key: string): Promise<void> {
    if ((await this.read(key)).count === 0) return
    const state: StateKey = { kind: this.#kind, key: textKey(key) }
    try {
      await this.#store.run(limitStep, state, { rules: this.#rules, mode: 'penalty', quantity: -1 })
    } catch {
      // The limiter has told the log already that the store is unavailable.
    }
  }

  /** Refuses a key for a time, in place of an earlier such time. */
  async block(key: string, forMs: number): Promise<void> {
    await this.#limiter.block(textKey(key), { milliseconds: forMs })
  }

  /** Forgets a key. */
  async forget(key: string): Promise<void> {
    await this.#limiter.reset(textKey(key))
  }

  // A guess without the store knows no count: 'allow' leaves the whole limit, and 'deny' nothing of it.
  #hitsOf({ remaining, resetMs, decidedBy }: RateLimitResult): Hits {
    const count = Math.max(0, LIMIT - remaining)
    return { count, resetMs: decidedBy === 'allow' ? this.#windowMs : resetMs, isRefused: remaining === 0 }
  }
}
