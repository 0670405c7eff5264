import type { TimerHandle, Timers } from '../../core/time/clock.ts'
import { StoreTimeoutError } from '../../core/errors.ts'
import type { MaybePromise } from '../../core/promise.ts'
import type { RemoteStore } from '../../core/remote/remote-store.ts'
import { NO_TAGS } from '../../keys/tags.ts'
import { Adds, type KnownAnswer } from './adds.ts'
import { PassingCalls, settled, type Covering, type Kind, type Target } from './passing-calls.ts'
import { Turn } from './turn.ts'

/** The deadline of a call: `end` rejects then. */
interface Timer {
  readonly end: Promise<never>
  stop(): void
}

/** Changes of more keys than this are sent in parts: as many as a store sends at once. */
const MOST_AT_ONCE = 500

/**
 * Lets the calls of one key take effect in the order in which they were made, awaited or not (docs/coherence.md,
 * Order). A call runs at once, unless an earlier call of its keys has not been sent yet. Then it waits for its turn.
 */
export class CallOrder {
  readonly #remote: Pick<RemoteStore, 'isOrdered' | 'hasUnsent'>
  readonly #timers: Timers
  readonly #deadlineMs: number
  readonly #passing = new PassingCalls()
  #held: Promise<unknown> | undefined

  /** `deadlineMs` is the time that a call may take, its wait included. */
  constructor(remote: Pick<RemoteStore, 'isOrdered' | 'hasUnsent'>, timers: Timers, deadlineMs: number) {
    this.#remote = remote
    this.#timers = timers
    this.#deadlineMs = deadlineMs
  }

  /** Whether no call at all is to be waited for. */
  get isIdle(): boolean {
    return this.#passing.byKey.size === 0 && this.#passing.covering.size === 0
  }

  /** Notes the earlier calls that the present change waits for before it is sent. */
  hold(waiting: PromiseLike<unknown>): void {
    this.#held = settled(waiting)
  }

  /** Runs a change in its turn; `late` gives it up. */
  change<T>(
    targets: readonly Target[],
    call: (turn?: Turn) => Promise<T>,
    late: (error: Error, turn: Turn) => T,
    together?: 'steps',
  ): Promise<T> {
    const keys = targets.map(({ key }) => key)
    const tags = targets.flatMap((target) => target.tags ?? NO_TAGS)
    const before = this.#passing.before(keys, tags, together)
    if (before === undefined) return this.called(targets, call(), together)
    return this.#inTurn(keys, tags, before, call, late, together ?? 'changes')
  }

  /**
   * Runs an add in its turn, unless an add before it tells that there is an entry. That one has the same tags, it was sent
   * after this call, and no other call of the key or its tags came between them.
   */
  add<T>(
    target: Target,
    call: (turn?: Turn) => Promise<T>,
    late: (error: Error, turn: Turn) => T,
    known: KnownAnswer<T>,
  ): Promise<T> {
    const { key, tags = NO_TAGS } = target
    const before = this.#passing.before([key], tags, undefined)
    if (before === undefined) return this.called([target], call())
    const { byKey, covering } = this.#passing
    const open = covering.size === 0 ? byKey.get(key)?.adds : undefined
    const adds = open?.accepts(tags) === true ? open : new Adds(tags)
    const send = (turn: Turn): Promise<T> => {
      if (adds.isTold) return Promise.resolve(known.answer)
      adds.send()
      return call(turn)
    }
    const result = this.#inTurn([key], tags, Promise.all([before, adds.last]), send, late, 'changes')
    adds.answeredBy(result, known)
    byKey.get(key)!.adds = adds
    return result
  }

