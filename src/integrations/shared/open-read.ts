import type { BaseCache } from '../../cache/base-cache.ts'
import type { Runtime } from '../../cache/runtime.ts'
import type { Timers } from '../../core/time/clock.ts'
import type { LoadContext } from '../../loading/load-context.ts'
import type { Duration } from '../../options/durations.ts'
import type { GetOrSetOptions } from '../../options/entry-options.ts'
import { NEVER_FAILS } from './never-fails.ts'

/** Milliseconds after which a host no longer stores the value that it has asked for. */
const LONGEST_MS = 30_000

/**
 * Switches off the options of a cache that need a loader which can be called at any time. The "loader" here is a query
 * that the host runs itself.
 */
const ONCE = {
  ...NEVER_FAILS,
  grace: false,
  refreshAhead: false,
  softTimeout: false,
} as const satisfies GetOrSetOptions

/**
 * A read of a host that asks first and stores later, in two calls. Between them it is a load of the cache, so that an
 * invalidation of the key or of a tag in between refuses the value.
 */
export class OpenRead {
  /** The value that was found; `undefined` = none. */
  value: unknown = undefined
  readonly #timers: Timers
  #context: LoadContext | undefined = undefined
  #answer: ((value: unknown) => void) | undefined = undefined
  #timer: unknown = undefined
  #isOver = false
  #stored: Promise<unknown> = Promise.resolve()

  private constructor(timers: Timers) {
    this.#timers = timers
  }

  /**
   * Reads a key. Without a value the load begins, and lasts until `fill` or `abandon`. Never rejects; trouble is noted under
   * the name of the adapter.
   */
  static async of(
    cache: BaseCache,
    key: string,
    options: GetOrSetOptions,
    { timers, trouble }: Runtime,
    adapter: string,
  ): Promise<OpenRead> {
    const read = new OpenRead(timers)
    await new Promise<void>((go) => {
      const load = (context: LoadContext): Promise<unknown> => {
        go()
        return read.#begin(context)
      }
      const loading = cache.getOrSet<unknown>(key, load, { ...options, ...ONCE })
      const end = (value: unknown): void => {
        if (read.#context === undefined) read.value = value
        go()
      }
      read.#stored = loading.then(end, (error: unknown) => {
        trouble.note(adapter, error)
        go()
      })
    })
    return read
  }

  /** Stores the value, for a ttl of its own if there is one; zero or less stores nothing. Never rejects. */
  async fill(value: unknown, ttl: Duration | undefined): Promise<void> {
    const context = this.#context
    if (context === undefined) return
    try {
      if (ttl !== undefined) context.setTtl(ttl)
      this.#end(value)
    } catch {
      this.abandon()
    }
    await this.#stored
  }

  /** Ends the load without a value. */
  abandon(): void {
    this.#context?.doNotStore()
    this.#end(undefined)
  }

  /** Whether the load has ended. */
  get isOver(): boolean {
    return this.#isOver
  }

  #begin(context: LoadContext): Promise<unknown> {
    this.#context = context
    this.#timer = this.#timers.set(() => this.abandon(), LONGEST_MS)
    return new Promise((resolve) => {
      this.#answer = resolve
    })
  }

  #end(value: unknown): void {
    this.#isOver = true
    this.#timers.clear(this.#timer)
    this.#answer?.(value)
  }
}
