import type { Scope } from './scope.ts'

/**
 * Yields the keys of a scope that begin with `prefix`, literally; ends early if the store is in trouble. @throws the
 * reason of the signal.
 */
export async function* scan(
  scope: Scope,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string, void, undefined> {
  const { store, trouble } = scope.runtime
  const full = scope.prefixed(prefix)
  try {
    for await (const key of store.scan(full, scope.reading)) {
      if (signal?.aborted) break
      yield key.slice(scope.prefix.length)
    }
    trouble.served('keys')
  } catch (error) {
    trouble.failed('keys', error)
  }
  signal?.throwIfAborted()
}
