import { abortable } from '../core/abort.ts'
import { inTime, LATE } from '../core/time/in-time.ts'
import { outsideRequests } from '../core/time/outside.ts'
import { handOver } from '../core/background.ts'
import { isPromise, type MaybePromise } from '../core/promise.ts'
import type { LoadSettings } from '../options/resolve.ts'
import type { Found, Stored } from '../core/store.ts'
import type { Flight, Outcome } from './flight.ts'
import { Flights } from './flights.ts'
import type { HitAudit } from './hit-audit.ts'
import type { CacheState } from './cache-state.ts'
import { NOTHING, Reader } from './reader.ts'
import { questionMs } from './acquire.ts'
import { enclosingFlight, refuseRecursion } from './recursion.ts'
import { ServeDecision, type Sorted } from './serve-decision.ts'
import { SingleSource, type OneLoader, type Source } from './load-context.ts'

/**
 * The read-through pipeline, one for every engine. It reads; a stale value is served and loaded anew in the background.
 * On a miss it shares the load under way, or takes the lease, loads, and stores under the lease. A write or
 * invalidation of the key voids the lease. The loaded value then reaches the load's callers, but neither the store nor
 * any later caller.
 */
export class LoadPipeline {
  readonly reader: Reader
  /** Looks at hits; `undefined` = nobody does. */
  audit: HitAudit | undefined = undefined
  readonly #state: CacheState
  readonly #flights: Flights
  readonly #decision: ServeDecision

  constructor(state: CacheState) {
    this.#state = state
    this.reader = new Reader(state)
    this.#flights = new Flights(state)
    this.#decision = new ServeDecision(state, this.reader, this.#flights)
  }

  /** Returns the value of `key`, loaded if it is missing. @throws the loader's error. */
  load(key: string, name: string, loader: OneLoader, settings: LoadSettings): MaybePromise<unknown> {
    if (settings.signal !== undefined)
      return this.#loadUntilAborted(key, new SingleSource(name, loader), settings, settings.signal)
    if (settings.timed) return this.#loadTimed(key, new SingleSource(name, loader), settings)
    const found = this.reader.get(key, settings.reading, settings.family)
    if (isPromise(found)) {
      const source = new SingleSource(name, loader)
      return this.#loadAfter(found, key, source, settings, this.#state.clock.now())
    }
    if (found === undefined) return this.#share(key, new SingleSource(name, loader), settings)
    if (this.audit?.takes() === true) this.audit.check(key, new SingleSource(name, loader), settings)
    return found
  }

  /** Returns the values of distinct `keys`. The loader gets those that are missing. @throws the loader's error. */
  loadMany(keys: readonly string[], source: Source, settings: LoadSettings): Promise<Map<string, unknown>> {
    const calledAtMs = this.#state.clock.now()
    return abortable(settings.signal, async () => {
      const place = this.#flights.enter()
      try {
        return await this.#loadMany(keys, source, settings, calledAtMs, place)
      } finally {
        this.#flights.exit()
      }
    })
  }

  /** Whether a load of the key is under way, also one in the background. */
  isUnderWay(key: string): boolean {
    return this.#flights.has(key)
  }

  /** Whether a load of the key beside the pipeline is welcome: none has failed just now, and there is room for one. */
  hasRoom(key: string, { maxConcurrentLoads = Infinity }: LoadSettings): boolean {
    return !this.#flights.isResting(key) && this.#flights.limit.hasRoom(maxConcurrentLoads)
  }

  /** Whether no load is under way. */
  get isIdle(): boolean {
    return this.#flights.isIdle
  }

  /** Resolves when no load is under way. After `longestMs` the rest is rejected. */
  drain(longestMs: number): Promise<void> {
    return this.#flights.drain(longestMs)
  }

  /** Whether the code that runs here belongs to a load of this pipeline. */
  get isLoading(): boolean {
    for (let flight = enclosingFlight(); flight !== undefined; flight = flight.parent)
      if (flight.owner === this && !flight.loaderEnded) return true
    return false
  }

