import { isPromise, type MaybePromise } from '../core/promise.ts'
import type { Settings } from '../options/resolve.ts'
import type { Cooldown, Fill, Stored } from '../core/store.ts'
import { ttlOf } from './ttl-of.ts'
import type { Flight } from './flight.ts'
import { NOT_MODIFIED, type Context } from './load-context.ts'
import type { CacheState } from './cache-state.ts'
import { ABSENT } from './source.ts'

/** The run that a filling ends, as far as it needs it. */
export interface FillingHost {
  readonly state: CacheState
  /** Removes the flight, so that no caller joins it from here on. */
  leave(flight: Flight): void
  readonly settings: Settings
  /** Gives back the leases of flights that store nothing. */
  release(flights: readonly Flight[], cooldown?: Cooling): void
  /** Counts a load whose loader failed, and returns the cool-down that follows, if any. */
  failed(error: unknown): Cooling | undefined
}

/** A cool-down and its length. */
export type Cooling = Cooldown & { readonly forMs: number }

interface Result {
  readonly stored: Stored | undefined
  readonly value: unknown
  own: boolean
  late?: boolean
  readonly failure?: readonly [error: unknown]
}

/** The end of one flight: the result for its callers, and the fill. */
interface Ending {
  readonly result: Result
  readonly fill: Fill | undefined
  readonly cooldown: Cooling | undefined
}

/**
 * Stores loaded values and gives them to the callers, whether or not they could be stored. A flight whose value can't
 * be taken fails alone. `isImmediate` says that no time has passed since the flights began. Callers of the same moment
 * may still come, so a flight that stores nothing is left a moment later.
 * @throws StoreUnavailableError under `onError: 'throw'`.
 */
export function fillAll(
  host: FillingHost,
  flights: readonly Flight[],
  contexts: readonly Context[],
  valueOf: (key: string) => unknown,
  mayStore: boolean,
  isImmediate: boolean,
): MaybePromise<void> {
  const endings = flights.map((flight, index) => endingOf(host, flight, contexts[index]!, valueOf))
  const settle = (): MaybePromise<void> => settleAll(host, flights, contexts, endings, mayStore)
  const isShareable = isImmediate && endings.some(({ fill }) => fill === undefined)
  return isShareable ? Promise.resolve().then(settle) : settle()
}

function settleAll(
  host: FillingHost,
  flights: readonly Flight[],
  contexts: readonly Context[],
  endings: readonly Ending[],
  mayStore: boolean,
): MaybePromise<void> {
  const results: Result[] = []
  const fills: Fill[] = []
  const filled: number[] = []
  for (let index = 0; index < flights.length; index++) {
    const flight = flights[index]!
    const { result, fill, cooldown } = endings[index]!
    // From here on a caller reads the store again, because the fill ends the lease and with it the marker.
    host.leave(flight)
    results.push(result)
    if (fill === undefined) host.release([flight], cooldown)
    else {
      flight.settled = true
      fills.push(fill)
      filled.push(index)
    }
  }
  if (fills.length === 0) return answer(flights, results)
  for (let at = 0; host.settings.hardTimeoutMs !== undefined && at < filled.length; at++) {
    const result = results[filled[at]!]!
    // An unknown answer counts as a refusal.
    flights[filled[at]!]!.loaded = {
      ...result,
      own: result.own || fills[at]!.tags !== undefined,
      late: host.state.store.isShared === true,
    }
  }
  const expected = mayStore && contexts[0]!.settings.skipWrite === undefined
  const accepting = fill(host, fills, expected)
  const conclude = (accepted: readonly boolean[] | undefined): void => {
    for (let at = 0; at < filled.length; at++) {
      if (accepted?.[at] === true) continue
      const result = results[filled[at]!]!
      // A tag that only the loader knew may have been invalidated. Callers that joined after that must not get the
      // value.
      if (fills[at]!.tags !== undefined) result.own = true
      if (expected && accepted !== undefined && host.state.store.isShared === true) result.late = true
    }
    answer(flights, results)
  }
  return isPromise(accepting) ? accepting.then(conclude) : conclude(accepting)
}

// An error here ends this flight only. The others keep their values.
function endingOf(
  host: FillingHost,
  flight: Flight,
  context: Context,
  valueOf: (key: string) => unknown,
): Ending {
  let picked: unknown
  try {
    picked = valueOf(flight.key)
  } catch (error) {
    return { result: failure(error), fill: undefined, cooldown: host.failed(error) }
  }
  try {
    const result = resultOf(host.state, flight, picked)
    return { result, fill: fillOf(host, flight, context, result), cooldown: undefined }
  } catch (error) {
    return { result: failure(error), fill: undefined, cooldown: undefined }
  }
}

function failure(error: unknown): Result {
  return { stored: undefined, value: undefined, own: false, failure: [error] }
}

function resultOf({ store, trouble }: CacheState, flight: Flight, picked: unknown): Result {
  if (picked === ABSENT) return { stored: undefined, value: undefined, own: true }
  if (picked === NOT_MODIFIED) {
    const { present } = flight
    const isThere = present !== undefined && canView(store, present)
    return { stored: isThere ? present : undefined, value: undefined, own: false }
  }
  if (picked === undefined) return { stored: undefined, value: undefined, own: false }
  const admitted = store.admit(picked)
  if (admitted.stored === undefined) trouble.unstorable('load', flight.key, admitted.refused)
  return { stored: admitted.stored, value: picked, own: false }
}

function canView(store: CacheState['store'], stored: Stored): boolean {
  try {
    store.view(stored)
    return true
  } catch {
    return false
  }
}

function fillOf(
  host: FillingHost,
  { lease }: Flight,
  { settings, stores, namedTags }: Context,
  { stored, value }: Result,
): Fill | undefined {
  const { random, shortLived, clock, trouble } = host.state
  if (settings.unfit !== undefined) trouble.unfit(lease.key, settings.unfit)
  if (stored === undefined || !stores || settings.unfit !== undefined) return undefined
  const ttlMs = ttlOf(value, settings, random, clock)
  if (!(ttlMs > 0)) return undefined
  if (settings.refreshAhead !== undefined) shortLived.note(lease.key, ttlMs, host.settings, clock.now())
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

// Offers the fills also without a right to store, because the store knows other uses of them.
function fill(
  host: FillingHost,
  fills: readonly Fill[],
  expected: boolean,
): MaybePromise<readonly boolean[] | undefined> {
  const { store, counters, trouble } = host.state
  const count = (accepted: readonly boolean[]): readonly boolean[] => {
    for (const each of accepted) {
      if (each) counters.writes++
      else if (expected) counters.refusedFills++
    }
    if (expected) trouble.served('fill')
    return accepted
  }
  const failed = (error: unknown): undefined => {
    void giveBack(host, fills)
    return trouble.failed('fill', error)
  }
  try {
    const accepting = store.fill(fills)
    return isPromise(accepting) ? accepting.then(count, failed) : count(accepting)
  } catch (error) {
    return failed(error)
  }
}

async function giveBack({ state }: FillingHost, fills: readonly Fill[]): Promise<void> {
  try {
    await state.store.release(fills.map(({ lease }) => lease))
  } catch (error) {
    state.trouble.note('release', error)
  }
}

function answer(flights: readonly Flight[], results: readonly Result[]): void {
  for (let index = 0; index < flights.length; index++) flights[index]!.succeed(results[index]!)
}
