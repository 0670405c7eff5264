import { isPromise } from '../core/promise.ts'
import type { LoadOutcome } from '../core/observing/events.ts'
import type { LoadStart } from '../core/observing/observer.ts'
import type { LoadSettings } from '../options/resolve.ts'
import type { Stored } from '../core/store.ts'
import type { CacheState } from './cache-state.ts'
import type { Flight } from './flight.ts'
import { Context, type LoadSituation, type Source } from './load-context.ts'
import { beginLoader, endLoader } from './recursion.ts'

/** The run that calls a loader. */
interface LoadingRun extends LoadSituation {
  readonly state: CacheState
  readonly settings: LoadSettings
}

/** The calls of the loader that a run makes, one at a time: their contexts, their time, and their end for observers. */
export class LoaderCall {
  readonly #run: LoadingRun
  readonly #source: Source
  /** The flight in whose context the loader runs; `undefined` = it is not running. */
  loading: Flight | undefined = undefined
  #sinceMs = 0
  // The last call of the loader, if an observer was asked to make it.
  #start: LoadStart | undefined = undefined
  // The number of keys that the loader was called for, and the time that it took.
  #asked = 0
  #tookMs = 0
  /** Rejects the answer that is waited for. */
  interrupt: ((reason: unknown) => void) | undefined = undefined

  constructor(run: LoadingRun, source: Source) {
    this.#run = run
    this.#source = source
  }

  /** Notes that the loader is about to run, and returns what it gets for each flight. */
  begin(flights: readonly Flight[], sinceMs: number): readonly Context[] {
    const [first] = flights
    this.#run.settings.family.counters.loads++
    this.#asked = flights.length
    this.loading = first
    this.#sinceMs = sinceMs
    const contexts: Context[] = []
    for (const flight of flights) {
      flight.loaderBegan = true
      // All of them end with the first, because the loader runs in its context.
      if (flight !== first) (flight.waitsFor ??= new Set()).add(first!)
      contexts.push(new Context(this.#source.nameOf(flight.key), this.#run.settings, this.#run))
    }
    return contexts
  }

  /** Returns the loader's answer. A later one is rejected if the call is interrupted before, because a loader may hang. */
  run(flights: readonly Flight[], contexts: readonly Context[]): unknown {
    const first = flights[0]!
    const call = (): unknown => beginLoader(first, this.#source, flights, contexts)
    const observer = this.#run.state.observing('load')
    let answer: unknown
    if (observer?.around === undefined) answer = call()
    else {
      const keys = flights.map(({ key }) => key)
      this.#start = { family: this.#run.settings.family, keys, background: first.isBackground }
      answer = observer.around(this.#start, call)
    }
    if (!isPromise(answer)) return answer
    return new Promise((resolve, reject) => {
      this.interrupt = reject
      answer.then(resolve, reject)
    })
  }

  /** Notes that the loader has ended, or is no longer waited for. */
  end(): void {
    if (this.loading === undefined) return
    this.#tookMs = this.#run.state.clock.now() - this.#sinceMs
    this.#run.settings.family.counters.loadTimeMs += this.#tookMs
    endLoader(this.loading)
    this.loading = undefined
  }

  /** Tells observers how the load of a key has ended. */
  tell(
    { key, isBackground, present }: Flight,
    outcome: LoadOutcome,
    stored: Stored | undefined,
    failure?: readonly [error: unknown],
  ): void {
    const observer = this.#run.state.observing('load')
    if (observer?.load === undefined) return
    const { family, ttlMs } = this.#run.settings
    observer.load({
      start: this.#start,
      family,
      key,
      outcome,
      background: isBackground,
      durationMs: this.loading === undefined ? this.#tookMs : this.#run.state.clock.now() - this.#sinceMs,
      keys: this.#asked,
      ttlMs,
      stored,
      present,
      failure,
    })
  }
}
