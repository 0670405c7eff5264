import type { AtomicStore, StateKey } from '../core/atomic-store.ts'
import { LockBusyError, StoreUnavailableError } from '../core/errors.ts'
import type { LockStats } from '../core/observing/atomic-figures.ts'
import type { LockSettings } from './options.ts'

/** The lock or semaphore of which a permit is wanted, with the settings of the holding. */
export interface Wanted {
  readonly store: AtomicStore
  readonly state: StateKey
  readonly permits: number
  readonly settings: LockSettings
}

/** Makes the error for a caller whose time is over while others hold all permits. */
export function busy({ state: { kind, key } }: Wanted, longestMs: number): LockBusyError {
  return new LockBusyError(`${kind} ${key} was held by others for ${Math.round(longestMs)} ms`)
}

/** Makes the error for a caller that the store has not answered. */
export function unavailable({ state: { kind, key } }: Wanted, error: unknown): StoreUnavailableError {
  const message = `${kind} ${key}: the store does not answer, so its holder is unknown`
  return new StoreUnavailableError(message, { cause: error })
}

/** Counts an event of a lock or semaphore. */
export function count({ store, state }: Pick<Wanted, 'store' | 'state'>, what: keyof LockStats): void {
  const { figures } = store
  if (figures !== undefined) figures[state.kind === 'lock' ? 'lock' : 'semaphore'][what]++
}
