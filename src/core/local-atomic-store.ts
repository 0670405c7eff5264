import type { AtomicStep, AtomicSteps, AtomicStore, StateKey } from './atomic-store.ts'
import { AgeClock } from './age-clock.ts'
import type { Clock, Random, Timers } from './clock.ts'
import { StoreUnavailableError } from './errors.ts'
import { StateArea } from './state-area.ts'

/** Settings of a {@link LocalAtomicStore}. */
export interface LocalAtomicStoreOptions {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** The most states it holds; default 100,000. */
  readonly maxStates?: number | undefined
}

/** States of limits and locks in the memory of the process: a step is synchronous, hence atomic. */
export class LocalAtomicStore implements AtomicStore {
  readonly isShared = false
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly #area: StateArea<object>

  constructor({ clock, timers, random, maxStates }: LocalAtomicStoreOptions) {
    // A wall clock must not end what somebody holds.
    this.clock = clock instanceof AgeClock ? clock.running : clock
    this.timers = timers
    this.random = random
    this.#area = new StateArea({ clock: this.clock, timers, maxEntries: maxStates })
  }

  /** @throws StoreUnavailableError when it is full and the step would need a new state. */
  run<Name extends keyof AtomicSteps>(
    step: AtomicStep<Name>,
    { kind, key }: StateKey,
    request: AtomicSteps[Name]['request'],
  ): AtomicSteps[Name]['answer'] {
    const id = `${kind}{${key}`
    const time = { nowMs: Math.floor(this.clock.now()), wallMs: Math.floor(this.clock.wallNow()) }
    const { answer, next } = step.run(this.#area.get(id), request, time)
    if (next === 'none') this.#area.delete(id)
    else if (next !== undefined && !this.#area.put(id, next.state, next.ttlMs))
      throw new StoreUnavailableError(`${step.name}: the area of limits and locks is full`)
    return answer
  }

  /** Forgets all states and stops the timer. */
  close(): void {
    this.#area.clear()
    this.#area.close()
  }
}
