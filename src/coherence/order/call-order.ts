import type { TimerHandle, Timers } from '../../core/time/clock.ts'
import { StoreTimeoutError } from '../../core/errors.ts'
import type { MaybePromise } from '../../core/promise.ts'
import type { RemoteStore } from '../../core/remote/remote-store.ts'
import { Adds, type KnownAnswer } from './adds.ts'
import { Turn } from './turn.ts'

/** Calls of a key that don't wait for each other: reads, and steps of a counter without bounds, in any order. */
type Together = 'reads' | 'steps'
type Kind = 'changes' | Together

/** Calls of a key that later calls come after. */
interface Passing {
  /** By kind: settles when the calls have passed. They were sent, or answered where the server may redirect them. */
  readonly of: Readonly<Partial<Record<Kind, Promise<unknown>>>>
  /** Settles when all of it has passed. */
  readonly last: Promise<unknown>
  readonly tags: Set<string>
  /** The adds that the last call is one of, if it waits. */
  adds?: Adds
}

interface Covering {
  readonly covers: (key: string | undefined, tags: readonly string[]) => boolean
  done: Promise<unknown>
  /** Settles when it is sent; `undefined` = it was. Until then the keys that bear its tags are unknown. */
  unsent: Promise<unknown> | undefined
}

/** The deadline of a call: `end` rejects then. */
interface Timer {
  readonly end: Promise<never>
  stop(): void
}

/** The keys, tags and prefixes of a change. */
export interface Target {
  readonly key: string
  /** The tags that the entry will bear. */
  readonly tags?: readonly string[] | undefined
}

