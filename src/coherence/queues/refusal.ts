import { isCacheError } from '../../core/errors.ts'

/** Whether the server refuses an operation for a reason that concerns this item alone. */
export function isRefusal(error: unknown): boolean {
  if (!isCacheError(error) || !('reason' in error)) return false
  return error.reason === 'denied' || error.reason === 'wrong-type' || error.reason === 'protocol'
}
