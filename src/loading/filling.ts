import { isPromise, type MaybePromise } from '../core/promise.ts'
import type { LoadOutcome } from '../core/observing/events.ts'
import type { LoadSettings } from '../options/resolve.ts'
import type { Cooldown, Fill, Filled, Stored } from '../core/store.ts'
import { release } from './acquire.ts'
import { ttlOf } from './ttl-of.ts'
import { failedWith, type Flight, type Outcome } from './flight.ts'
import { ABSENT, NOT_MODIFIED, type Context } from './load-context.ts'
import type { CacheState } from './cache-state.ts'
import type { LoaderCall } from './loader-call.ts'

/** The run that a filling ends, as far as it needs it. */
export interface FillingRun {
  readonly state: CacheState
  readonly settings: LoadSettings
  readonly loader: LoaderCall
  /** The loads that no caller joins after they have left. */
  readonly host: { leave(flight: Flight): void }
  /** Gives back the leases of flights that store nothing. */
  release(flights: readonly Flight[], cooldown?: Cooling): void
  /** Counts a load whose loader failed, and returns the cool-down that follows, if any. */
  failed(error: unknown): Cooling | undefined
}

/** A cool-down and its length. */
export type Cooling = Cooldown & { readonly forMs: number }

/** An outcome, before it is known whether the value was stored. */
type Result = { -readonly [Name in keyof Outcome]: Outcome[Name] }

/** The end of one flight: the result for its callers, and the fill. */
interface Ending {
  readonly flight: Flight
  readonly result: Result
  readonly fill?: Fill | undefined
  readonly cooldown?: Cooling | undefined
  /** The outcome, if it is known before the fill. */
  readonly outcome?: LoadOutcome | undefined
}

/**
 * Stores loaded values and gives them to the callers, whether or not they could be stored. A flight whose value can't
 * be taken fails alone. `isImmediate` says that no time has passed since the flights began. Callers of the same moment
 * may still come, so a flight that stores nothing is left a moment later.
 * @throws StoreUnavailableError under `onError: 'throw'`.
 */
export function fillAll(
  run: FillingRun,
  flights: readonly Flight[],
  contexts: readonly Context[],
  valueOf: (key: string) => unknown,
  mayStore: boolean,
  isImmediate: boolean,
): MaybePromise<void> {
  const endings: Ending[] = []
  let isShareable = false
  for (let index = 0; index < flights.length; index++) {
    const ending = endingOf(run, flights[index]!, contexts[index]!, valueOf)
    endings.push(ending)
    if (ending.fill === undefined) isShareable = isImmediate
  }
  const isExpected = mayStore && contexts[0]!.settings.skipWrite === undefined
  return isShareable
    ? Promise.resolve().then(() => settleAll(run, endings, isExpected))
    : settleAll(run, endings, isExpected)
}

// Offers the fills also without a right to store, because the store knows other uses of them.
function settleAll(run: FillingRun, endings: readonly Ending[], isExpected: boolean): MaybePromise<void> {
  const { store } = run.state
  const fills: Fill[] = []
  for (const { flight, result, fill, cooldown } of endings) {
    // From here on a caller reads the store again, because the fill ends the lease and with it the marker.
    run.host.leave(flight)
    if (fill === undefined) run.release([flight], cooldown)
    else {
      flight.settled = true
      fills.push(fill)
      // An unknown answer counts as a refusal.
      if (run.settings.hardTimeoutMs !== undefined)
        flight.loaded = {
          ...result,
          own: result.own || fill.tags !== undefined,
          late: store.isShared === true,
        }
    }
  }
  const accepting = offer(run, fills)
  if (!isPromise(accepting)) return conclude(run, endings, isExpected, accepting)
  return accepting.then(
    (accepted) => conclude(run, endings, isExpected, accepted),
    (error: unknown) => conclude(run, endings, isExpected, fillFailed(run, fills, error)),
  )
}

function offer(run: FillingRun, fills: readonly Fill[]): MaybePromise<readonly Filled[] | undefined> {
  if (fills.length === 0) return undefined
  try {
    return run.state.store.fill(fills)
  } catch (error) {
    return fillFailed(run, fills, error)
  }
}