const NO_TAGS: readonly string[] = []
const DONE = Promise.resolve()
const KINDS: readonly Kind[] = ['changes', 'reads', 'steps']
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
  readonly #byKey = new Map<string, Passing>()
  readonly #covering = new Set<Covering>()
  #held: Promise<unknown> | undefined

  /** `deadlineMs` is the time that a call may take, its wait included. */
  constructor(remote: Pick<RemoteStore, 'isOrdered' | 'hasUnsent'>, timers: Timers, deadlineMs: number) {
    this.#remote = remote
    this.#timers = timers
    this.#deadlineMs = deadlineMs
  }

  /** Whether no call at all is to be waited for. */
  get isIdle(): boolean {
    return this.#byKey.size === 0 && this.#covering.size === 0
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
    const before = this.#before(keys, tags, together)
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
    const before = this.#before([key], tags, undefined)
    if (before === undefined) return this.called([target], call())
    const open = this.#covering.size === 0 ? this.#byKey.get(key)?.adds : undefined
    const adds = open?.accepts(tags) === true ? open : new Adds(tags)
    const send = (turn: Turn): Promise<T> => {
      if (adds.isTold) return Promise.resolve(known.answer)
      adds.send()
      return call(turn)
    }
    const result = this.#inTurn([key], tags, Promise.all([before, adds.last]), send, late, 'changes')
    adds.answeredBy(result, known)
    this.#byKey.get(key)!.adds = adds
    return result
  }

  /** Notes a change that was called without a wait. Later calls wait for it, unless it was sent. */
  called<T>(targets: readonly Target[], answer: Promise<T>, together?: 'steps'): Promise<T> {
    const passed = this.#passed(answer, targets.length)
    if (passed === undefined) return answer
    const tags = targets.flatMap((target) => target.tags ?? NO_TAGS)
    this.#pass(
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
    const before = this.#before(keys, tags, 'reads')
    if (before === undefined) return call()
    // A later change must not overtake a read that waits.
    return this.#inTurn(keys, tags, before, call, rethrown, 'reads')
  }

  /** Notes a read under way. Where answers come in any order, a change of its keys waits for it. */
  reading<T>(keys: readonly string[], answer: PromiseLike<T>): PromiseLike<T> {
    if (!this.isSent) this.#pass(keys, undefined, Promise.resolve(answer), 'reads')
    return answer
  }

  /**
   * Runs a call of all keys, or tags, that it covers, after every earlier call of them and before every later one. It
   * has one deadline, its wait included. With `lives`, the deadline bounds only the wait and the question whether the
   * server lives.
   */
  cover<T>(
    covers: (key: string | undefined, tags: readonly string[]) => boolean,
    call: (turn?: Turn) => Promise<T>,
    late: (error: Error, turn: Turn) => T,
    lives?: () => Promise<unknown>,
  ): Promise<T> {
    const before = this.covered(covers)
    const ready = lives === undefined ? before : before?.then(lives)
    const isBounded = lives === undefined
    const covering: Covering = { covers, done: DONE, unsent: undefined }
    const answer = ready === undefined ? call() : this.#coverAfter(covering, ready, call, late, isBounded)
    covering.done = settled(answer)
    this.#covering.add(covering)
    void covering.done.then(() => this.#covering.delete(covering))
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
  covered(
    covers: (key: string | undefined, tags: readonly string[]) => boolean,
  ): Promise<unknown> | undefined {
    if (this.#byKey.size === 0 && this.#covering.size === 0) return undefined
    const before = [...this.#byKey].flatMap(([key, passing]) =>
      covers(key, [...passing.tags]) ? passing.last : [],
    )
    for (const { done } of this.#covering) before.push(done)
    return before.length === 0 ? undefined : Promise.all(before)
  }

  #before(
    keys: readonly string[],
    tags: readonly string[] = NO_TAGS,
    together: Together | undefined,
  ): Promise<unknown> | undefined {
    if (this.#byKey.size === 0 && this.#covering.size === 0) return undefined
    const before: Promise<unknown>[] = []
    for (const key of keys) {
      const passing = this.#byKey.get(key)
      if (passing === undefined) continue
      if (together === undefined) before.push(passing.last)
      else
        for (const kind of KINDS)
          if (kind !== together && passing.of[kind] !== undefined) before.push(passing.of[kind])
    }
    if (this.#covering.size > 0) {
      // The calls of a key need not name the tags that it gets from an earlier one.
      const borne = [...tags, ...keys.flatMap((key) => [...(this.#byKey.get(key)?.tags ?? NO_TAGS)])]
      for (const { covers, done, unsent } of this.#covering) {
        if (covers(undefined, borne) || keys.some((key) => covers(key, NO_TAGS))) before.push(done)
        else if (unsent !== undefined) before.push(unsent)
      }
    }
    return before.length === 0 ? undefined : Promise.all(before)
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

  #pass(
    keys: readonly string[],
    tags: readonly string[] = NO_TAGS,
    passed: Promise<unknown>,
    kind: Kind,
  ): void {
    const last = settled(passed)
    // Keys without other calls under way share one, because a call may have very many keys.
    const alone: Passing = { of: { [kind]: last }, last, tags: new Set(tags) }
    for (const key of keys) {
      const before = this.#byKey.get(key)
      if (before === undefined) this.#byKey.set(key, alone)
      else if (before !== alone) this.#passAfter(before, key, alone, kind)
    }
    void last.then(() => {
      for (const key of keys) if (this.#byKey.get(key) === alone) this.#byKey.delete(key)
    })
  }

  #passAfter(before: Passing, key: string, { last, tags }: Passing, kind: Kind): void {
    const sameKind = before.of[kind]
    const passing: Passing = {
      of: { ...before.of, [kind]: sameKind === undefined ? last : Promise.all([sameKind, last]) },
      last: Promise.all([before.last, last]),
      tags: new Set([...before.tags, ...tags]),
    }
    this.#byKey.set(key, passing)
    void passing.last.then(() => {
      if (this.#byKey.get(key) === passing) this.#byKey.delete(key)
    })
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
    this.#pass(keys, tags, passed, kind)
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

function settled(promise: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(promise).then(
    () => undefined,
    () => undefined,
  )
}
