import { AsyncResource } from 'node:async_hooks'

const loaded = new AsyncResource('cachette.next')

/**
 * Runs work outside the request that asks for it. Else a connection would keep the first request in memory, and
 * Next.js would take the clock and random numbers of the cache for those of the page, which it then does not prerender.
 */
export function outside<T>(work: () => T): T {
  return loaded.runInAsyncScope(work)
}
