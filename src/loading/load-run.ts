import type { Fill, Stored } from '../core/store.ts'
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
  // Flights whose lease has been neither filled nor released.
  readonly #unsettled = new Set<Flight>()

  /** `leave` is called when a flight may no longer be joined: its value is about to be stored, or it failed. */
  constructor(parts: PipelineParts, loader: KeysLoader, ttlMs: number, leave: (flight: Flight) => void) {
    this.#parts = parts
    this.#loader = loader
    this.#ttlMs = ttlMs
    this.#leave = leave
  }

  /** Ends every flight, with its outcome or with the one error; never rejects itself. */
  async run(flights: readonly Flight[]): Promise<void> {
    for (const flight of flights) this.#unsettled.add(flight)
    try {
      const answers = await acquire(this.#parts, flights)
      const answered = (wanted: string): Flight[] => flights.filter((_, index) => answers[index] === wanted)
      const unreadable = this.#shareFound(flights, answers)
      // Keys that another pipeline is loading are waited for last, so that they hold up nothing.
      await this.#load(answered('granted'), true)
      await this.#load([...answered('denied'), ...unreadable], false)
      await this.#wait(answered('busy'))
    } catch (error) {
      const released = this.#release(flights)
      for (const flight of flights) if (!flight.done) this.#fail(flight, error)
      await released
    }
    await this.#release(flights)
  }

  async #wait(flights: readonly Flight[]): Promise<void> {
    const answers = await Promise.all(flights.map((flight) => waitForLease(this.#parts, flight)))
    const unreadable = this.#shareFound(flights, answers)
    const answered = (wanted: string): Flight[] => flights.filter((_, index) => answers[index] === wanted)
    await this.#load(answered('granted'), true)
    await this.#load([...answered('denied'), ...unreadable], false)
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
    if (mayStore) await this.#fill(storable)
    const released = this.#release(flights)
    for (const flight of flights) {
      const absent = !values.has(flight.key)
      flight.succeed({ value: values.get(flight.key), stored: storable.get(flight), absent })
    }
    await released
  }

  async #fill(storable: ReadonlyMap<Flight, Stored>): Promise<void> {
    if (storable.size === 0 || this.#ttlMs <= 0) return
    const { counters, store, trouble } = this.#parts
    const fills = Array.from(storable, ([flight, stored]): Fill => ({
      lease: flight.lease,
      stored,
      ttlMs: this.#ttlMs,
    }))
    try {
      const answers = await store.fill(fills)
      for (const flight of storable.keys()) this.#unsettled.delete(flight)
      for (const accepted of answers) {
        if (accepted) counters.writes++
        else counters.refusedFills++
      }
      trouble.served('fill')
    } catch (error) {
      trouble.failed('fill', error)
    }
  }

  // Ends the flights whose entry was there after all, and answers those whose entry nobody can read.
  #shareFound(flights: readonly Flight[], answers: readonly (Permission | 'busy')[]): readonly Flight[] {
    const unreadable: Flight[] = []
    for (const [index, answer] of answers.entries()) {
      if (typeof answer !== 'object') continue
      const flight = flights[index]!
      if (this.#isReadable(answer.stored)) {
        this.#leave(flight)
        flight.succeed({ value: undefined, stored: answer.stored, absent: false })
      } else {
        unreadable.push(flight)
      }
    }
    return unreadable
  }

  // The read before the load has counted and logged it if not.
  #isReadable(stored: Stored): boolean {
    try {
      this.#parts.store.view(stored)
      return true
    } catch {
      return false
    }
  }

  #fail(flight: Flight, error: unknown): void {
    this.#leave(flight)
    flight.fail(error)
  }

  // Begun before the callers are told, so that one who asks again at once does not find the key held.
  async #release(flights: readonly Flight[]): Promise<void> {
    const leases = flights.filter((flight) => this.#unsettled.delete(flight)).map((flight) => flight.lease)
    if (leases.length === 0) return
    try {
      await this.#parts.store.release(leases)
    } catch (error) {
      this.#parts.trouble.note('release', error)
    }
  }
}
