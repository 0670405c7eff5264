import type { Runtime } from '../../cache/runtime.ts'
import { isCacheError } from '../../core/errors.ts'

/** The codes of errors that tell of a wrong call, and not of a store in trouble. */
const MISTAKES: ReadonlySet<string> = new Set(['ERR_CACHE_OPTIONS', 'ERR_CACHE_KEY'])

/**
 * Returns the answer of a cache, `undefined` if it fails, refuses the call or is closed. Its trouble is noted under the
 * name of the adapter and never reaches the host, which may leave the promise alone.
 */
export async function quiet<T>(
  { trouble }: Runtime,
  adapter: string,
  call: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await call()
  } catch (error) {
    const code = isCacheError(error) ? error.code : undefined
    if (code !== undefined && MISTAKES.has(code)) trouble.hostFailed(error, `a call of ${adapter}`)
    else if (code !== 'ERR_CACHE_CLOSED') trouble.note(adapter, error)
    return undefined
  }
}
