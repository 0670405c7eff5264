import type { AtomicStore, LimitAnswer, LimitRequest, StateKey } from '../core/atomic-store.ts'
import type { Duration } from '../options/durations.ts'
import { OptionsError, RateLimitError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { checkKey } from '../keys/key.ts'
import { atomicOf } from '../options/checks.ts'
import type { RateLimitResult } from '../core/limit-result.ts'
import { LocalAtomicStore } from '../in-process/local-atomic-store.ts'
import { Condition, isToldElsewhere, Log, type ConditionTexts } from '../core/logging/log.ts'
import type { MaybePromise } from '../core/promise.ts'
import { BlockList } from './block-list.ts'
import {
  checkQuantity,
  limiterSettings,
  spanMs,
  stateKind,
  type LimiterSettings,
  type RateLimiterOptions,
} from './options.ts'
import { guess, resultOf } from './result.ts'
import { blockStep, limitStep, resetStep } from './steps.ts'

const FAILING: ConditionTexts = {
  level: 'warn',
  began: 'the store of the rate limiter fails',
  ended: 'the store of the rate limiter is back',
}

/**
 * Limits how often something may happen for a key. In memory it counts for this process. On Redis (and on the shared
 * tier of a tiered cache) it counts for all processes, by the clock of the server. A question costs one round trip for
 * any number of limits. A refused request is not counted.
 */
export class RateLimiter {
  readonly #store: AtomicStore
  readonly #settings: LimiterSettings
  readonly #kind: string
  readonly #blockList: BlockList | undefined
  #insurance: LocalAtomicStore | undefined
  readonly #fails: Condition
  /** The one state that all keys without room share. */
  #overflow: LocalAtomicStore | undefined

  /**
   * Takes any cache. The namespaces of a cache share its limiters, which their names tell apart.
   * @throws OptionsError for wrong options, and for a cache whose engine has no room for limits.
   */
  constructor(cache: { readonly atomic: AtomicStore | undefined }, options: RateLimiterOptions) {
    const store = atomicOf(cache, 'RateLimiter')
    if (store === undefined)
      throw new OptionsError('RateLimiter: the engine of this cache keeps no limits (it has no `atomic`)')
    this.#store = store
    this.#settings = limiterSettings(options, store.logger)
    const { name: limiter, logger } = this.#settings
    this.#fails = new Condition(new Log(logger, store.clock, () => ({ limiter })))
    this.#kind = stateKind(this.#settings.name, this.#settings.rules)
    const { blockListMs } = this.#settings
    if (store.isShared && blockListMs > 0) this.#blockList = new BlockList(blockListMs)
  }

  /**
   * Takes `quantity` from every limit of the key if all of them admit it, else nothing. A quantity above the most that
   * a limit admits at once is refused for ever (`retryAfterMs: Infinity`). Never rejects for trouble of the store; see
   * `whenUnavailable`.
   * @throws KeyError for an invalid key, OptionsError for a quantity that is no whole number from 1.
   */
  consume(key: string, quantity = 1): Promise<RateLimitResult> {
    return this.#ask('consume', key, quantity)
  }

  /**
   * Does what {@link RateLimiter.consume} does, but throws if that refuses.
   * @throws RateLimitError with the `result`.
   */
  async enforce(key: string, quantity = 1): Promise<RateLimitResult> {
    const result = await this.#ask('consume', key, quantity)
    if (result.allowed) return result
    const wait = result.retryAfterMs === Infinity ? 'never' : `in ${result.retryAfterMs} ms`
    throw new RateLimitError(
      `${this.#settings.name}: more than ${result.limit} for ${inspect(key)}; try again ${wait}`,
      result,
    )
  }

  /** Returns the present answer of {@link RateLimiter.consume} without taking anything. */
  peek(key: string, quantity = 1): Promise<RateLimitResult> {
    return this.#ask('peek', key, quantity)
  }

  /**
   * Takes `quantity` from every limit of the key, even beyond the rest, for failed logins and the like. `allowed` tells
   * whether anything is left.
   */
  penalty(key: string, quantity = 1): Promise<RateLimitResult> {
    return this.#ask('penalty', key, quantity)
  }

  /**
   * Refuses the key for a duration, in all processes, regardless of its limits. It replaces an earlier block. `false` =
   * the store is unavailable, and this process alone refuses.
   */
  async block(key: string, duration: Duration): Promise<boolean> {
    const state = this.#stateKey(key)
    const forMs = spanMs(duration, 'block', this.#settings.logger)
    this.#blockList?.forget(key)
    const done = await this.#attempt('block', () => this.#store.run(blockStep, state, { forMs }))
    if (done === undefined) this.#blockHere(state, forMs)
    return done ?? false
  }

  /**
   * Forgets the counts and the block of a key. `true` = there were any; `false` = there were none, or the store is
   * unavailable.
   */
  async reset(key: string): Promise<boolean> {
    const state = this.#stateKey(key)
    this.#blockList?.forget(key)
    this.#insurance?.run(resetStep, state, undefined)
    const existed = await this.#attempt('reset', () => this.#store.run(resetStep, state, undefined))
    this.#blockList?.forget(key)
    return existed ?? false
  }

  async #ask(mode: LimitRequest['mode'], key: string, quantity: number): Promise<RateLimitResult> {
    const result = await this.#decide(mode, key, quantity)
    const figures = mode === 'consume' ? this.#store.figures?.of(this.#settings.name) : undefined
    if (figures !== undefined) figures[result.allowed ? 'allowed' : 'refused']++
    return result
  }

  async #decide(mode: LimitRequest['mode'], key: string, quantity: number): Promise<RateLimitResult> {
    const state = this.#stateKey(key)
    checkQuantity(quantity, mode)
    const { rules, blockMs } = this.#settings
    const list = this.#blockList
    if (mode === 'penalty') list?.forget(key)
    const sentMs = this.#store.clock.now()
    const known = mode === 'penalty' ? undefined : list?.find(key, quantity, sentMs)
    if (known !== undefined) return known

    const mark = list?.mark ?? 0
    const request = { rules, mode, quantity, blockMs }
    let answer: LimitAnswer
    try {
      answer = await this.#store.run(limitStep, state, request)
    } catch (error) {
      this.#failed(mode, error)
      const figures = mode === 'consume' ? this.#store.figures?.of(this.#settings.name) : undefined
      if (figures !== undefined) figures.unavailable++
      return this.#withoutStore(state, request)
    }
    this.#fails.end()
    const result = resultOf(this.#settings, answer, 'store')
    if (!result.allowed && mode === 'consume') list?.note(key, quantity, result, sentMs, mark)
    return result
  }

  // Decides as `whenUnavailable` says.
  #withoutStore(state: StateKey, request: LimitRequest): RateLimitResult {
    const { whenUnavailable } = this.#settings
    if (whenUnavailable !== 'memory') return guess(this.#settings, whenUnavailable === 'allow')
    return resultOf(this.#settings, this.#limitHere(state, request), 'memory')
  }

  #limitHere(state: StateKey, request: LimitRequest): LimitAnswer {
    try {
      // A second store in memory does not help one in memory that has no room.
      if (this.#store.isShared) return this.#insured().run(limitStep, state, request)
    } catch {
      // There is no room for the key here, either.
    }
    this.#overflow ??= new LocalAtomicStore({ ...surroundings(this.#store), maxStates: 1 })
    return this.#overflow.run(limitStep, { kind: state.kind, key: '' }, request)
  }

  #blockHere(state: StateKey, forMs: number): void {
    if (this.#settings.whenUnavailable !== 'memory' || !this.#store.isShared) return
    try {
      this.#insured().run(blockStep, state, { forMs })
    } catch {
      // A key without room can't be refused.
    }
  }

  #insured(): LocalAtomicStore {
    this.#insurance ??= new LocalAtomicStore(surroundings(this.#store))
    return this.#insurance
  }

  /** Returns the answer of the store, or `undefined` if it is unavailable. */
  async #attempt<T>(operation: string, call: () => MaybePromise<T>): Promise<T | undefined> {
    try {
      const answer = await call()
      this.#fails.end()
      return answer
    } catch (error) {
      this.#failed(operation, error)
      return undefined
    }
  }

  // The connections of the store tell that a server is away.
  #failed(operation: string, error: unknown): void {
    if (isToldElsewhere(error)) return
    const { whenUnavailable } = this.#settings
    this.#fails.begin(FAILING, { operation, err: error, whenUnavailable })
    this.#fails.failed()
  }

  #stateKey(key: string): StateKey {
    checkKey(key, this.#kind)
    return { kind: this.#kind, key }
  }
}

function surroundings({
  clock,
  timers,
  random,
}: AtomicStore): Pick<AtomicStore, 'clock' | 'timers' | 'random'> {
  return { clock, timers, random }
}
