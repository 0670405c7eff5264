import { enclosingFlight } from '../loading/recursion.ts'
import type { LoadContext } from '../loading/load-context.ts'

// By the load, so that a load inside a load finds its own.
const contexts = new WeakMap<object, LoadContext>()

/**
 * Returns the context of the running load: its key, its signal, how to set a ttl. It is for functions that are cached
 * by `wrap`, `memoize` or `Cached`, whose arguments are the caller's; also after an `await`. `undefined` if no such
 * function is being called for a load.
 */
export function loadContext<V = unknown>(): LoadContext<V> | undefined {
  const flight = enclosingFlight()
  return flight && (contexts.get(flight) as LoadContext<V> | undefined)
}

/** Calls a cached function within a load. */
export function inLoad<T>(context: LoadContext, call: () => T): T {
  const flight = enclosingFlight()
  if (flight !== undefined) contexts.set(flight, context)
  return call()
}
