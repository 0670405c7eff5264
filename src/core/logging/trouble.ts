import type { Counters } from '../counters.ts'
import { StoreUnavailableError, isCacheError, type CacheError, type SerializationError } from '../errors.ts'
import { Condition, isToldElsewhere, type Log, type ConditionTexts } from './log.ts'
import { isPromise, type MaybePromise } from '../promise.ts'

/** The behaviour of a cache if its store fails: to go on without it, or to tell the caller. */
export type OnError = 'ignore' | 'throw'

/**
 * The time after the last failure until the store counts as back, even if the failed operations were not called again.
 */
const QUIET_MS = 60_000
/** The most classes and kinds that are counted apart. All others are counted together. */
const MOST_KINDS = 100
const OTHER_KINDS = 'other'

const FAILING: ConditionTexts = {
  level: 'warn',
  began: 'the store fails; reads miss and writes answer false until it is back',
  ended: 'the store is back',
}

/**
 * Counts failures of the store, and throws them if the caller asked for it. The connection to a server logs its own
 * failures. Failures of a store without connections are logged here, once for each transition.
 */
export class Trouble {
  readonly #log: Log
  readonly #counters: Counters
  readonly #onError: OnError
  readonly #hasConnections: boolean
  readonly #fails: Condition
  /** The failing operations. A store that serves reads and refuses writes is one transition. */
  readonly failing: Set<string> = new Set()
  #lastFailureMs = 0

  /**
   * `hasConnections` says whether the store's connections report a server that is lost, silent or back. If so, a call
   * that is served proves nothing, because a tier of this process may have served it.
   */
  constructor(log: Log, counters: Counters, onError: OnError, hasConnections: boolean) {
    this.#log = log
    this.#fails = new Condition(log)
    this.#counters = counters
    this.#onError = onError
    this.#hasConnections = hasConnections
  }

  /** Returns the store's answer, or `undefined` if it fails. @throws StoreUnavailableError under `onError: 'throw'`. */
  attempt<T>(
    operation: string,
    call: () => MaybePromise<T>,
    counters?: Counters,
  ): MaybePromise<T | undefined> {
    try {
      const answer = call()
      if (isPromise(answer)) return this.#attemptLater(operation, answer, counters)
      this.served(operation)
      return answer
    } catch (error) {
      return this.failed(operation, error, counters)
    }
  }

  /** Counts and logs a failure of `operation`. @throws StoreUnavailableError under `onError: 'throw'`. */
  failed(operation: string, error: unknown, counters?: Counters): undefined {
    this.note(operation, error, counters)
    if (this.#onError === 'ignore') return undefined
    throw isCacheError(error)
      ? error
      : new StoreUnavailableError(`${operation}: the store failed`, { cause: error })
  }

  /** Counts and logs a failure, and never throws, because no caller waits for the work. */
  note(operation: string, error: unknown, counters: Counters = this.#counters): void {
    counters.errors++
    if (isToldElsewhere(error)) return
    if (this.#hasConnections) {
      const topic = `refused: ${String((error as { readonly reason?: unknown } | undefined)?.reason)}`
      this.#log.notice('warn', { operation, err: error }, 'the store failed to execute an operation', topic)
      return
    }
    this.#lastFailureMs = this.#log.clock.now()
    this.failing.add(operation)
    this.#fails.begin(FAILING, { operation, err: error })
    this.#fails.failed()
  }

  /** Notes that the store served `operation`. The store is back if all failed operations are served again. */
  served(operation: string): void {
    if (this.failing.size === 0) return
    this.failing.delete(operation)
    const isQuiet = this.#log.clock.now() - this.#lastFailureMs >= QUIET_MS
    if (this.failing.size > 0 && !isQuiet) return
    this.failing.clear()
    this.#fails.end()
  }

  /**
   * Counts a value that can't be stored, and logs it once for each class or kind. @throws the error under
   * `onError: 'throw'`.
   */
  unstorable(operation: string, key: string, error: SerializationError, counters: Counters): void {
    const known = counters.unstorable
    const kind = known.has(error.kind) || known.size < MOST_KINDS ? error.kind : OTHER_KINDS
    const count = known.get(kind) ?? 0
    known.set(kind, count + 1)
    if (count === 0) this.#log.write('warn', { operation, key, err: error }, 'a value can not be stored')
    if (this.#onError === 'throw') throw error
  }

  /**
   * Counts and logs a stored value that does not fit the operation. @throws StoreUnavailableError under
   * `onError: 'throw'`.
   */
  misfit(operation: string, key: string, message: string, counters: Counters): void {
    counters.errors++
    const error = new StoreUnavailableError(`${operation}: ${message}`)
    const details = { operation, key, err: error }
    this.#log.notice('warn', details, 'a stored value does not fit', `misfit: ${operation}`)
    if (this.#onError === 'throw') throw error
  }

  /** Counts and logs an entry that this process can't read and takes for absent. Its readers need not know. */
  unreadable(operation: string, key: string, cause: unknown, counters: Counters): void {
    counters.unreadable++
    const message = 'an entry can not be read and is taken for absent'
    this.#log.notice('warn', { operation, key, err: cause }, message)
  }

  /** Counts and logs an invalid computed option, because of which a loaded value is not stored. */
  unfit(key: string, error: CacheError, counters: Counters): void {
    counters.errors++
    this.#log.notice('warn', { operation: 'load', key, err: error }, 'a loaded value is not stored')
  }

  /** Logs the failure of a load in the background, because no caller gets its error. */
  refreshFailed(key: string, error: unknown): void {
    const message = 'a refresh in the background failed; the stale value is served'
    this.#log.notice('warn', { key, err: error }, message)
  }

  /** Logs the failure of a listener. */
  listenerFailed(event: string, error: unknown): void {
    this.#log.notice('error', { event, err: error }, 'a listener has failed')
  }

  /** Logs the failure of the host's `waitUntil`. The work goes on without it. */
  hostFailed(error: unknown, option = 'waitUntil'): void {
    this.#log.notice('warn', { err: error }, `${option} has failed`)
  }

  async #attemptLater<T>(
    operation: string,
    pending: PromiseLike<T>,
    counters: Counters | undefined,
  ): Promise<T | undefined> {
    try {
      const answer = await pending
      this.served(operation)
      return answer
    } catch (error) {
      return this.failed(operation, error, counters)
    }
  }
}
