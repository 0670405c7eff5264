import type { Clock } from '../core/time/clock.ts'
import { ageClock } from '../core/time/age-clock.ts'
import type { AppliedChange, Trail } from '../core/trail.ts'

/**
 * A time in which a source had another value than the cache, and the changes that surely came in it. A process may learn
 * late of a change. It surely came later than a moment if its number is higher than what the log had at a sync after
 * that.
 */
export class Round {
  /** The beginning, on the clock of ages. */
  readonly startedAtMs: number
  readonly #clock: Clock
  readonly #running: Clock
  readonly #runningAtMs: number
  #base: Readonly<Record<AppliedChange['kind'], number>> | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    // A wall clock that is set ahead looks like a suspension.
    this.#running = ageClock(clock).running
    this.startedAtMs = clock.now()
    this.#runningAtMs = this.#running.now()
  }

  /** Milliseconds since the beginning, at least. */
  get ageMs(): number {
    return this.#running.now() - this.#runningAtMs
  }

  /** Notes the state of the log, if it is younger than the beginning. */
  note({ syncAgeMs, applied = -1, tagsApplied = -1 }: Trail): void {
    if (this.#clock.now() - syncAgeMs >= this.startedAtMs) this.#base ??= { key: applied, tag: tagsApplied }
  }

  /** Returns the changes that came after the beginning; `undefined` if that is not known of one of them. */
  since(changes: readonly AppliedChange[], isShared: boolean): readonly AppliedChange[] | undefined {
    const passedMs = this.#clock.now() - this.startedAtMs
    const base = this.#base
    const learned = changes.filter(({ ageMs }) => ageMs < passedMs)
    if (!isShared || learned.length === 0) return learned
    if (base === undefined) return undefined
    return learned.every(({ kind, counter }) => counter > base[kind]) ? learned : undefined
  }
}
