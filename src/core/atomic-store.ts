import type { Clock, Random, Timers } from './clock.ts'
import type { Logger } from './logger.ts'
import type { MaybePromise } from './promise.ts'

/** Names the state of one limit, lock or semaphore. */
export interface StateKey {
  /** What it is a state of, such as `'lock'`, or `'limit:api:g1000'`: letters, digits and `. : _ -`. */
  readonly kind: string
  /** The caller's key. */
  readonly key: string
}

/** How a limit counts: see docs/rate-limits.md. */
export type LimitAlgorithm = 'fixed-window' | 'sliding-window' | 'gcra'

/** One limit of a key. */
export interface LimitRule {
  readonly algorithm: LimitAlgorithm
  /** How many are admitted in a window; a whole number from 1. */
  readonly limit: number
  /** The length of the window, whole milliseconds. */
  readonly windowMs: number
  /** gcra: how many are admitted at once after a rest; the others ignore it. */
  readonly burst: number
}

/** What is asked of all limits of a key in one step. */
export interface LimitRequest {
  readonly rules: readonly LimitRule[]
  /** `consume`: takes the quantity from every limit, or from none. `peek`: looks. `penalty`: takes it in any case. */
  readonly mode: 'consume' | 'peek' | 'penalty'
  /** A whole number from 1. */
  readonly quantity: number
}

/** How one limit of a key stands after the step. */
export interface LimitStanding {
  /** How many more would be admitted now. */
  readonly remaining: number
  /** Milliseconds until the quantity asked for (after a penalty: one) would be admitted; 0 = now, `Infinity` = never. */
  readonly retryAfterMs: number
  /** Milliseconds until nothing that was taken counts any more. */
  readonly resetMs: number
}

/** What became of a {@link LimitRequest}. */
export interface LimitAnswer {
  /** The time that the step used, in milliseconds of the store's clock. */
  readonly atMs: number
  /** Whether the quantity is admitted; after a penalty, whether anything would be. */
  readonly allowed: boolean
  /** Milliseconds for which the key is blocked; 0 = it is not. */
  readonly blockedMs: number
  /** In the order of the rules. */
  readonly standings: readonly LimitStanding[]
}

/** Asks for one of the permits of a lock (one) or a semaphore (several). */
export interface AcquireRequest {
  /** Who asks: unique to the holding. Asking again with the same one is answered the same. */
  readonly token: string
  /** How many may hold it at a time. */
  readonly permits: number
  /** Milliseconds after which it is free again unless it is renewed. */
  readonly ttlMs: number
  /** For how many milliseconds the place in the queue is kept until the next question; 0 = no place is taken. */
  readonly queueMs: number
}

/** Whether a permit was given. Free ones go to those who have waited longest. */
export type AcquireAnswer =
  /** The fencing number: higher than that of any earlier holding. */
  | { readonly fence: number }
  /** How many wait before the asker, and the milliseconds until a permit expires at the latest. */
  | { readonly ahead: number; readonly expiresInMs: number }

/** What each step is asked and what it answers. */
export interface AtomicSteps {
  /** Consumes, peeks at or penalises all limits of a key. */
  readonly limit: { readonly request: LimitRequest; readonly answer: LimitAnswer }
  /** Refuses whatever is asked of a limit for so long. */
  readonly block: { readonly request: { readonly forMs: number }; readonly answer: true }
  /** Forgets the state; whether there was one. */
  readonly reset: { readonly request: undefined; readonly answer: boolean }
  /** Asks for a permit of a lock or semaphore. */
  readonly acquire: { readonly request: AcquireRequest; readonly answer: AcquireAnswer }
  /** Prolongs a holding from now on; whether it is still held. */
  readonly renew: {
    readonly request: { readonly token: string; readonly ttlMs: number }
    readonly answer: boolean
  }
  /** Ends a holding, or leaves the queue; whether it was held. */
  readonly release: { readonly request: { readonly token: string }; readonly answer: boolean }
}

/** The time at which a step is run. */
export interface StepTime {
  /** Whole milliseconds of the monotonic clock. */
  readonly nowMs: number
  /** Whole milliseconds since the Unix epoch. */
  readonly wallMs: number
}

/** What a step leaves behind. */
export interface StepResult<Answer> {
  readonly answer: Answer
  /** The new state and how long it is kept; `'none'`: there is none any more; absent: nothing has changed. */
  readonly next?: { readonly state: object; readonly ttlMs: number } | 'none'
}

/** One step on the state of one key: its name, by which a server finds its script, and what it does in a process. */
export interface AtomicStep<Name extends keyof AtomicSteps> {
  /** By which a server finds its script. */
  readonly name: Name
  /** Does it in the process. The state before is one that a step of the same kind left, and may be changed in place. */
  run(
    state: object | undefined,
    request: AtomicSteps[Name]['request'],
    time: StepTime,
  ): StepResult<AtomicSteps[Name]['answer']>
}

/**
 * The port for limits and locks: states apart from cached values, which nothing evicts. A store in trouble throws or
 * rejects (and may have done the step all the same): whoever asks decides what that means.
 */
export interface AtomicStore {
  /** Whether other processes see the same states, so that a question is not free. */
  readonly isShared: boolean
  /** The time of this process, for waiting and for what it remembers; a shared store decides by its own. */
  readonly clock: Clock
  /** For waiting and renewing. */
  readonly timers: Timers
  /** For the jitter of waiting. */
  readonly random: Random
  /** The logger of the cache, if it has one of its own. */
  readonly logger?: Logger | undefined
  /** Runs one step on the state of one key; nothing comes in between. */
  run<Name extends keyof AtomicSteps>(
    step: AtomicStep<Name>,
    key: StateKey,
    request: AtomicSteps[Name]['request'],
  ): MaybePromise<AtomicSteps[Name]['answer']>
}
