import type { AtomicStep, AtomicSteps, AtomicStore, StateKey } from '../core/atomic-store.ts'
import { AtomicFigures } from '../core/observing/atomic-figures.ts'
import { AgeClock } from '../core/time/age-clock.ts'
import type { Clock, Random, Timers } from '../core/time/clock.ts'
import { ClosedError, StoreUnavailableError } from '../core/errors.ts'
import type { Logger } from '../core/logging/logger.ts'
import { StateArea } from './state-area.ts'

/** Settings of a {@link LocalAtomicStore}. */
export interface LocalAtomicStoreOptions {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly logger?: Logger | undefined
  /** The most states of limits that it holds; default 100,000. Locks do not count. */
  readonly maxStates?: number | undefined
}

const DEFAULT_MAX_STATES = 100_000

/** States of limits and locks in the memory of the process. A step is atomic because it is synchronous. */
export class LocalAtomicStore implements AtomicStore {
  readonly isShared = false
  readonly figures: AtomicFigures = new AtomicFigures()
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly logger: Logger | undefined
  readonly #limits: StateArea<object>
  // A lock has a state only while it is held or waited for, so the number of callers bounds these states.
  readonly #locks: StateArea<object>
  readonly #closing = new AbortController()
  // All locks share one number, so that a released lock leaves nothing behind.
  #fence = 0
  readonly #nextFence = (): number => {
    this.#fence = Math.max(this.#fence + 1, Math.floor(this.clock.wallNow()) * 1000)
    return this.#fence
  }

  constructor({ clock, timers, random, logger, maxStates = DEFAULT_MAX_STATES }: LocalAtomicStoreOptions) {
    // A wall clock must not end a lock that is held.
    this.clock = clock instanceof AgeClock ? clock.running : clock
    this.timers = timers
    this.random = random
    this.logger = logger
    this.#limits = new StateArea({ clock: this.clock, timers, maxEntries: maxStates })
    this.#locks = new StateArea({ clock: this.clock, timers, maxEntries: Infinity })
  }

  get closed(): AbortSignal {
    return this.#closing.signal
  }

  /** @throws StoreUnavailableError if a limit needs a new state and the store is full of states that are used up. */
  run<Name extends keyof AtomicSteps>(
    step: AtomicStep<Name>,
    { kind, key }: StateKey,
    request: AtomicSteps[Name]['request'],
  ): AtomicSteps[Name]['answer'] {
    const id = `${kind}{${key}`
    const area = isOfLocks(step.name) ? this.#locks : this.#limits
    const time = { nowMs: Math.floor(this.clock.now()), nextFence: this.#nextFence }
    const { answer, next } = step.run(area.get(id), request, time)
    if (next === 'none') area.delete(id)
    else if (next !== undefined && !area.put(id, next.state, next.ttlMs, next.used))
      throw new StoreUnavailableError(`${step.name}: there is no room for the state of another limit`)
    return answer
  }

  /** Forgets all states and stops the timers. */
  close(): void {
    this.#closing.abort(new ClosedError('the cache is closed: it grants no more permits'))
    for (const area of [this.#limits, this.#locks]) {
      area.clear()
      area.close()
    }
  }
}

function isOfLocks(name: keyof AtomicSteps): boolean {
  return name === 'acquire' || name === 'renew' || name === 'release'
}
