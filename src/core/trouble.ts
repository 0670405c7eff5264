import type { Clock } from './clock.ts'
import type { Counters } from './counters.ts'
import { StoreUnavailableError, isCacheError, type CacheError, type SerializationError } from './errors.ts'
import { Condition, isToldElsewhere, Log, type ConditionTexts } from './log.ts'
import type { Logger } from './logger.ts'
import { isPromise, type MaybePromise } from './promise.ts'

/** What a cache does when its store fails: go on without it, or tell the caller. */
export type OnError = 'ignore' | 'throw'

/** How long after the last failure the store is back, though what failed has not been called again. */
const QUIET_MS = 60_000
/** The most classes and kinds that are counted apart; the rest is counted together. */
const MOST_KINDS = 100
const OTHER_KINDS = 'other'

const FAILING: ConditionTexts = {
  level: 'warn',
  began: 'the store fails; reads miss and writes answer false until it is back',
  ended: 'the store is back',
}

/** The facts about its store that a cache tells the log. */
export interface TroubleParts {
  /** Names the cache in the log. */
  readonly cache: string
  readonly logger: Logger
  readonly counters: Counters
  readonly onError: OnError
  readonly clock: Clock
  /**
   * Whether the connections of the store tell of a server that is lost, silent or back. A call that is served says nothing
   * then: a tier of this process may have served it.
   */
  readonly hasConnections: boolean
}

/**
 * Where failures of the store end: each is counted, and thrown for those who asked for it. The log is told by whoever knows
 * most: the connection to a server tells of it, and a store without connections is told of here, once for each transition.
 */
export class Trouble {
  readonly #log: Log
  readonly #counters: Counters
  readonly #onError: OnError
  readonly #clock: Clock
  readonly #hasConnections: boolean
  readonly #fails: Condition
  // By operation: a store may serve reads and refuse writes, which is one transition, not many.
  readonly #failing = new Set<string>()
  #lastFailureMs = 0

  constructor({ cache, logger, counters, onError, clock, hasConnections }: TroubleParts) {
    this.#log = new Log(logger, clock, () => ({ cache }))
    this.#fails = new Condition(this.#log)
    this.#counters = counters
    this.#onError = onError
    this.#clock = clock
    this.#hasConnections = hasConnections
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
    if (isToldElsewhere(error)) return
    if (this.#hasConnections) {
      const topic = `refused: ${String((error as { readonly reason?: unknown } | undefined)?.reason)}`
      this.#log.notice('warn', { operation, err: error }, 'the store did not do what it was asked', topic)
      return
    }
    this.#lastFailureMs = this.#clock.now()
    this.#failing.add(operation)
    this.#fails.begin(FAILING, { operation, err: error })
    this.#fails.failed()
  }

  /** The store served `operation`: it is back when all that failed is served again. */
  served(operation: string): void {
    if (this.#failing.size === 0) return
    this.#failing.delete(operation)
    const isQuiet = this.#clock.now() - this.#lastFailureMs >= QUIET_MS
    if (this.#failing.size > 0 && !isQuiet) return
    this.#failing.clear()
    this.#fails.end()
  }

  /** A value can't be stored; logged once for each class or kind. @throws the error under `onError: 'throw'`. */
  unstorable(operation: string, key: string, error: SerializationError): void {
    const known = this.#counters.unstorable
    const kind = known.has(error.kind) || known.size < MOST_KINDS ? error.kind : OTHER_KINDS
    const count = known.get(kind) ?? 0
    known.set(kind, count + 1)
    if (count === 0) this.#log.write('warn', { operation, key, err: error }, 'a value can not be stored')
    if (this.#onError === 'throw') throw error
  }

  /** Counts and logs a stored value that does not fit the operation. @throws StoreUnavailableError under `onError: 'throw'`. */
  misfit(operation: string, key: string, message: string): void {
    this.#counters.errors++
    const error = new StoreUnavailableError(`${operation}: ${message}`)
    const details = { operation, key, err: error }
    this.#log.notice('warn', details, 'a stored value does not fit', `misfit: ${operation}`)
    if (this.#onError === 'throw') throw error
  }

  /** A stored entry can't be read by this process, which takes it for absent. Its readers need not know. */
  unreadable(operation: string, key: string, cause: unknown): void {
    this.#counters.unreadable++
    const message = 'an entry can not be read and is taken for absent'
    this.#log.notice('warn', { operation, key, err: cause }, message)
  }

  /** A computed option can't be, so that a loaded value is not stored. */
  unfit(key: string, error: CacheError): void {
    this.#counters.errors++
    this.#log.notice('warn', { operation: 'load', key, err: error }, 'a loaded value is not stored')
  }

  /** A load in the background has failed. No caller gets its error, so that the log does. */
  refreshFailed(key: string, error: unknown): void {
    const message = 'a refresh in the background failed; the stale value is served'
    this.#log.notice('warn', { key, err: error }, message)
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
}