  #loadUntilAborted(
    key: string,
    source: Source,
    settings: LoadSettings,
    signal: AbortSignal,
  ): Promise<unknown> {
    return abortable(signal, async () => {
      if (settings.timed) return this.#loadTimed(key, source, settings)
      const calledAtMs = this.#state.clock.now()
      const found = this.reader.get(key, settings.reading, settings.family)
      return this.#loadAfter(found, key, source, settings, calledAtMs)
    })
  }

  async #loadAfter(
    found: MaybePromise<unknown>,
    key: string,
    source: Source,
    settings: LoadSettings,
    calledAtMs: number,
  ): Promise<unknown> {
    const place = this.#flights.enter()
    try {
      const value = isPromise(found) ? await this.#leavingTime(found, settings) : found
      if (value !== undefined) {
        this.#look(key, source, settings)
        return value
      }
      this.#flights.shareFailure(key, settings, place)
      return this.#share(key, source, settings, calledAtMs)
    } finally {
      this.#flights.exit()
    }
  }

  // Shows a fresh hit to the auditor. A stale value is served on request, and is replaced at once.
  #look(key: string, source: Source, settings: LoadSettings, entry?: Sorted): void {
    if (entry?.refreshUpToMs !== 0 && this.audit?.takes() === true) this.audit.check(key, source, settings)
  }

  // Half of a short `hardTimeout` is for the loader, even if the store is slow.
  #leavingTime<T>(reading: PromiseLike<T>, settings: LoadSettings): PromiseLike<T | undefined> {
    const { store, timers } = this.#state
    const { deadlineMs = 0 } = store
    const leftMs = questionMs(deadlineMs, settings)
    if (leftMs === deadlineMs) return reading
    return inTime(reading, leftMs, timers).then((found) => (found === LATE ? undefined : found))
  }

  async #loadTimed(key: string, source: Source, settings: LoadSettings): Promise<unknown> {
    const calledAtMs = this.#state.clock.now()
    const place = this.#flights.enter()
    try {
      const looking = this.reader.look('get', [key], settings.readingStale, settings.family)
      const found = (isPromise(looking) ? await this.#leavingTime(looking, settings) : looking)?.get(key)
      const entry = this.#decision.sort(key, found, settings)
      if (entry.value !== undefined) {
        this.#look(key, source, settings, entry)
        if (entry.refreshUpToMs !== undefined)
          this.#refresh([key], new Map([[key, found!]]), source, settings, entry.refreshUpToMs)
        return entry.value
      }
      if (entry.stale === undefined) this.#flights.shareFailure(key, settings, place)
      return this.#share(key, source, settings, calledAtMs, found?.stored, entry.stale)
    } finally {
      this.#flights.exit()
    }
  }

  // `present` is the entry of the key; `stale` is the same if it may be served.
  #share(
    key: string,
    source: Source,
    settings: LoadSettings,
    calledAtMs?: number,
    present?: Stored,
    stale?: Stored,
  ): Promise<unknown> {
    // The caller has left while the store was asked, and has its answer, so nothing is begun for it.
    if (settings.signal?.aborted === true) return Promise.resolve(undefined)
    const shared = this.#flights.join(key, settings)
    if (shared !== undefined || stale !== undefined || settings.hardTimeoutMs !== undefined)
      return this.#shareOn(shared, key, source, settings, calledAtMs, present, stale)
    if (enclosingFlight() !== undefined)
      return this.#shareOn(undefined, key, source, settings, calledAtMs, present)
    const flight = this.#flights.begin(key, settings, this, present, calledAtMs)
    // Most loads end when their caller has its answer, so that one promise serves for both.
    const loading = this.#flights.start([flight], source, settings, 0, (outcome) =>
      this.#decision.deliver(key, outcome, undefined, settings.family),
    )
    // A caller with a signal may leave before.
    if (settings.signal !== undefined) this.#handOver(settings, loading)
    return loading
  }

  async #shareOn(
    first: Flight | undefined,
    key: string,
    source: Source,
    settings: LoadSettings,
    calledAtMs: number = this.#state.clock.now(),
    present?: Stored,
    stale?: Stored,
  ): Promise<unknown> {
    const { hardTimeoutMs = Infinity } = settings
    const patience = stale === undefined ? Infinity : this.#decision.patience(settings)
    const untilMs = Math.min(patience, calledAtMs + hardTimeoutMs)
    let again = false
    for (let shared = first; ; shared = this.#flights.join(key, settings)) {
      const flight = shared ?? this.#flights.begin(key, settings, this, present, calledAtMs)
      const loading = shared === undefined ? this.#flights.start([flight], source, settings) : undefined
      this.#handOver(settings, loading)
      const outcome =
        (await this.#decision.waitUntil(untilMs, flight)) ??
        flight.loaded ??
        (stale === undefined ? this.#decision.tooLate(source.nameOf(key), hardTimeoutMs) : undefined)
      const isForOthers = this.#isForOthers(outcome, again, calledAtMs + hardTimeoutMs)
      again = true
      if (shared !== undefined && isForOthers && settings.signal?.aborted !== true) continue
      return this.#decision.deliver(key, outcome, stale, settings.family)
    }
  }

  // Whether a caller that has joined may load by itself, because the loader of another call had nothing for the key, or
  // nothing to be shared.
  #isForOthers(outcome: Outcome | undefined, again: boolean, endMs: number): boolean {
    const isOpen = outcome?.own === true || (outcome?.late === true && !again)
    return isOpen && (endMs === Infinity || this.#state.clock.now() < endMs)
  }

  async #loadMany(
    keys: readonly string[],
    source: Source,
    settings: LoadSettings,
    calledAtMs: number,
    place: number,
    again = false,
  ): Promise<Map<string, unknown>> {
    const reading = settings.timed ? settings.readingStale : settings.reading
    const looking = this.reader.look('getMany', keys, reading, settings.family)
    const found = (isPromise(looking) ? await this.#leavingTime(looking, settings) : looking) ?? NOTHING
    const { values, stale, missing } = this.#sortAll(keys, found, source, settings)
    for (const key of missing) {
      refuseRecursion(key, this)
      if (!stale.has(key)) this.#flights.shareFailure(key, settings, place)
    }
    const own = new Set<Flight>()
    const flights = missing.map((key) => {
      const shared = this.#flights.join(key, settings)
      if (shared !== undefined) return shared
      const flight = this.#flights.begin(key, settings, this, found.get(key)?.stored, calledAtMs)
      own.add(flight)
      return flight
    })
    const loading = own.size > 0 ? this.#flights.start([...own], source, settings) : undefined
    this.#handOver(settings, loading)
    const { hardTimeoutMs = Infinity } = settings
    const endMs = calledAtMs + hardTimeoutMs
    const patience = stale.size === 0 ? Infinity : this.#decision.patience(settings)
    const unanswered: string[] = []
    for (const flight of flights) {
      const { key } = flight
      const untilMs = stale.has(key) ? Math.min(patience, endMs) : endMs
      const outcome =
        (await this.#decision.waitUntil(untilMs, flight)) ??
        flight.loaded ??
        (stale.has(key) ? undefined : this.#decision.tooLate(source.nameOf(key), hardTimeoutMs))
      if (this.#isForOthers(outcome, again, endMs) && !own.has(flight)) unanswered.push(key)
      else {
        const value = this.#decision.deliver(key, outcome, stale.get(key), settings.family)
        if (value !== undefined) values.set(key, value)
      }
    }
    if (unanswered.length === 0 || settings.signal?.aborted === true) return values
    const more = await this.#loadMany(unanswered, source, settings, calledAtMs, place, true)
    return new Map([...values, ...more])
  }

  // Sorts keys by the entries that the store has, and begins to load anew those that are about to end.
  #sortAll(
    keys: readonly string[],
    found: ReadonlyMap<string, Found>,
    source: Source,
    settings: LoadSettings,
  ): { values: Map<string, unknown>; stale: Map<string, Stored>; missing: string[] } {
    const values = new Map<string, unknown>()
    const stale = new Map<string, Stored>()
    const missing: string[] = []
    const ahead: string[] = []
    let refreshUpToMs = 0
    for (const key of keys) {
      const entry = this.#decision.sort(key, found.get(key), settings)
      if (entry.value === undefined) missing.push(key)
      else {
        values.set(key, entry.value)
        this.#look(key, source, settings, entry)
      }
      if (entry.stale !== undefined) stale.set(key, entry.stale)
      if (entry.refreshUpToMs === undefined) continue
      ahead.push(key)
      refreshUpToMs = entry.refreshUpToMs
    }
    if (ahead.length > 0) this.#refresh(ahead, found, source, settings, refreshUpToMs)
    return { values, stale, missing }
  }

  // Loads the keys anew that no caller waits for and no load is under way for.
  #refresh(
    keys: readonly string[],
    found: ReadonlyMap<string, Found>,
    source: Source,
    settings: LoadSettings,
    freshUpToMs: number,
  ): void {
    const idle = keys.filter(
      (key) => this.#flights.joinable(key, settings) === undefined && !this.#flights.isResting(key),
    )
    if (idle.length === 0) return
    const { trouble } = this.#state
    const observer = this.#state.observing('load')
    if (observer !== undefined) for (const key of idle) observer.refreshing?.(settings.family, key)
    const loading = outsideRequests(() => {
      const flights = idle.map((key) => this.#flights.begin(key, settings, this, found.get(key)!.stored))
      for (const flight of flights) {
        settings.family.counters.refreshes++
        flight.isBackground = true
        void flight.outcome.then(({ failure }) => {
          if (failure !== undefined) trouble.refreshFailed(flight.key, failure[0])
        })
      }
      return this.#flights.start(flights, source, settings, freshUpToMs)
    })
    this.#handOver(settings, loading)
  }

  #handOver({ waitUntil }: LoadSettings, loading: Promise<unknown> | undefined): void {
    if (waitUntil !== undefined && loading !== undefined)
      handOver(waitUntil, loading, (error) => this.#state.trouble.hostFailed(error))
  }
}
