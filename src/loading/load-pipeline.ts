import { abortable } from '../core/abort.ts'
import type { TimerHandle } from '../core/clock.ts'
import { isPromise, type MaybePromise } from '../core/promise.ts'
import type { EntrySettings, Found, Reading, Stored } from '../core/store.ts'
import { NO_TAGS, belongs } from '../core/tags.ts'
import { Flight, type Outcome } from './flight.ts'
import { LoadRun, type KeysLoader } from './load-run.ts'
import type { PipelineParts } from './parts.ts'
import { refuseRecursion, waitFor } from './recursion.ts'

const LONGEST_DRAIN_MS = 10_000

/** How a value is loaded and stored. */
export interface LoadSettings extends EntrySettings, Reading {
  /** Ends the waiting of this caller, not the load. */
  readonly signal: AbortSignal | undefined
}

/**
 * The read-through pipeline, one for every engine: read; on a miss share the load that is under way, or take
 * the lease, load, and store under the lease. A write or invalidation of the key voids the lease: what was
 * read before it reaches its callers, but neither the store nor anybody who asks later.
 */
export class LoadPipeline {
  readonly #parts: PipelineParts
  readonly #flights = new Map<string, Flight>()
  readonly #running = new Set<Promise<void>>()

  constructor(parts: PipelineParts) {
    this.#parts = parts
  }

  /** A private copy of the fresh value of `key`; `undefined` is a miss, or a store in trouble. */
  get(key: string, reading?: Reading): MaybePromise<unknown> {
    let stored: MaybePromise<Stored | undefined>
    try {
      stored = this.#parts.store.get(key, reading)
    } catch (error) {
      return this.#failed('get', error, 1)
    }
    return isPromise(stored) ? this.#getLater(key, stored) : this.#read('get', key, stored)
  }

  /** Private copies of the fresh values among `keys`. */
  async getMany(keys: readonly string[], reading?: Reading): Promise<Map<string, unknown>> {
    const values = new Map<string, unknown>()
    let found: ReadonlyMap<string, Found>
    try {
      found = await this.#parts.store.read(keys, reading)
    } catch (error) {
      this.#failed('getMany', error, keys.length)
      return values
    }
    for (const key of keys) {
      const value = this.#read('getMany', key, found.get(key)?.stored)
      if (value !== undefined) values.set(key, value)
    }
    return values
  }

  /** A value of the reader's own; `undefined` when nobody can read what is stored. */
  view(operation: string, key: string, stored: Stored): unknown {
    try {
      return this.#parts.store.view(stored)
    } catch (cause) {
      this.#parts.trouble.misfit(operation, key, 'what is stored can not be read', { cause })
      return undefined
    }
  }

  /** The value of `key`, loaded if need be. @throws whatever the loader throws. */
  load(key: string, loader: () => unknown, settings: LoadSettings): Promise<unknown> {
    const { signal } = settings
    if (signal === undefined) return this.#load(key, loader, settings)
    return abortable(signal, () => this.#load(key, loader, settings))
  }

  /** The values of distinct `keys`; the loader is given those that are missing. @throws whatever the loader throws. */
  loadMany(
    keys: readonly string[],
    loader: KeysLoader,
    settings: LoadSettings,
  ): Promise<Map<string, unknown>> {
    return abortable(settings.signal, () => this.#loadMany(keys, loader, settings))
  }

  /** Resolves when no load is under way, or after 10 seconds: a loader that hangs must not hold up a shutdown. */
  async drain(): Promise<void> {
    if (this.#running.size === 0) return
    const { timers } = this.#parts
    let timer: TimerHandle
    const patience = new Promise<void>((resolve) => {
      timer = timers.set(resolve, LONGEST_DRAIN_MS)
    })
    await Promise.race([Promise.all(this.#running), patience])
    timers.clear(timer)
  }

  async #load(key: string, loader: () => unknown, settings: LoadSettings): Promise<unknown> {
    const found = this.get(key, settings)
    const value = isPromise(found) ? await found : found
    if (value !== undefined) return value
    for (let flight = this.#join(key, settings); flight !== undefined; flight = this.#join(key, settings)) {
      const outcome = await waitFor(flight, flight.outcome)
      if (!outcome.absent) return this.#deliver(key, outcome)
    }
    const flight = this.#begin(key, settings)
    this.#run([flight], async () => new Map([[key, await loader()]]), settings.ttlMs)
    return this.#deliver(key, await waitFor(flight, flight.outcome))
  }

  async #loadMany(
    keys: readonly string[],
    loader: KeysLoader,
    settings: LoadSettings,
  ): Promise<Map<string, unknown>> {
    const values = await this.getMany(keys, settings)
    const missing = keys.filter((key) => !values.has(key))
    for (const key of missing) refuseRecursion(key, this)
    const own: Flight[] = []
    const flights = missing.map((key) => {
      const joined = this.#join(key, settings)
      if (joined !== undefined) return joined
      const flight = this.#begin(key, settings)
      own.push(flight)
      return flight
    })
    if (own.length > 0) this.#run(own, loader, settings.ttlMs)
    const unanswered: string[] = []
    for (const flight of flights) {
      const outcome = await waitFor(flight, flight.outcome)
      const value = this.#deliver(flight.key, outcome)
      if (value !== undefined) values.set(flight.key, value)
      // Another's loader had nothing for the key: this one may.
      else if (outcome.absent && !own.includes(flight)) unanswered.push(flight.key)
    }
    if (unanswered.length === 0) return values
    const rest = await this.#loadMany(unanswered, loader, settings)
    return new Map([...values, ...rest])
  }

  // The flight of a key that a caller who comes now may share: its load read nothing older than the last write.
  #join(key: string, settings: LoadSettings): Flight | undefined {
    const flight = this.#flights.get(key)
    if (flight === undefined || !belongs(flight.reading.tags, settings.tags)) return undefined
    if (!this.#parts.store.joinable(flight.lease, flight.startedAtMs, settings)) return undefined
    this.#parts.counters.coalesced++
    return flight
  }

  #begin(key: string, { tags = NO_TAGS, after }: LoadSettings): Flight {
    const parent = refuseRecursion(key, this)
    const { store, clock } = this.#parts
    const reading = { tags, after }
    const flight = new Flight(this, store.open(key, reading), reading, clock.now(), parent)
    this.#flights.set(key, flight)
    return flight
  }

  #run(flights: readonly Flight[], loader: KeysLoader, ttlMs: number): void {
    const leave = (flight: Flight): void => {
      if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key)
    }
    const work = new LoadRun(this.#parts, loader, ttlMs, leave).run(flights)
    this.#running.add(work)
    void work.finally(() => this.#running.delete(work))
  }

  #deliver(key: string, outcome: Outcome): unknown {
    if (outcome.stored === undefined) return outcome.value
    const value = this.view('load', key, outcome.stored)
    return value === undefined ? outcome.value : value
  }

  async #getLater(key: string, pending: PromiseLike<Stored | undefined>): Promise<unknown> {
    let stored: Stored | undefined
    try {
      stored = await pending
    } catch (error) {
      return this.#failed('get', error, 1)
    }
    return this.#read('get', key, stored)
  }

  #read(operation: string, key: string, stored: Stored | undefined): unknown {
    const { counters, trouble } = this.#parts
    trouble.served(operation)
    const value = stored === undefined ? undefined : this.view(operation, key, stored)
    if (value === undefined) counters.misses++
    else counters.hits++
    return value
  }

  #failed(operation: string, error: unknown, misses: number): undefined {
    this.#parts.counters.misses += misses
    return this.#parts.trouble.failed(operation, error)
  }
}
