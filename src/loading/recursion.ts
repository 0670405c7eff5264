import { AsyncLocalStorage } from 'node:async_hooks'
import { RecursiveLoadError } from '../core/errors.ts'
import { afterTurn } from '../core/time/system.ts'
import type { Flight, Outcome } from './flight.ts'
import type { Context, Source } from './load-context.ts'

// The load that the running code belongs to. On Node 20 an active AsyncLocalStorage doubles the price of every await in
// the process. It is therefore switched off whenever no load is under way (docs/decisions/0002-recursive-loads.md,
// 0006).
const context = new AsyncLocalStorage<Flight>()
let active = 0
let isResting = false

/** Returns the load whose loader is running here, if any. */
export function enclosingFlight(): Flight | undefined {
  if (active === 0) return undefined
  const flight = context.getStore()
  return flight?.loaderEnded ? undefined : flight
}

/** Calls a loader in a context that tells the loads it asks for their parent; to be followed by {@link endLoader}. */
export function beginLoader(
  flight: Flight,
  source: Source,
  flights: readonly Flight[],
  contexts: readonly Context[],
): unknown {
  active++
  return context.run(flight, call, source, flights, contexts)
}

function call(source: Source, flights: readonly Flight[], contexts: readonly Context[]): unknown {
  return source.call(flights, contexts)
}

/** Notes that the loader of this flight has ended, or is no longer waited for. */
export function endLoader(flight: Flight): void {
  flight.loaderEnded = true
  flight.waitsFor?.clear()
  active--
  if (active > 0 || isResting) return
  // Not at once, because switching costs more than a short load, and many of those may follow each other in one turn.
  isResting = true
  afterTurn(rest)
}

function rest(): void {
  isResting = false
  if (active === 0) context.disable()
}

/**
 * Waits for a flight, on behalf of the running loader if there is one.
 * @throws RecursiveLoadError if that flight waits, directly or through others, for this very loader.
 */
export function waitFor(flight: Flight): Promise<Outcome> {
  const waiting = enclosingFlight()
  return waiting === undefined ? flight.outcome : waitWithin(waiting, flight)
}

async function waitWithin(waiting: Flight, flight: Flight): Promise<Outcome> {
  if (serves(waiting, flight) || reaches(flight, waiting, new Set())) throw recursive(flight.key, waiting)
  // It must not wait for its turn, which may not come before the running load has ended.
  flight.carrier?.hurry()
  waiting.waitsFor ??= new Set()
  waiting.waitsFor.add(flight)
  try {
    return await flight.outcome
  } finally {
    waiting.waitsFor.delete(flight)
  }
}

/** @throws RecursiveLoadError if a loader asks for a key that it, or a load it serves, is loading. */
export function refuseRecursion(key: string, owner: object): Flight | undefined {
  const parent = enclosingFlight()
  for (let flight = parent; flight !== undefined; flight = flight.parent) {
    if (flight.key === key && flight.owner === owner && !flight.loaderEnded) throw recursive(key, parent!)
  }
  return parent
}

// Whether one was begun by the loader of the other, directly or through others.
function serves(inner: Flight, outer: Flight): boolean {
  for (let flight: Flight | undefined = inner; flight !== undefined; flight = flight.parent)
    if (flight === outer && !flight.loaderEnded) return true
  return false
}

function reaches(from: Flight, target: Flight, seen: Set<Flight>): boolean {
  if (from === target) return true
  if (seen.has(from)) return false
  seen.add(from)
  for (const next of from.waitsFor ?? []) if (reaches(next, target, seen)) return true
  return false
}

function recursive(key: string, from: Flight): RecursiveLoadError {
  const chain = [key]
  for (let flight: Flight | undefined = from; flight !== undefined; flight = flight.parent)
    chain.unshift(flight.key)
  return new RecursiveLoadError(
    `the loader of '${from.key}' asks for '${key}', which waits for it (${chain.join(' → ')}); ` +
      'read what it needs from the source, or under another key',
  )
}
