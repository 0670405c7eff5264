import type { TimerHandle } from '../core/time/clock.ts'
import { LoadCooldownError, LoaderTimeoutError } from '../core/errors.ts'
import { isPromise } from '../core/promise.ts'
import type { LoadSettings } from '../options/resolve.ts'
import type { AcquireOptions, Acquired } from '../core/store.ts'
import { messageOf } from '../core/logging/thrown.ts'
import { acquire, LAST_CHANCE_MS, questionOf, release, waitForLease } from './acquire.ts'
import { fillAll, viewOf, type Cooling, type FillingRun } from './filling.ts'
import type { Carrier, Flight, Outcome } from './flight.ts'
import type { LoadSituation, Source } from './load-context.ts'
import { LoaderCall } from './loader-call.ts'
import type { CacheState } from './cache-state.ts'
import type { LoadLimit } from './load-limit.ts'

/** The loads that a run is part of. */
export interface RunHost {
  readonly state: CacheState
  readonly limit: LoadLimit
  /** Removes the flight, so that no caller joins it from here on. */
  leave(flight: Flight): void
  /** Notes that a load of the key failed not long ago, as the store has answered. */
  rest(key: string): void
  /** Notes that the loader of these flights has failed. */
  failed(flights: readonly Flight[], error: unknown): void
  /** Notes that nothing of the run is under way any more. */
  ended(run: LoadRun): void
}

interface Permissions {
  readonly granted: readonly Flight[]
  readonly denied: readonly Flight[]
  readonly busy: readonly Flight[]
}

const NONE: readonly Flight[] = []

/** A load of one key or several with one call of the loader, from the lease to the fill. */
export class LoadRun implements Carrier, LoadSituation, FillingRun {
  readonly state: CacheState
  readonly host: RunHost
  readonly #flights: readonly Flight[]
  readonly #source: Source
  readonly loader: LoaderCall
  readonly settings: LoadSettings
  readonly #freshUpToMs: number
  #controller: AbortController | undefined = undefined
  #timer: TimerHandle = undefined
  #hurry: (() => void) | undefined = undefined
  // The reason why the loader's result will not be used.
  #aborted: readonly [reason: unknown] | undefined = undefined
  #cooldown: Cooling | undefined = undefined
  // The time at which its turn came, if it had to wait.
  #turnAtMs: number | undefined = undefined
  // Whether time has passed since the flights began.
  #waited = false
  #isInside = false
  #isOver = false
  #releasing: PromiseLike<void>[] | undefined = undefined

  constructor(
    host: RunHost,
    flights: readonly Flight[],
    source: Source,
    settings: LoadSettings,
    freshUpToMs: number,
  ) {
    this.state = host.state
    this.host = host
    this.#flights = flights
    this.#source = source
    this.loader = new LoaderCall(this, source)
    this.settings = settings
    this.#freshUpToMs = freshUpToMs
    for (const flight of flights) flight.carrier = this
  }

