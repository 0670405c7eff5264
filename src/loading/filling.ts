import { isPromise, type MaybePromise } from '../core/promise.ts'
import type { Settings } from '../core/settings.ts'
import type { Fill, Stored } from '../core/store.ts'
import { ttlOf } from './entry-terms.ts'
import type { Flight } from './flight.ts'
import { NOT_MODIFIED, type Context } from './load-context.ts'
import type { PipelineParts } from './parts.ts'
import { ABSENT } from './source.ts'

/** What a filling needs of the run that it ends. */
export interface FillingHost {
  readonly parts: PipelineParts
  /** From here on nobody joins the flight. */
  leave(flight: Flight): void
  readonly settings: Settings
  /** Gives the leases of flights back that store nothing. */
  release(flights: readonly Flight[]): void
}

interface Result {
  readonly stored: Stored | undefined
  readonly value: unknown
  own: boolean
  late?: boolean
}

/**
 * Stores what was loaded and gives it to the callers, whether or not it could be stored.
 * @throws StoreUnavailableError, SerializationError under `onError: 'throw'`.
 */
export function fillAll(
  host: FillingHost,
  flights: readonly Flight[],
  contexts: readonly Context[],
  valueOf: (key: string) => unknown,
  mayStore: boolean,
): MaybePromise<void> {
  const results: Result[] = []
  const fills: Fill[] = []
  const filled: number[] = []
  for (let index = 0; index < flights.length; index++) {
    const flight = flights[index]!
    const context = contexts[index]!
    // From here on a caller reads the store again: the fill ends the lease, and with it the marker.
    host.leave(flight)
    const result = resultOf(host.parts, flight, valueOf(flight.key))
    results.push(result)
    const fill = fillOf(host, flight, context, result)
    if (fill === undefined) host.release([flight])
    else {
      flight.settled = true
      fills.push(fill)
      filled.push(index)
    }
  }
  if (fills.length === 0) return answer(flights, results)
  for (let at = 0; host.settings.hardTimeoutMs !== undefined && at < filled.length; at++) {
    const result = results[filled[at]!]!
    // Not known yet is as good as refused.
    flights[filled[at]!]!.loaded = {
      ...result,
      own: result.own || fills[at]!.tags !== undefined,
      late: host.parts.store.isShared === true,
    }
  }
  const expected = mayStore && contexts[0]!.settings.skipWrite === undefined
  const accepting = fill(host, fills, expected)
  const conclude = (accepted: readonly boolean[] | undefined): void => {
    for (let at = 0; at < filled.length; at++) {
      if (accepted?.[at] === true) continue
      const result = results[filled[at]!]!
      // A tag that only the loader knew may have been invalidated: who joined after that must not get it.
      if (fills[at]!.tags !== undefined) result.own = true
      if (expected && accepted !== undefined && host.parts.store.isShared === true) result.late = true
    }
    answer(flights, results)
  }
  return isPromise(accepting) ? accepting.then(conclude) : conclude(accepting)
}

function resultOf({ store, trouble }: PipelineParts, flight: Flight, picked: unknown): Result {
  if (picked === ABSENT) return { stored: undefined, value: undefined, own: true }
  if (picked === NOT_MODIFIED) return { stored: flight.present, value: undefined, own: false }
  if (picked === undefined) return { stored: undefined, value: undefined, own: false }
  const admitted = store.admit(picked)
  if (admitted.stored === undefined) trouble.unstorable('load', flight.key, admitted.refused)
  return { stored: admitted.stored, value: picked, own: false }
}

function fillOf(
  host: FillingHost,
  { lease }: Flight,
  { settings, stores, namedTags }: Context,
  { stored, value }: Result,
): Fill | undefined {
  if (stored === undefined || !stores) return undefined
  const { random, shortLived, clock } = host.parts
  const ttlMs = ttlOf(value, settings, random)
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

// Offered also without a right to store: the store knows what else it may do with it.
function fill(
  host: FillingHost,
  fills: readonly Fill[],
  expected: boolean,
): MaybePromise<readonly boolean[] | undefined> {
  const { store, counters, trouble } = host.parts
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

async function giveBack({ parts }: FillingHost, fills: readonly Fill[]): Promise<void> {
  try {
    await parts.store.release(fills.map(({ lease }) => lease))
  } catch (error) {
    parts.trouble.note('release', error)
  }
}

function answer(flights: readonly Flight[], results: readonly Result[]): void {
  for (let index = 0; index < flights.length; index++) flights[index]!.succeed(results[index]!)
}
