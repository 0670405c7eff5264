import type { StaleServed } from '../core/counters.ts'
import { LoadCooldownError, LoaderTimeoutError, RecursiveLoadError } from '../core/errors.ts'
import type { Family } from '../core/observing/family.ts'
import type { LoadSettings } from '../options/resolve.ts'
import type { Found, Stored } from '../core/store.ts'
import { aheadMs } from './ttl-of.ts'
import { failedWith, type Flight, type Outcome } from './flight.ts'
import type { Flights } from './flights.ts'
import type { CacheState } from './cache-state.ts'
import type { Reader } from './reader.ts'
import { waitFor } from './recursion.ts'

/** The ways to serve a key by the entry that the store has. */
export interface Sorted {
  /** The value to be served at once. */
  readonly value?: unknown
  /** The remaining milliseconds up to which a background load replaces the entry; absent = no such load. */
  readonly refreshUpToMs?: number
  /** The value that may be served if the load fails or takes too long. */
  readonly stale?: Stored
}

const NOTHING: Sorted = Object.freeze({})

/** Decides when one caller gets the fresh value, a stale one, or the error. */
export class ServeDecision {
  readonly #state: CacheState
  readonly #reader: Reader
  readonly #flights: Pick<Flights, 'isResting'>

  constructor(state: CacheState, reader: Reader, flights: Pick<Flights, 'isResting'>) {
    this.#state = state
    this.#reader = reader
    this.#flights = flights
  }

  /**
   * Judges the entry of the store, and counts the read. If the caller waits for a load before it gets a stale value, it
   * is {@link ServeDecision.deliver} that tells how the read ended.
   */
  sort(key: string, found: Found | undefined, settings: LoadSettings): Sorted {
    const { graceMs = 0, softTimeoutMs, forceRefresh, family } = settings
    const isFresh = found !== undefined && found.remainingMs > 0
    if (isFresh && forceRefresh !== true) {
      const value = this.#reader.view('get', key, found.stored, family)
      if (value !== undefined) {
        this.#reader.hit(key, family, found.stored, found.remainingMs, this.#reader.observer)
        if (settings.refreshAhead === undefined) return { value }
        const { shortLived, clock } = this.#state
        const refreshUpToMs = aheadMs(shortLived.ttlOf(key, settings, clock.now()), settings)
        return found.remainingMs <= refreshUpToMs ? { value, refreshUpToMs } : { value }
      }
    }
    // A reader's own grace counts, too, because it may be shorter than the writer's.
    if (found === undefined || isFresh || forceRefresh === true || found.remainingMs <= -graceMs)
      return this.#missed(key, settings)
    const { stored: stale } = found
    const value = this.#reader.view('get', key, stale, family)
    if (value === undefined) return this.#missed(key, settings)
    family.counters.misses++
    if (softTimeoutMs !== undefined) return { stale }
    const cause = this.#flights.isResting(key) ? 'cooldown' : 'refreshing'
    this.#reader.servedStale(key, family, cause, stale, found.remainingMs)
    return { value, refreshUpToMs: 0 }
  }

  #missed(key: string, { family }: LoadSettings): Sorted {
    this.#reader.missed(key, family)
    return NOTHING
  }

  /** Returns the time until which a caller waits before it gets a stale value. */
  patience({ softTimeoutMs = Infinity }: LoadSettings): number {
    return this.#state.clock.now() + softTimeoutMs
  }

  /** Returns the error for a caller that has no more time. */
  tooLate(key: string, limitMs: number): Outcome {
    return failedWith(new LoaderTimeoutError(`'${key}': not loaded within ${limitMs} ms (hardTimeout)`))
  }

  /** Returns the outcome of a flight; `undefined` if it is still under way by then. */
  async waitUntil(untilMs: number, flight: Flight): Promise<Outcome | undefined> {
    if (untilMs === Infinity || untilMs >= flight.endsByMs) return waitFor(flight)
    const { timers, clock } = this.#state
    let timer: unknown
    const late = new Promise<undefined>((resolve) => {
      const leftMs = Math.max(0, untilMs - clock.now())
      timer = timers.set(() => resolve(undefined), leftMs, 'awaited')
    })
    try {
      return await Promise.race([waitFor(flight), late])
    } finally {
      timers.clear(timer)
    }
  }

  /** Returns a caller's copy of the loaded value, else of the stale one. @throws the loader's error. */
  deliver(key: string, outcome: Outcome | undefined, stale: Stored | undefined, family: Family): unknown {
    if (outcome !== undefined && outcome.failure === undefined) {
      if (stale !== undefined) this.#reader.tellMiss(key, family)
      if (outcome.stored === undefined) return outcome.value
      const value = this.#reader.view('load', key, outcome.stored, family)
      // `null` is a value.
      return value === undefined ? outcome.value : value
    }
    const error = outcome?.failure?.[0]
    if (stale !== undefined && !(error instanceof RecursiveLoadError)) {
      const value = this.#reader.view('load', key, stale, family)
      if (value !== undefined) {
        const cause = outcome === undefined ? 'timeout' : causeOf(error)
        this.#reader.servedStale(key, family, cause, stale, undefined)
        return value
      }
    }
    if (stale !== undefined) this.#reader.tellMiss(key, family)
    throw error
  }
}

function causeOf(error: unknown): keyof StaleServed {
  if (error instanceof LoaderTimeoutError) return 'timeout'
  return error instanceof LoadCooldownError ? 'cooldown' : 'error'
}