  /**
   * Ends every flight, with its outcome or with the one error. Returns the result of `deliver` for the first of them.
   */
  async run(deliver?: (outcome: Outcome) => unknown): Promise<unknown> {
    const { hardTimeoutMs, leaseWaitMs, maxConcurrentLoads } = this.settings
    try {
      if (hardTimeoutMs !== undefined && hardTimeoutMs < Infinity) this.#limitTime(hardTimeoutMs)
      // A load that another one waits for must not wait for the end of that.
      if (maxConcurrentLoads !== undefined && this.#flights[0]!.parent === undefined)
        await this.#takeTurn(maxConcurrentLoads)
      this.#waited = maxConcurrentLoads !== undefined
      if (this.#isOver) return deliver?.(this.#flights[0]!.result!)
      let flights = this.#flights
      const asked = questionOf(
        this.#flights,
        this.settings,
        this.state.store,
        this.#freshUpToMs,
        this.#turnAtMs,
      )
      const asking = acquire(this.state, flights, asked)
      this.#waited ||= isPromise(asking)
      let answers = isPromise(asking) ? await asking : asking
      for (;;) {
        const { granted, denied, busy } = this.#heed(flights, answers)
        for (let mayStore = true; ; mayStore = false) {
          const allowed = mayStore ? granted : denied
          if (allowed.length > 0) {
            const sinceMs = this.#waited ? this.state.clock.now() : allowed[0]!.startedAtMs
            const contexts = this.loader.begin(allowed, sinceMs)
            const answer = this.loader.run(allowed, contexts)
            const isLater = isPromise(answer)
            this.#waited ||= isLater
            const valueOf = this.#source.pick(isLater ? await answer : answer)
            this.loader.end()
            if (this.#isOver) return deliver?.(this.#flights[0]!.result!)
            const filling = fillAll(this, allowed, contexts, valueOf, mayStore, !this.#waited)
            this.#waited = true
            if (isPromise(filling)) await filling
          }
          if (!mayStore) break
        }
        if (busy.length === 0) break
        // Keys that another pipeline is loading are waited for last, so that they hold up nothing.
        const waits = busy.map(async (flight) => this.#await(flight, asked, leaseWaitMs))
        const answered = (await Promise.all(waits)).filter((one) => one !== undefined)
        flights = answered.map(([flight]) => flight)
        answers = answered.map(([, answer]) => answer)
      }
    } catch (error) {
      const isOfLoader = this.#endFailed(error)
      // A caller of the same moment shares a load that failed at once, as it shares a load that takes time.
      if (!this.#waited) await Promise.resolve()
      this.#fail(error)
      if (isOfLoader) this.host.failed(this.#flights, error)
    }
    this.#end()
    return deliver?.(this.#flights[0]!.result!)
  }

  // Waits for a key that another process loads. Callers get its value or its cool-down at once, because the value may end
  // before the waits for other keys do.
  async #await(
    flight: Flight,
    asked: AcquireOptions | undefined,
    leaseWaitMs: number | undefined,
  ): Promise<readonly [Flight, Acquired] | undefined> {
    const answer = await waitForLease(this.state, flight, asked, leaseWaitMs)
    if (typeof answer === 'string') return [flight, answer]
    this.#heed([flight], [answer])
    return undefined
  }

  failed(error: unknown): Cooling | undefined {
    this.settings.family.counters.loadErrors++
    return this.#coolingAfter(error)
  }

  hurry(): void {
    this.#hurry?.()
  }

  // Begun before the callers go on, so that none of them finds the key busy. It is not waited for, so that none is held
  // up.
  release(flights: readonly Flight[], cooldown?: Cooling): void {
    if (flights.length === 0) return
    for (const flight of flights) flight.settled = true
    const leases = flights.map((flight) => flight.lease)
    const releasing = release(this.state, leases, cooldown)
    if (releasing !== undefined) (this.#releasing ??= []).push(releasing)
  }

  /** Aborted if the loader's result will not be used. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#aborted !== undefined) this.#controller.abort(this.#aborted[0])
    return this.#controller.signal
  }

  /** A copy of the entry that the key of a run of one held. */
  get stale(): unknown {
    return viewOf(this.state.store, this.#flights[0]!.present)
  }

  // If the loader takes too long, its callers get their answer, and no caller joins. If it ends soon, its value is
  // stored. Callers that wait only for the store to take the value get the value.
  #limitTime(limitMs: number): void {
    const { timers, clock } = this.state
    const timeOut = (): void => {
      for (const flight of this.#flights) if (flight.loaded !== undefined) flight.succeed(flight.loaded)
      const waiting = this.#flights.filter(({ result }) => result === undefined)
      if (waiting.length === 0) return
      this.settings.family.counters.loadTimeouts++
      const names = waiting.map(({ key }) => `'${this.#source.nameOf(key)}'`).join(', ')
      const error = new LoaderTimeoutError(`${names}: not loaded within ${limitMs} ms (hardTimeout)`)
      this.#cooldown = this.#coolingAfter(error)
      for (const flight of waiting) {
        flight.timedOut = true
        flight.fail(error)
        if (flight.loaderBegan) this.loader.tell(flight, 'timeout', undefined, [error])
      }
      if (this.loader.loading === undefined) this.giveUp(error)
      else {
        this.#abort(error)
        this.#timer = timers.set(() => this.giveUp(error), LAST_CHANCE_MS)
      }
    }
    const endsByMs = this.#flights[0]!.calledAtMs + limitMs
    for (const flight of this.#flights) flight.endsByMs = endsByMs
    this.#timer = timers.set(timeOut, Math.max(0, endsByMs - clock.now()), 'awaited')
  }

  async #takeTurn(limit: number): Promise<void> {
    const wait = this.host.limit.enter(limit)
    this.#isInside = true
    if (wait === undefined) return
    this.#hurry = wait.hurry
    await wait.turn
    this.#hurry = undefined
    this.#turnAtMs = this.state.clock.now()
    if (this.#isOver) this.host.limit.leave()
  }

  // Ends the flights that need no load, and returns those that may be loaded.
  #heed(flights: readonly Flight[], answers: readonly Acquired[]): Permissions {
    if (this.#isOver) {
      // They were granted too late, so they are given back.
      this.release(flights)
      return { granted: NONE, denied: NONE, busy: NONE }
    }
    if (flights.length === 1 && answers[0] === 'granted')
      return { granted: flights, denied: NONE, busy: NONE }
    const granted: Flight[] = []
    const denied: Flight[] = []
    const busy: Flight[] = []
    for (const [index, flight] of flights.entries()) {
      const answer = answers[index]!
      if (answer === 'granted') granted.push(flight)
      else if (answer === 'denied') denied.push(flight)
      else if (answer === 'busy') busy.push(flight)
      else {
        this.release([flight])
        this.host.leave(flight)
        if ('stored' in answer) flight.succeed({ value: undefined, stored: answer.stored, own: false })
        else {
          this.host.rest(flight.key)
          flight.fail(new LoadCooldownError(answer.cooldown))
        }
      }
    }
    return { granted, denied, busy }
  }

  // Notes the failure of the loader, if the loader was running. Returns whether it was.
  #endFailed(error: unknown): boolean {
    if (this.loader.loading === undefined) return false
    this.loader.end()
    this.#cooldown = this.failed(error)
    if (this.state.observing('load') !== undefined)
      for (const flight of this.#flights)
        if (flight.loaderBegan && !flight.settled && !flight.timedOut)
          this.loader.tell(flight, 'failed', undefined, [error])
    return true
  }

  #fail(error: unknown): void {
    const open = this.#flights.filter(({ settled }) => !settled)
    try {
      this.release(open, this.#cooldown)
    } finally {
      for (const flight of open) this.host.leave(flight)
      for (const flight of this.#flights) flight.fail(error)
    }
  }

  /** Ends it with an error. The later result of its loader is ignored. */
  giveUp(reason: unknown): void {
    if (this.#isOver) return
    this.#abort(reason)
    this.loader.end()
    this.#fail(reason)
    this.#end()
    this.loader.interrupt?.(reason)
    this.#hurry?.()
  }

  #abort(reason: unknown): void {
    if (this.#aborted !== undefined) return
    this.#aborted = [reason]
    this.#controller?.abort(reason)
  }

  #coolingAfter(error: unknown): Cooling | undefined {
    const { loadErrorTtlMs } = this.settings
    return loadErrorTtlMs === undefined ? undefined : { cooldown: messageOf(error), forMs: loadErrorTtlMs }
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#timer !== undefined) this.state.timers.clear(this.#timer)
    if (this.#isInside && this.#hurry === undefined) this.host.limit.leave()
    if (this.#releasing === undefined) this.host.ended(this)
    else void Promise.all(this.#releasing).then(() => this.host.ended(this))
  }
}