  /** Notes a change that was called without a wait. Later calls wait for it, unless it was sent. */
  called<T>(targets: readonly Target[], answer: Promise<T>, together?: 'steps'): Promise<T> {
    const passed = this.#passed(answer, targets.length)
    if (passed === undefined) return answer
    const tags = targets.flatMap((target) => target.tags ?? NO_TAGS)
    this.#passing.pass(
      targets.map(({ key }) => key),
      tags,
      passed,
      together ?? 'changes',
    )
    return answer
  }

  /** Gives a change of a few keys up if it takes longer than the deadline in all. */
  async inTime<T>(count: number, answer: Promise<T>, turn: Turn, late: (error: Error) => T): Promise<T> {
    return count > MOST_AT_ONCE ? answer : this.#bounded(answer, this.#timer(), turn, late)
  }

  /** Runs a read in its turn. */
  read<T>(
    keys: readonly string[],
    tags: readonly string[] | undefined,
    call: () => MaybePromise<T>,
  ): MaybePromise<T> {
    const before = this.#passing.before(keys, tags, 'reads')
    if (before === undefined) return call()
    // A later change must not overtake a read that waits.
    return this.#inTurn(keys, tags, before, call, rethrown, 'reads')
  }

  /** Notes a read under way. Where answers come in any order, a change of its keys waits for it. */
  reading<T>(keys: readonly string[], answer: PromiseLike<T>): PromiseLike<T> {
    if (!this.isSent) this.#passing.pass(keys, undefined, Promise.resolve(answer), 'reads')
    return answer
  }

  /**
   * Runs a call of all keys, or tags, that it covers, after every earlier call of them and before every later one. It
   * has one deadline, its wait included. With `lives`, the deadline bounds only the wait and the question whether the
   * server lives.
   */
  cover<T>(
    covers: Covering['covers'],
    call: (turn?: Turn) => Promise<T>,
    late: (error: Error, turn: Turn) => T,
    lives?: () => Promise<unknown>,
  ): Promise<T> {
    const before = this.#passing.covered(covers)
    const ready = lives === undefined ? before : before?.then(lives)
    const isBounded = lives === undefined
    const covering: Covering = { covers, done: Promise.resolve(), unsent: undefined }
    const answer = ready === undefined ? call() : this.#coverAfter(covering, ready, call, late, isBounded)
    this.#passing.cover(covering, answer)
    return answer
  }

  #coverAfter<T>(
    covering: Covering,
    before: Promise<unknown>,
    call: (turn: Turn) => Promise<T>,
    late: (error: Error, turn: Turn) => T,
    isBounded: boolean,
  ): Promise<T> {
    let pass!: () => void
    const unsent = new Promise<void>((resolve) => {
      pass = resolve
    })
    // The keys that bear a tag are not known, so all later calls wait until it is sent. A prefix tells its keys.
    if (isBounded) covering.unsent = unsent
    const sent = (): void => {
      covering.unsent = undefined
      pass()
    }
    return this.#afterAll(before, call, late, sent, isBounded)
  }

  /** Returns a promise that settles when all covered calls have passed; `undefined` = there are none. */
  covered(covers: Covering['covers']): Promise<unknown> | undefined {
    return this.#passing.covered(covers)
  }

  // Returns a promise that settles when the change just called has passed; `undefined` = it has.
  #passed<T>(answer: T, count: number): T | Promise<unknown> | undefined {
    const held = this.#held
    this.#held = undefined
    return this.isSent && count <= MOST_AT_ONCE ? held : answer
  }

  /** Whether the call just made can't be overtaken any more. */
  get isSent(): boolean {
    return this.#remote.isOrdered && this.#remote.hasUnsent !== true
  }

  #inTurn<T>(
    keys: readonly string[],
    tags: readonly string[] | undefined,
    before: Promise<unknown>,
    call: (turn: Turn) => MaybePromise<T>,
    late: (error: Error, turn: Turn) => T,
    kind: Kind,
  ): Promise<T> {
    // The call keeps its place until `pass` is given the promise of its passing.
    let pass!: (passed: unknown) => void
    const passed = new Promise((resolve) => {
      pass = resolve
    })
    this.#passing.pass(keys, tags, passed, kind)
    return this.#afterAll(before, call, late, pass, keys.length <= MOST_AT_ONCE)
  }

  // Runs a call after its wait, which counts against the deadline of the call. For many keys, which have a deadline for
  // each part, only the wait is bounded.
  async #afterAll<T>(
    before: Promise<unknown>,
    call: (turn: Turn) => MaybePromise<T>,
    late: (error: Error, turn: Turn) => T,
    pass: (passed: unknown) => void,
    isBounded: boolean,
  ): Promise<T> {
    const turn = new Turn()
    const timer = this.#timer()
    try {
      await Promise.race([before, timer.end])
    } catch (error) {
      // The call is no longer sent, and keeps its place until the calls before it have passed.
      pass(before)
      timer.stop()
      return late(error as Error, turn)
    }
    const answer = call(turn)
    pass(this.#passed(answer, isBounded ? 1 : Infinity))
    if (isBounded) return this.#bounded(answer, timer, turn, late)
    timer.stop()
    return answer
  }

  async #bounded<T>(
    answer: MaybePromise<T>,
    timer: Timer,
    turn: Turn,
    late: (error: Error, turn: Turn) => T,
  ): Promise<T> {
    const giveUp = (error: Error): T => {
      turn.giveUp(error)
      return late(error, turn)
    }
    try {
      return await Promise.race([answer, timer.end.catch(giveUp)])
    } finally {
      timer.stop()
    }
  }

  #timer(): Timer {
    let handle: TimerHandle
    const end = new Promise<never>((_, reject) => {
      handle = this.#timers.set(() => {
        reject(new StoreTimeoutError(`an earlier call of the key has taken ${this.#deadlineMs} ms`))
      }, this.#deadlineMs)
    })
    end.catch(() => undefined)
    return { end, stop: () => this.#timers.clear(handle) }
  }
}

function rethrown(error: Error): never {
  throw error
}
