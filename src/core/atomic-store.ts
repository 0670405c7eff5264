import type { AtomicFigures } from './observing/atomic-figures.ts'
import type { Observer } from './observing/observer.ts'
import type { Clock, Random, Timers } from './time/clock.ts'
import type { Logger } from './logging/logger.ts'
import type { MaybePromise } from './promise.ts'

/** Names the state of one limit, lock or semaphore. */
export interface StateKey {
  /** The kind of state, such as `'lock'` or `'limit:api:g1000'`. It consists of letters, digits and `. : _ -`. */
  readonly kind: string
  /** The caller's key. */
  readonly key: string
}

/** The algorithm of a limit, see docs/rate-limits.md. */
export type LimitAlgorithm = 'fixed-window' | 'sliding-window' | 'gcra'

/** One limit of a key. */
export interface LimitRule {
  readonly algorithm: LimitAlgorithm
  /** The number admitted in a window, a whole number from 1. */
  readonly limit: number
  /** The length of the window in whole milliseconds. */
  readonly windowMs: number
  /** The number that gcra admits at once after a rest. The other algorithms ignore it. */
  readonly burst: number
}

/** One request to all limits of a key, executed in one step. */
export interface LimitRequest {
  readonly rules: readonly LimitRule[]
  /**
   * `consume` takes the quantity from every limit or from none. `peek` takes nothing. `penalty` takes it in any case.
   */
  readonly mode: 'consume' | 'peek' | 'penalty'
  /** A whole number from 1. */
  readonly quantity: number
  /** `consume` only: a refusal blocks the key for these milliseconds, and its counts are forgotten. */
  readonly blockMs?: number | undefined
}

/** The standing of one limit of a key after the step. */
export interface LimitStanding {
  /** The number that would still be admitted now. */
  readonly remaining: number
  /**
   * Milliseconds until the requested quantity (after a penalty: one) would be admitted; 0 = now, `Infinity` = never.
   */
  readonly retryAfterMs: number
  /** Milliseconds until the whole limit is free again. */
  readonly resetMs: number
}

/** The answer to a {@link LimitRequest}. */
export interface LimitAnswer {
  /** The time that the step used, in milliseconds of the store's clock. */
  readonly atMs: number
  /** Whether the quantity is admitted. After a penalty, whether any quantity would be. */
  readonly allowed: boolean
  /** Milliseconds for which the key is blocked; 0 = it is not. */
  readonly blockedMs: number
  /** The standings in the order of the rules. */
  readonly standings: readonly LimitStanding[]
}

/** One requested permit. */
export interface WantedPermit {
  /** A token unique to the holding. A repeated request with the same token gets the same answer. */
  readonly token: string
  /** Milliseconds after which the permit is free again unless it is renewed. */
  readonly ttlMs: number
}

/** A request for permits of a lock (one) or a semaphore (several), on behalf of callers of one process. */
export interface AcquireRequest {
  /** The requested permits. Those of the callers that have waited longest come first. */
  readonly wanted: readonly WantedPermit[]
  /** The number of permits that exist. */
  readonly permits: number
  /** The name of the process's place in the queue; absent = it takes none. */
  readonly place?: string | undefined
  /** Milliseconds for which the place is kept until the next request. */
  readonly placeMs: number
  /** Whether more callers wait in the process. It then needs a place even if all requested permits are given. */
  readonly more: boolean
}

/**
 * The permits that were given. Free ones go to processes in the order of their places. One that got a permit goes to
 * the end.
 */
export interface AcquireAnswer {
  /** The fencing number of each requested permit, higher than that of any earlier holding; 0 = not given. */
  readonly fences: readonly number[]
  /** The number of processes that wait before this one. */
  readonly ahead: number
  /** Milliseconds until a permit expires at the latest; 0 = none is held. */
  readonly expiresInMs: number
}

/** The request and the answer of each step. */
export interface AtomicSteps {
  /** Consumes, peeks at or penalises all limits of a key. */
  readonly limit: { readonly request: LimitRequest; readonly answer: LimitAnswer }
  /** Blocks a limit for the given time, so that it refuses every request. */
  readonly block: { readonly request: { readonly forMs: number }; readonly answer: true }
  /** Forgets the state. The answer is whether there was one. */
  readonly reset: { readonly request: undefined; readonly answer: boolean }
  /** Asks for permits of a lock or semaphore. */
  readonly acquire: { readonly request: AcquireRequest; readonly answer: AcquireAnswer }
  /** Prolongs a holding from now on. The answer is whether it is still held. */
  readonly renew: {
    readonly request: { readonly token: string; readonly ttlMs: number }
    readonly answer: boolean
  }
  /** Ends a holding, or gives up a place in the queue if given its name. The answer is whether it was held. */
  readonly release: { readonly request: { readonly token: string }; readonly answer: boolean }
}

/** The time at which a step is run, and the fencing numbers of the store. */
export interface StepTime {
  /** Whole milliseconds of the monotonic clock. */
  readonly nowMs: number
  /** Returns a fencing number that is higher than all earlier ones of the store. */
  nextFence(): number
}

/** The new state of a key. */
export interface NextState {
  readonly state: object
  readonly ttlMs: number
  /** For limits, the used part of the limit, from 0 to 1. A full store forgets the states with the least of it. */
  readonly used?: number
}

/** The answer of a step, and the state after it. */
export interface StepResult<Answer> {
  readonly answer: Answer
  /** The new state; `'none'` = the state is removed; absent = nothing has changed. */
  readonly next?: NextState | 'none'
}

/** One step on the state of one key. */
export interface AtomicStep<Name extends keyof AtomicSteps> {
  /** The name by which a server finds its script. */
  readonly name: Name
  /** Runs the step in the process. `state` was left by a step of the same kind and may be changed in place. */
  run(
    state: object | undefined,
    request: AtomicSteps[Name]['request'],
    time: StepTime,
  ): StepResult<AtomicSteps[Name]['answer']>
}

/**
 * The port for limits and locks. Their states are separate from cached values, so no cached value evicts them. A store
 * in trouble throws or rejects, but may have executed the step. The caller decides how to go on.
 */
export interface AtomicStore {
  /** Whether other processes see the same states, so that a request has a cost. */
  readonly isShared: boolean
  /** The clock of this process, for waiting and for memories of answers. A shared store decides by its own clock. */
  readonly clock: Clock
  /** The timers for waiting and renewing. */
  readonly timers: Timers
  /** The source of the jitter of waiting. */
  readonly random: Random
  /** The logger of the cache, if it has one of its own. */
  readonly logger?: Logger | undefined
  /** Aborted when the store is closed. No permit is granted after that. Absent = the store is never closed. */
  readonly closed?: AbortSignal | undefined
  /** The figures of its limits and locks; absent = they are not counted. */
  readonly figures?: AtomicFigures | undefined
  /** Tells an observer of the calls of its server; `undefined` = no more. The clock measures calls. */
  observe?(observer: Observer | undefined, clock: Clock): void
  /** Ends the granting of permits. The store of values calls it when it is closed. */
  close?(): void
  /** Runs one step on the state of one key, atomically. */
  run<Name extends keyof AtomicSteps>(
    step: AtomicStep<Name>,
    key: StateKey,
    request: AtomicSteps[Name]['request'],
  ): MaybePromise<AtomicSteps[Name]['answer']>
}
