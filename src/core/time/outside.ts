import { AsyncResource } from 'node:async_hooks'

// Made when the module is loaded, so that what runs in it sees nothing of a request, and keeps nothing of one.
const outside = new AsyncResource('cachette')

/** Returns the result of a call that is made outside of any request, whatever async context is active. */
export function outsideRequests<T>(call: () => T): T {
  return outside.runInAsyncScope(call)
}
