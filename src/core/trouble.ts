import type { Clock } from './clock.ts'
import type { Counters } from './counters.ts'
import { StoreUnavailableError, isCacheError, type CacheError, type SerializationError } from './errors.ts'
import { report, type Logger } from './logger.ts'
import { isPromise, type MaybePromise } from './promise.ts'

/** What a cache does when its store fails: go on without it, or tell the caller. */
export type OnError = 'ignore' | 'throw'

/** How long after the last failure the store is back, though what failed has not been called again. */
const QUIET_MS = 60_000
/** The most classes and kinds that are counted apart; the rest is counted together. */
const MOST_KINDS = 100
const OTHER_KINDS = 'other'

/**
 * Where failures of the store end: counted each, logged once per transition (failing, back), and thrown
 * only for those who asked for it.
 */
export class Trouble {
  readonly #logger: Logger
  readonly #counters: Counters
  readonly #cache: string
  readonly #onError: OnError
  readonly #clock: Clock
  // By operation: a full or read-only server serves reads and refuses writes, which is one transition, not many.
  readonly #failing = new Set<string>()
  #lastFailureMs = 0
  readonly #misfits = new Set<string>()
  #refreshesFail = false
  #saysUnfit = false

  constructor(cache: string, logger: Logger, counters: Counters, onError: OnError, clock: Clock) {
    this.#cache = cache
    this.#logger = logger
    this.#counters = counters
    this.#onError = onError
    this.#clock = clock
  }

  /** What the store answers; `undefined` when it fails. @throws StoreUnavailableError under `onError: 'throw'`. */
  attempt<T>(operation: string, call: () => MaybePromise<T>): MaybePromise<T | undefined> {
    try {
      const answer = call()
      if (isPromise(answer)) return this.#attemptLater(operation, answer)
      this.served(operation)
      return answer
    } catch (error) {
      return this.failed(operation, error)
    }
  }

  /** The store failed to serve `operation`. @throws StoreUnavailableError under `onError: 'throw'`. */
  failed(operation: string, error: unknown): undefined {
    this.note(operation, error)
    if (this.#onError === 'ignore') return undefined
    throw isCacheError(error)
      ? error
      : new StoreUnavailableError(`${operation}: the store failed`, { cause: error })
  }

  /** The same for work that no caller waits for: nobody is told but the log. */
  note(operation: string, error: unknown): void {
    this.#counters.errors++
    this.#lastFailureMs = this.#clock.now()
    const isTransition = this.#failing.size === 0
    this.#failing.add(operation)
    if (!isTransition) return
    this.#log(
      'warn',
      { operation, error },
      'the store fails; reads miss and writes answer false until it is back',
    )
  }

  /** The store served `operation`: it is back when all that failed is served again. */
  served(operation: string): void {
    if (this.#failing.size === 0) return
    this.#failing.delete(operation)
    const isQuiet = this.#clock.now() - this.#lastFailureMs >= QUIET_MS
    if (this.#failing.size > 0 && !isQuiet) return
    this.#failing.clear()
    this.#log('info', {}, 'the store is back')
  }

  /** A value can't be stored; logged once for each class or kind. @throws the error under `onError: 'throw'`. */
  unstorable(operation: string, key: string, error: SerializationError): void {
    const known = this.#counters.unstorable
    const kind = known.has(error.kind) || known.size < MOST_KINDS ? error.kind : OTHER_KINDS
    const count = known.get(kind) ?? 0
    known.set(kind, count + 1)
    if (count === 0) this.#log('warn', { operation, key, error }, 'a value can not be stored')
    if (this.#onError === 'throw') throw error
  }

  /** What a key holds does not fit the operation; logged once for each operation. @throws under `onError: 'throw'`. */
  misfit(operation: string, key: string, message: string, options?: ErrorOptions): void {
    this.#counters.errors++
    const error = new StoreUnavailableError(`${operation}: ${message}`, options)
    if (!this.#misfits.has(operation))
      this.#log('warn', { operation, key, error }, 'a stored value does not fit')
    this.#misfits.add(operation)
    if (this.#onError === 'throw') throw error
  }

  /** A computed option can't be, so that a loaded value is not stored; logged once. */
  unfit(key: string, error: CacheError): void {
    this.#counters.errors++
    if (!this.#saysUnfit) this.#log('warn', { operation: 'load', key, error }, 'a loaded value is not stored')
    this.#saysUnfit = true
  }

  /** A load in the background has ended. Nobody gets its error, so that it is logged: once, until one succeeds. */
  refreshed(key: string, failure: readonly [error: unknown] | undefined): void {
    const isTransition = failure !== undefined && !this.#refreshesFail
    this.#refreshesFail = failure !== undefined
    if (!isTransition) return
    this.#log(
      'warn',
      { key, error: failure[0] },
      'a refresh in the background failed; the stale value is served',
    )
  }

  async #attemptLater<T>(operation: string, pending: PromiseLike<T>): Promise<T | undefined> {
    try {
      const answer = await pending
      this.served(operation)
      return answer
    } catch (error) {
      return this.failed(operation, error)
    }
  }

  #log(level: 'warn' | 'info', details: object, message: string): void {
    if (!report(this.#logger, level, { cache: this.#cache, ...details }, message)) this.#counters.errors++
  }
}
