import type { AgeClock } from '../core/time/age-clock.ts'
import type { TimerHandle } from '../core/time/clock.ts'
import { ClosedError } from '../core/errors.ts'
import type { LoadSettings } from '../options/resolve.ts'
import type { Reading, Stored } from '../core/store.ts'
import { NO_TAGS, belongs } from '../keys/tags.ts'
import { ExpiringMap } from '../internal/expiring-map.ts'
import { SingleOrMap } from '../internal/single-or-map.ts'
import { Flight, type Outcome } from './flight.ts'
import { LoadRun, type RunHost } from './load-run.ts'
import type { CacheState } from './cache-state.ts'
import { refuseRecursion } from './recursion.ts'
import type { Source } from './load-context.ts'
import { LoadLimit } from './load-limit.ts'

/** The time after which the lease of a load without a time limit is free for others. */
const LONGEST_LOAD_MS = 60_000
/** The time for which the store is not asked again whether a key may be loaded in the background. */
const REST_MS = 1000
/** The number of failed loads that late callers may share. */
const MOST_FAILED = 1000
const UNTAGGED: Reading = Object.freeze({ tags: NO_TAGS })

/** A failed load. */
interface Failed {
  readonly place: number
  readonly tags: Reading['tags']
  readonly error: unknown
}

/** The loads that are under way. It knows which of them a caller may share, and the work left if all have ended. */
export class Flights implements RunHost {
  readonly state: CacheState
  readonly limit: LoadLimit = new LoadLimit()
  readonly #byKey = new SingleOrMap<string, Flight>()
  // Keys that are not to be loaded for a while, as the store has said. It need not be asked again at once.
  readonly #resting = new ExpiringMap<true>()
  // Failed loads, for callers that came before these began and whose question to the store is answered only now.
  readonly #failed = new ExpiringMap<Failed>(MOST_FAILED)
  readonly #running = new Set<LoadRun>()
  #waiting = 0
  // Numbers calls and flights, because a clock may stand still between two of them.
  #places = 0
  #onIdle: (() => void) | undefined
  #closed: ClosedError | undefined

  constructor(state: CacheState) {
    this.state = state
  }

  /**
   * Returns the flight of a key that a new caller may share, because its load read nothing older than the last write.
   */
  join(key: string, settings: LoadSettings): Flight | undefined {
    const flight = this.joinable(key, settings)
    if (flight === undefined) return undefined
    this.#coalesced(key, settings)
    return flight
  }

  /** Returns the same for a caller that does not wait for it. */
  joinable(key: string, settings: LoadSettings): Flight | undefined {
    const flight = this.#byKey.get(key)
    if (flight === undefined || !belongs(flight.reading.tags, settings.tags)) return undefined
    if (settings.forceRefresh === true && (!flight.anew || flight.loaderBegan)) return undefined
    const { store, clock } = this.state
    if (flight.timedOut && settings.loadErrorTtlMs === undefined) return undefined
    if (settings.hardTimeoutMs === undefined && isLong(flight, clock.now())) return undefined
    return store.joinable(flight.lease, flight.startedAtMs, settings.reading) ? flight : undefined
  }

