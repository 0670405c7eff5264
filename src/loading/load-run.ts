import type { TimerHandle } from '../core/clock.ts'
import { LoadCooldownError, LoaderTimeoutError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/promise.ts'
import type { LoadSettings } from '../core/settings.ts'
import type { AcquireOptions, Acquired, Cooldown, Fill, Stored } from '../core/store.ts'
import { acquire, release, waitForLease } from './acquire.ts'
import { ttlOf } from './entry-terms.ts'
import type { Carrier, Flight } from './flight.ts'
import { Context, NOT_MODIFIED, type LoadSituation } from './load-context.ts'
import type { PipelineParts } from './parts.ts'
import { beginLoader, endLoader, inContext } from './recursion.ts'
import { ABSENT, type Source } from './source.ts'
import type { Turnstile } from './turnstile.ts'

/** For how long a load that took too long may still end and have its value stored. */
export const LAST_CHANCE_MS = 1000

/** What a run is part of. */
export interface RunHost {
  readonly parts: PipelineParts
  readonly turnstile: Turnstile
  /** From here on nobody joins the flight. */
  leave(flight: Flight): void
  /** Nothing of the run is under way any more. */
  ended(run: LoadRun): void
}

/** A load of one key or several with one call of the loader, from the lease to the fill. */
export class LoadRun implements Carrier, LoadSituation {
  readonly #host: RunHost
  readonly #parts: PipelineParts
  readonly #flights: readonly Flight[]
  readonly #source: Source
  readonly #settings: LoadSettings
  readonly #asked: AcquireOptions | undefined
  #controller: AbortController | undefined
  #timer: TimerHandle
  #hurry: (() => void) | undefined
  // Why nobody is going to use what the loader makes.
  #aborted: readonly [reason: unknown] | undefined
  #cooldown: (Cooldown & { readonly forMs: number }) | undefined
  #isInside = false
  #isOver = false
  // In whose context a loader runs.
  #loading: Flight | undefined
  #releasing: PromiseLike<void>[] | undefined

  constructor(
    host: RunHost,
    flights: readonly Flight[],
    source: Source,
    settings: LoadSettings,
    asked: AcquireOptions | undefined,
  ) {
    this.#host = host
    this.#parts = host.parts
    this.#flights = flights
    this.#source = source
    this.#settings = settings
    this.#asked = asked
    for (const flight of flights) flight.carrier = this
  }

  /** Ends every flight, with its outcome or with the one error; never rejects itself. */
  async run(): Promise<void> {
    const flights = this.#flights
    const { hardTimeoutMs, lockTimeoutMs, maxConcurrentLoads } = this.#settings
    try {
      if (hardTimeoutMs !== undefined && hardTimeoutMs < Infinity)
        this.#timer = this.#parts.timers.set(() => this.#giveUp(hardTimeoutMs), hardTimeoutMs)
      // A load that another one waits for must not wait for its end.
      if (maxConcurrentLoads !== undefined && flights[0]!.parent === undefined)
        await this.#takeTurn(maxConcurrentLoads)
      if (this.#isOver) return
      const answers = acquire(this.#parts, flights, this.#asked)
      const proceeding = this.#proceed(flights, isPromise(answers) ? await answers : answers)
      const busy = isPromise(proceeding) ? await proceeding : proceeding
      // Keys that another pipeline is loading are waited for last, so that they hold up nothing.
      if (busy.length > 0) {
        const waits = busy.map((flight) => waitForLease(this.#parts, flight, this.#asked, lockTimeoutMs))
        await this.#proceed(busy, await Promise.all(waits))
      }
    } catch (error) {
      const open = flights.filter((flight) => !flight.settled)
      this.#release(open, this.#cooldown)
      for (const flight of open) this.#host.leave(flight)
      for (const flight of flights) if (!flight.done) flight.fail(error)
    }
    if (this.#releasing !== undefined) await Promise.all(this.#releasing)
    this.#end()
  }

  hurry(): void {
    this.#hurry?.()
  }

  left(reason: unknown): void {
    if (this.#settings.abortWhenAbandoned !== true) return
    if (this.#flights.every(({ waiting, done }) => waiting === 0 || done)) this.#abandon(reason)
  }

  /** Aborted when nobody is going to use what the loader makes. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#aborted !== undefined) this.#controller.abort(this.#aborted[0])
    return this.#controller.signal
  }

  /** A copy of what the key of a run of one held. */
  get stale(): unknown {
    return staleOf(this.#parts, this.#flights[0]!)
  }

  async #takeTurn(limit: number): Promise<void> {
    const wait = this.#host.turnstile.enter(limit)
    this.#isInside = true
    if (wait === undefined) return
    this.#hurry = wait.hurry
    await wait.turn
    this.#hurry = undefined
    if (this.#isOver) this.#host.turnstile.leave()
  }

  // Does what the store's answers allow, and returns the flights whose keys are busy.
  #proceed(flights: readonly Flight[], answers: readonly Acquired[]): MaybePromise<readonly Flight[]> {
    if (this.#isOver) {
      // Granted too late: given back.
      this.#release(flights)
      return []
    }
    const granted: Flight[] = []
    const denied: Flight[] = []
    const busy: Flight[] = []
    for (const [index, flight] of flights.entries()) {
      const answer = answers[index]!
      if (answer === 'granted') granted.push(flight)
      else if (answer === 'denied') denied.push(flight)
      else if (answer === 'busy') busy.push(flight)
      else if ('cooldown' in answer) this.#cool(flight, answer)
      else if (this.#isReadable(answer.stored)) this.#share(flight, answer.stored)
      else denied.push(flight)
    }
    if (granted.length === 0 && denied.length === 0) return busy
    return this.#loadAll(granted, denied, busy)
  }

  async #loadAll(granted: readonly Flight[], denied: readonly Flight[], busy: readonly Flight[]) {
    if (granted.length > 0) await this.#load(granted, true)
    if (denied.length > 0) await this.#load(denied, false)
    return busy
  }

  async #load(flights: readonly Flight[], mayStore: boolean): Promise<void> {
    const { counters, clock } = this.#parts
    const [first] = flights
    // All of them end with the first, whose context the loader runs in.
    for (const other of flights) {
      other.loaderBegan = true
      if (other !== first) (other.waitsFor ??= new Set()).add(first!)
    }
    const keys = flights.map(({ key }) => key)
    const contexts = flights.map((flight) => this.#contextOf(flight))
    counters.loads++
    const startedAtMs = clock.now()
    let valueOf: (key: string) => unknown
    beginLoader()
    this.#loading = first!
    try {
      const answer = inContext(first!, () => this.#source.call(keys, contexts))
      valueOf = this.#source.pick(isPromise(answer) ? await answer : answer)
    } catch (error) {
      counters.loadErrors++
      this.#coolAfter(error)
      throw error
    } finally {
      counters.loadTimeMs += clock.now() - startedAtMs
      this.#loading = undefined
      if (!this.#isOver) endLoader(first!)
    }
    if (this.#isOver) return
    this.#parts.timers.clear(this.#timer)
    const filling = this.#store(flights, contexts, valueOf, mayStore)
    if (isPromise(filling)) await filling
  }

  #store(
    flights: readonly Flight[],
    contexts: readonly Context[],
    valueOf: (key: string) => unknown,
    mayStore: boolean,
  ): MaybePromise<void> {
    const { store, trouble, random } = this.#parts
    const fills: Fill[] = []
    const outcomes = flights.map((flight, index) => {
      // From here on a caller reads the store again: the fill ends the lease, and with it the marker.
      this.#host.leave(flight)
      const { settings, stores, namedTags } = contexts[index]!
      const picked = valueOf(flight.key)
      const absent = picked === ABSENT
      const value = absent || picked === NOT_MODIFIED ? undefined : picked
      let stored = picked === NOT_MODIFIED ? flight.present : undefined
      if (value !== undefined) {
        const admitted = store.admit(value)
        stored = admitted.stored
        if (stored === undefined) trouble.unstorable('load', flight.key, admitted.refused!)
      }
      const ttlMs = stores && stored !== undefined ? ttlOf(value, settings, random) : 0
      if (ttlMs > 0) {
        const { graceMs, rowVersion, weight, skipWrite: skip } = settings
        const tags = namedTags ? settings.tags : undefined
        fills.push({ lease: flight.lease, stored: stored!, ttlMs, graceMs, tags, rowVersion, weight, skip })
      } else this.#release([flight])
      return { stored, value, own: absent }
    })
    if (fills.length === 0) return this.#answer(flights, outcomes)
    // Offered also without a right to store: the store knows what else it may do with it.
    const accepted = this.#fill(fills, mayStore)
    const answer = (stored: readonly boolean[] | undefined): void => {
      for (const [index, { lease, tags }] of fills.entries()) {
        const at = flights.findIndex((flight) => flight.lease === lease)
        if (tags !== undefined && stored?.[index] !== true) outcomes[at]!.own = true
      }
      this.#answer(flights, outcomes)
    }
    return isPromise(accepted) ? accepted.then(answer) : answer(accepted)
  }

  #answer(flights: readonly Flight[], outcomes: readonly { stored: Stored | undefined; value: unknown; own: boolean }[]) {
    for (const [index, flight] of flights.entries()) flight.succeed(outcomes[index]!)
  }

  #fill(fills: readonly Fill[], mayStore: boolean): MaybePromise<readonly boolean[] | undefined> {
    for (const flight of this.#flights)
      if (fills.some(({ lease }) => lease === flight.lease)) flight.settled = true
    try {
      const answers = this.#parts.store.fill(fills)
      if (!isPromise(answers)) return this.#filled(answers, mayStore)
      return answers.then(
        (accepted) => this.#filled(accepted, mayStore),
        (error: unknown) => this.#notFilled(fills, error),
      )
    } catch (error) {
      return this.#notFilled(fills, error)
    }
  }

  #filled(answers: readonly boolean[], mayStore: boolean): readonly boolean[] {
    const { counters, trouble } = this.#parts
    for (const accepted of answers) {
      if (accepted) counters.writes++
      else if (mayStore && this.#settings.skipWrite === undefined) counters.refusedFills++
    }
    if (mayStore) trouble.served('fill')
    return answers
  }

  #notFilled(fills: readonly Fill[], error: unknown): undefined {
    this.#give(fills.map(({ lease }) => lease))
    return this.#parts.trouble.failed('fill', error)
  }

  #contextOf(flight: Flight): Context {
    return new Context(this.#source.nameOf(flight.key), this.#settings, this, this.#parts.clock)
  }

  // The loader takes too long: who waits has his answer, and nobody joins. If it ends soon, its value is stored.
  #giveUp(afterMs: number): void {
    const { counters, timers } = this.#parts
    counters.loadTimeouts++
    const waiting = this.#flights.filter((flight) => !flight.done)
    const names = waiting.map(({ key }) => `'${this.#source.nameOf(key)}'`).join(', ')
    const error = new LoaderTimeoutError(`${names}: not loaded within ${afterMs} ms (hardTimeout)`)
    this.#coolAfter(error)
    for (const flight of waiting) {
      flight.timedOut = true
      flight.fail(error)
    }
    if (waiting.some((flight) => flight.loaderBegan)) {
      this.#abort(error)
      this.#timer = timers.set(() => this.#abandon(error), LAST_CHANCE_MS)
    } else this.#abandon(error)
  }

  // Whatever the loader does from here on is nobody's.
  #abandon(reason: unknown): void {
    if (this.#isOver) return
    const open = this.#flights.filter((flight) => !flight.settled)
    this.#abort(reason)
    this.#release(open, this.#cooldown)
    for (const flight of open) {
      this.#host.leave(flight)
      if (!flight.done) flight.fail(reason)
    }
    if (this.#loading !== undefined) endLoader(this.#loading)
    this.#end()
    this.#hurry?.()
  }

  #abort(reason: unknown): void {
    if (this.#aborted !== undefined) return
    this.#aborted = [reason]
    this.#controller?.abort(reason)
  }

  #coolAfter(error: unknown): void {
    const { loadErrorTtlMs } = this.#settings
    if (loadErrorTtlMs === undefined) return
    this.#cooldown = { cooldown: messageOf(error), forMs: loadErrorTtlMs }
  }

  #cool(flight: Flight, { cooldown }: Cooldown): void {
    this.#release([flight])
    this.#host.leave(flight)
    flight.fail(new LoadCooldownError(cooldown))
  }

  #share(flight: Flight, stored: Stored): void {
    this.#release([flight])
    this.#host.leave(flight)
    flight.succeed({ value: undefined, stored, own: false })
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
  #release(flights: readonly Flight[], cooldown?: Cooldown & { readonly forMs: number }): void {
    if (flights.length === 0) return
    for (const flight of flights) flight.settled = true
    this.#give(
      flights.map((flight) => flight.lease),
      cooldown,
    )
  }

  #give(leases: readonly Flight['lease'][], cooldown?: Cooldown & { readonly forMs: number }): void {
    const releasing = release(this.#parts, leases, cooldown)
    if (releasing !== undefined) (this.#releasing ??= []).push(releasing)
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#parts.timers.clear(this.#timer)
    if (this.#isInside && this.#hurry === undefined) this.#host.turnstile.leave()
    this.#host.ended(this)
  }
}

function staleOf({ store }: PipelineParts, { present }: Flight): unknown {
  try {
    return present === undefined ? undefined : store.view(present)
  } catch {
    return undefined
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
