import { LockBusyError, StoreUnavailableError } from '../core/errors.ts'
import type { HeldLock } from './held-lock.ts'
import { count, type Wanted } from './wanted.ts'

/** Counts how a request for a permit ends, and returns its result. A caller that gives up by itself is not counted. */
export async function counted<T extends HeldLock | undefined>(
  wanted: Wanted,
  asking: Promise<T>,
): Promise<T> {
  try {
    const held = await asking
    count(wanted, held === undefined ? 'busy' : 'acquired')
    return held
  } catch (error) {
    if (error instanceof LockBusyError) count(wanted, 'busy')
    else if (error instanceof StoreUnavailableError) count(wanted, 'unavailable')
    throw error
  }
}
