import type { Fill, Lease, Stored } from '../core/store.ts'
import { acquire, waitForLease, type Permission } from './acquire.ts'
import type { Flight } from './flight.ts'
import type { PipelineParts } from './parts.ts'
import { runLoader } from './recursion.ts'

/** Loads some full keys; a key that is not in the result has no value. */
export type KeysLoader = (keys: readonly string[]) => PromiseLike<ReadonlyMap<string, unknown>>

/** A load of one key or several with one call of the loader, from the lease to the fill. */
export class LoadRun {
  readonly #parts: PipelineParts
  readonly #loader: KeysLoader
  readonly #ttlMs: number
  readonly #leave: (flight: Flight) => void
  readonly #releases: Promise<void>[] = []

  /** `leave` is called when a flight may no longer be joined: its value is about to be stored, or it failed. */
  constructor(parts: PipelineParts, loader: KeysLoader, ttlMs: number, leave: (flight: Flight) => void) {
    this.#parts = parts
    this.#loader = loader
    this.#ttlMs = ttlMs
    this.#leave = leave
  }

  /** Ends every flight, with its outcome or with the one error; never rejects itself. */
  async run(flights: readonly Flight[]): Promise<void> {
    try {
      const busy = await this.#proceed(flights, await acquire(this.#parts, flights))
      // Keys that another pipeline is loading are waited for last, so that they hold up nothing.
      await this.#proceed(busy, await Promise.all(busy.map((flight) => waitForLease(this.#parts, flight))))
    } catch (error) {
      const failed = flights.filter((flight) => !flight.done)
      this.#release(failed)
      for (const flight of failed) {
        this.#leave(flight)
        flight.fail(error)
      }
    }
    await Promise.all(this.#releases)
  }

  // Does what the store's answers allow, and returns the flights whose keys are busy.
  async #proceed(
    flights: readonly Flight[],
    answers: readonly (Permission | 'busy')[],
  ): Promise<readonly Flight[]> {
    const having = (answer: string): Flight[] => flights.filter((_, index) => answers[index] === answer)
    const unreadable: Flight[] = []
    for (const [index, answer] of answers.entries()) {
      if (typeof answer !== 'object') continue
      const flight = flights[index]!
      if (this.#isReadable(answer.stored)) this.#share(flight, answer.stored)
      else unreadable.push(flight)
    }
    await this.#load(having('granted'), true)
    await this.#load([...having('denied'), ...unreadable], false)
    return having('busy')
  }

  async #load(flights: readonly Flight[], mayStore: boolean): Promise<void> {
    const [first] = flights
    if (first === undefined) return
    const { counters, clock, store, trouble } = this.#parts
    // All of them end with the first, whose context the loader runs in.
    for (const other of flights.slice(1)) other.waitsFor.add(first)
    counters.loads++
    const startedAtMs = clock.now()
    let values: ReadonlyMap<string, unknown>
    try {
      values = await runLoader(first, () => this.#loader(flights.map((flight) => flight.key)))
    } catch (error) {
      counters.loadErrors++
      throw error
    } finally {
      counters.loadTimeMs += clock.now() - startedAtMs
    }
    const storable = new Map<Flight, Stored>()
    for (const flight of flights) {
      // From here on a caller reads the store again: the fill ends the lease, and with it the marker.
      this.#leave(flight)
      const value = values.get(flight.key)
      if (value === undefined) continue
      const admitted = store.admit(value)
      if (admitted.stored !== undefined) storable.set(flight, admitted.stored)
      else trouble.unstorable('load', flight.key, admitted.refused)
    }
    const fillable = this.#ttlMs > 0
    this.#release(fillable ? flights.filter((flight) => !storable.has(flight)) : flights)
    // Offered also without a right to store: the store knows what else it may do with it.
    if (fillable && storable.size > 0) await this.#fill(storable, mayStore)
    for (const flight of flights) {
      const absent = !values.has(flight.key)
      flight.succeed({ value: values.get(flight.key), stored: storable.get(flight), absent })
    }
  }

  async #fill(storable: ReadonlyMap<Flight, Stored>, mayStore: boolean): Promise<void> {
    const { counters, store, trouble } = this.#parts
    const fills = Array.from(storable, ([flight, stored]): Fill => ({
      lease: flight.lease,
      stored,
      ttlMs: this.#ttlMs,
    }))
    try {
      for (const accepted of await store.fill(fills)) {
        if (accepted) counters.writes++
        else if (mayStore) counters.refusedFills++
      }
      if (mayStore) trouble.served('fill')
    } catch (error) {
      this.#release([...storable.keys()])
      trouble.failed('fill', error)
    }
  }

  #share(flight: Flight, stored: Stored): void {
    this.#release([flight])
    this.#leave(flight)
    flight.succeed({ value: undefined, stored, absent: false })
  }

  // The read before the load has counted and logged it if not; what nobody can read is left for inspection.
  #isReadable(stored: Stored): boolean {
    try {
      this.#parts.store.view(stored)
      return true
    } catch {
      return false
    }
  }

  // Begun before the callers go on, so that none of them finds the key busy; not waited for, so that none is held up.
  #release(flights: readonly Flight[]): void {
    if (flights.length > 0) this.#releases.push(this.#releaseNow(flights.map((flight) => flight.lease)))
  }

  async #releaseNow(leases: readonly Lease[]): Promise<void> {
    try {
      await this.#parts.store.release(leases)
    } catch (error) {
      this.#parts.trouble.note('release', error)
    }
  }
}
