import { scopeOf, type BaseCache } from '../../cache/base-cache.ts'
import type { Runtime } from '../../cache/runtime.ts'
import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'

/** Returns the runtime of a cache or namespace. @throws OptionsError for anything else. */
export function runtimeOf(cache: unknown, where: string): Runtime {
  const scope = typeof cache === 'object' && cache !== null ? scopeOf(cache) : undefined
  if (scope === undefined) throw new OptionsError(`${where}: ${inspect(cache)} is not a cache`)
  return scope.runtime
}

/** Refuses anything that is not a cache. @throws OptionsError */
export function checkCache(cache: unknown, where: string): asserts cache is BaseCache {
  runtimeOf(cache, where)
}
