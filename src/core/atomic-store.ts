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

/** A permit that is asked for. */
export interface WantedPermit {
  /** Unique to the holding. Asking again with the same one is answered the same. */
  readonly token: string
  /** Milliseconds after which the permit is free again unless it is renewed. */
  readonly ttlMs: number
}

/** Asks for permits of a lock (one) or a semaphore (several), on behalf of callers of one process. */
export interface AcquireRequest {
  /** Those who have waited longest in the process come first. */
  readonly wanted: readonly WantedPermit[]
  /** How many permits there are. */
  readonly permits: number
  /** The name of the asker's place in the queue of processes; absent = it takes none. */
  readonly place?: string | undefined
  /** For how many milliseconds the place is kept until the next question. */
  readonly placeMs: number
  /** Whether more callers wait in the process, so that the asker needs a place though all that it asked for is given. */
  readonly more: boolean
}

/** Which permits were given. Free ones go to askers in the order of their places; an asker that got one goes to the end. */
export interface AcquireAnswer {
  /** For each permit asked for: its fencing number, higher than that of any earlier holding, or 0 = it is not given. */
  readonly fences: readonly number[]
  /** How many askers wait before this one. */
  readonly ahead: number
  /** Milliseconds until a permit expires at the latest; 0 = none is held. */
  readonly expiresInMs: number
}

/** What each step is asked and what it answers. */
export interface AtomicSteps {
  /** Consumes, peeks at or penalises all limits of a key. */
  readonly limit: { readonly request: LimitRequest; readonly answer: LimitAnswer }
  /** Refuses whatever is asked of a limit for so long. */
  readonly block: { readonly request: { readonly forMs: number }; readonly answer: true }
  /** Forgets the state; whether there was one. */
  readonly reset: { readonly request: undefined; readonly answer: boolean }
  /** Asks for permits of a lock or semaphore. */
  readonly acquire: { readonly request: AcquireRequest; readonly answer: AcquireAnswer }
  /** Prolongs a holding from now on; whether it is still held. */
  readonly renew: {
    readonly request: { readonly token: string; readonly ttlMs: number }
    readonly answer: boolean
  }
  /** Ends a holding, or gives up a place in the queue (by its name in place of a token); whether it was held. */
  readonly release: { readonly request: { readonly token: string }; readonly answer: boolean }
}

/** The time at which a step is run, and the fencing numbers of the store. */
export interface StepTime {
  /** Whole milliseconds of the monotonic clock. */
  readonly nowMs: number
  /** Returns a fencing number that is higher than all earlier ones of the store. */
  nextFence(): number
}

/** The state that a step leaves. */
export interface NextState {
  readonly state: object
  readonly ttlMs: number
  /** Limits: how much of what is admitted was taken, 0 to 1. A full store forgets states that have the least of it. */
  readonly used?: number
}

/** What a step leaves behind. */
export interface StepResult<Answer> {
  readonly answer: Answer
  /** The new state; `'none'` = there is none any more; absent = nothing has changed. */
  readonly next?: NextState | 'none'
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
 * The port for limits and locks: states apart from cached values, which no cached value evicts. A store in trouble throws
 * or rejects (and may have done the step nevertheless); the caller decides what that means.
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
  /** Aborted when the store is closed: no permit is granted after it. Absent = the store is never closed. */
  readonly closed?: AbortSignal | undefined
  /** Ends the granting of permits; the store of values calls it when it is closed. */
  close?(): void
  /** Runs one step on the state of one key; nothing comes in between. */
  run<Name extends keyof AtomicSteps>(
    step: AtomicStep<Name>,
    key: StateKey,
    request: AtomicSteps[Name]['request'],
  ): MaybePromise<AtomicSteps[Name]['answer']>
}
