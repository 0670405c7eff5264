import type { Runtime } from '../../cache/runtime.ts'
import { isCacheError } from '../../core/errors.ts'

/**
 * Returns the answer of a cache, `undefined` if it fails or is closed. Its trouble is noted under the name of the adapter
 * and never reaches the host, which may leave the promise alone.
 */
export async function quiet<T>(
  { trouble }: Runtime,
  adapter: string,
  call: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await call()
  } catch (error) {
    const isClosed = isCacheError(error) && error.code === 'ERR_CACHE_CLOSED'
    if (!isClosed) trouble.note(adapter, error)
    return undefined
  }
}