  /**
   * Returns a new flight in place of any present one; it is to be started. `present` is the entry of the key, if it is
   * known. `calledAtMs` is the time of the call that needs it; default: now.
   * @throws RecursiveLoadError if a loader asks for a key that it, or a load it serves, is loading.
   */
  begin(key: string, settings: LoadSettings, owner: object, present?: Stored, calledAtMs?: number): Flight {
    const { store, clock } = this.state
    const parent = refuseRecursion(key, owner)
    // Its caller came before the cache was closed, and has waited for the store.
    if (this.#closed !== undefined) throw this.#closed
    const reading = settings.reading ?? UNTAGGED
    const nowMs = clock.now()
    const lease = store.open(key, reading)
    const flight = new Flight(owner, lease, reading, nowMs, calledAtMs ?? nowMs, parent, present)
    // A load that takes too long keeps its lease for one more second, which is not waited for.
    flight.place = ++this.#places
    flight.family = settings.family
    flight.anew = settings.forceRefresh === true
    const before = this.#byKey.get(key)
    flight.forced = flight.anew || (before !== undefined && (before.timedOut || isHung(before, nowMs, clock)))
    this.#byKey.set(key, flight)
    return flight
  }

  /**
   * Loads the flights with one call of the loader. Entries that are fresh for no longer than `freshUpToMs` are loaded
   * anew. At the end it returns the result of `deliver` for the outcome of the first flight.
   */
  start(
    flights: readonly Flight[],
    source: Source,
    settings: LoadSettings,
    freshUpToMs = 0,
    deliver?: (outcome: Outcome) => unknown,
  ): Promise<unknown> {
    const run = new LoadRun(this, flights, source, settings, freshUpToMs)
    this.#running.add(run)
    return run.run(deliver)
  }

  /** Notes that a load of the key failed not long ago, as the store has answered. */
  rest(key: string): void {
    const nowMs = this.state.clock.now()
    this.#resting.set(key, true, nowMs + REST_MS, nowMs)
  }

  /** Whether a load without waiting callers need not be tried. */
  isResting(key: string): boolean {
    return this.#resting.get(key, this.state.clock.now()) === true
  }

  leave(flight: Flight): void {
    if (this.#byKey.get(flight.key) === flight) this.#byKey.delete(flight.key)
  }

  ended(run: LoadRun): void {
    this.#running.delete(run)
    if (this.isIdle) this.#onIdle?.()
  }

  /**
   * Counts a call that waits for the store and may then begin a load; to be followed by {@link Flights.exit}. Returns
   * the call's place in the order of calls and flights.
   */
  enter(): number {
    this.#waiting++
    return ++this.#places
  }

  /**
   * Throws the error of a load that began after the call with this place and has failed, because the call would have
   * shared it if the store had answered both at the same time.
   */
  shareFailure(key: string, settings: LoadSettings, place: number): void {
    if (this.#failed.size === 0 || settings.forceRefresh === true) return
    const failed = this.#failed.get(key, this.state.clock.now())
    if (failed === undefined || failed.place < place || !belongs(failed.tags, settings.tags)) return
    this.#coalesced(key, settings)
    throw failed.error
  }

  #coalesced(key: string, { family }: LoadSettings): void {
    family.counters.coalesced++
    this.state.observing('load')?.coalesced?.(family, key)
  }

  failed(flights: readonly Flight[], error: unknown): void {
    if (this.#waiting === 0) return
    const nowMs = this.state.clock.now()
    for (const { key, place, reading, result } of flights)
      if (result!.failure?.[0] === error)
        this.#failed.set(key, { place, tags: reading.tags, error }, nowMs + REST_MS, nowMs)
  }

  /** Notes that the call has begun its load, or needs none. */
  exit(): void {
    this.#waiting--
    if (this.isIdle) this.#onIdle?.()
  }

  /** Whether a load of the key is under way. */
  has(key: string): boolean {
    return this.#byKey.get(key) !== undefined
  }

  /** Whether no load is under way. */
  get isIdle(): boolean {
    return this.#running.size === 0 && this.#waiting === 0
  }

  /**
   * Resolves when no load is under way. After `longestMs` the rest is given up, because a loader that hangs must not
   * hold up a shutdown.
   */
  async drain(longestMs: number): Promise<void> {
    const { timers } = this.state
    if (!this.isIdle) {
      let timer: TimerHandle
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
        timer = timers.set(resolve, longestMs, 'awaited')
      })
      timers.clear(timer)
    }
    this.#closed = new ClosedError('the cache was closed before the load had ended (closeTimeout)')
    for (const run of this.#running) run.giveUp(this.#closed)
  }
}

// Whether a load takes so long that no other one waits for it.
function isLong({ startedAtMs }: Flight, nowMs: number): boolean {
  return nowMs - startedAtMs >= LONGEST_LOAD_MS
}

// Whether it has run for so long. A suspension gives its right to nobody.
function isHung(flight: Flight, nowMs: number, { resumedAtMs }: AgeClock): boolean {
  return isLong(flight, nowMs) && resumedAtMs <= flight.startedAtMs
}