function fillFailed({ state, settings }: FillingRun, fills: readonly Fill[], error: unknown): undefined {
  void release(
    state,
    fills.map(({ lease }) => lease),
  )
  return state.trouble.failed('fill', error, settings.family.counters)
}

// Counts the fills and answers the callers. `accepted` is unknown if nothing was offered or the store failed.
function conclude(
  run: FillingRun,
  endings: readonly Ending[],
  isExpected: boolean,
  accepted: readonly Filled[] | undefined,
): void {
  const { trouble, store } = run.state
  const observer = run.state.observing('load')
  const { counters } = run.settings.family
  const isAnswered = isExpected && accepted !== undefined
  if (isAnswered) trouble.served('fill')
  let fills = 0
  for (const { flight, result, fill, outcome } of endings) {
    let ended = outcome ?? 'unstored'
    if (fill !== undefined) {
      const answer = accepted?.[fills++]
      if (isAnswered && outcome === undefined) ended = answer === true ? 'stored' : 'refused'
      if (answer === true) counters.writes++
      else {
        if (isAnswered) counters.refusedFills++
        // A tag that only the loader knew may have been invalidated. Callers that joined after that must not get the
        // value.
        if (fill.tags !== undefined) result.own = true
        // The lease of an outdated value was alive, so all who joined came after the last invalidation.
        if (isAnswered && answer === false && store.isShared === true) result.late = true
      }
    }
    flight.succeed(result)
    if (observer !== undefined && !flight.timedOut)
      run.loader.tell(flight, ended, result.stored, result.failure)
  }
}

// An error here ends this flight only. The others keep their values.
function endingOf(
  run: FillingRun,
  flight: Flight,
  context: Context,
  valueOf: (key: string) => unknown,
): Ending {
  let picked: unknown
  try {
    picked = valueOf(flight.key)
  } catch (error) {
    return { flight, result: failedWith(error), cooldown: run.failed(error), outcome: 'failed' }
  }
  try {
    const result = resultOf(run, flight, picked)
    return { flight, result, fill: fillOf(run, flight, context, result), outcome: outcomeOf(picked) }
  } catch (error) {
    return { flight, result: failedWith(error), outcome: 'failed' }
  }
}

function outcomeOf(picked: unknown): LoadOutcome | undefined {
  if (picked === NOT_MODIFIED) return 'unchanged'
  return picked === ABSENT || picked === undefined ? 'absent' : undefined
}

function resultOf({ state, settings }: FillingRun, flight: Flight, picked: unknown): Result {
  const { store, trouble } = state
  if (picked === ABSENT) return { stored: undefined, value: undefined, own: true }
  if (picked === NOT_MODIFIED) {
    // A stale `null` keeps the ttl of a loaded one.
    const value = viewOf(store, flight.present)
    return { stored: value === undefined ? undefined : flight.present, value, own: false }
  }
  if (picked === undefined) return { stored: undefined, value: undefined, own: false }
  const admitted = store.admit(picked)
  if (admitted.stored === undefined)
    trouble.unstorable('load', flight.key, admitted.refused, settings.family.counters)
  return { stored: admitted.stored, value: picked, own: false }
}

/** Returns the value of an entry; `undefined` if there is none, or if it can't be read. */
export function viewOf(store: CacheState['store'], stored: Stored | undefined): unknown {
  try {
    return stored === undefined ? undefined : store.view(stored)
  } catch {
    return undefined
  }
}

function fillOf(
  run: FillingRun,
  { lease }: Flight,
  { settings, stores, namedTags }: Context,
  { stored, value }: Result,
): Fill | undefined {
  const { random, shortLived, clock, trouble } = run.state
  if (settings.unfit !== undefined) trouble.unfit(lease.key, settings.unfit, run.settings.family.counters)
  if (stored === undefined || !stores || settings.unfit !== undefined) return undefined
  const ttlMs = ttlOf(value, settings, random, clock)
  if (!(ttlMs > 0)) return undefined
  if (settings.refreshAhead !== undefined) shortLived.note(lease.key, ttlMs, run.settings, clock.now())
  const { graceMs, rowVersion, weight, skipWrite: skip } = settings
  return {
    lease,
    stored,
    ttlMs,
    graceMs,
    tags: namedTags ? settings.tags : undefined,
    rowVersion,
    weight,
    skip,
  }
}
