import type { Observer } from '../core/observing/observer.ts'
import type { Trouble } from '../core/logging/trouble.ts'

const METHODS = [
  'read',
  'refreshing',
  'load',
  'coalesced',
  'write',
  'invalidate',
  'remove',
  'call',
  'connection',
] as const

/**
 * Returns an observer that logs the errors of another. An observer that calls an SDK, or a function of the user, could
 * otherwise let a call of the cache fail. {@link Observer.around} is left to the observer, because it returns an answer.
 */
export function guarded(observer: Observer, trouble: Pick<Trouble, 'listenerFailed'>): Observer {
  const safe: Record<string, (...args: never[]) => unknown> = {}
  for (const name of METHODS) {
    const method: ((...args: never[]) => void) | undefined = observer[name]
    if (method === undefined) continue
    safe[name] = (...args) => {
      try {
        method.apply(observer, args)
      } catch (error) {
        trouble.listenerFailed(name, error)
      }
    }
  }
  if (observer.around !== undefined) safe['around'] = observer.around.bind(observer)
  return safe
}
