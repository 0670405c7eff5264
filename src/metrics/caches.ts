import { scopeOf, type BaseCache } from '../cache/base-cache.ts'
import type { Runtime } from '../cache/runtime.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { isList } from '../internal/objects.ts'
import { reading } from '../options/checks.ts'

/** One cache or several. A namespace stands for the whole of its cache. */
export type Caches = BaseCache | readonly BaseCache[]

/** Returns the runtimes of caches, each once. @throws OptionsError for anything that is not a cache. */
export function runtimesOf(caches: Caches, where: string): ReadonlySet<Runtime> {
  const list = reading(`${where}: caches`, (): readonly unknown[] =>
    isList(caches) ? [...caches] : [caches],
  )
  return new Set(list.map((cache) => runtimeOf(cache, where)))
}

function runtimeOf(cache: unknown, where: string): Runtime {
  const scope = typeof cache === 'object' && cache !== null ? scopeOf(cache) : undefined
  if (scope === undefined) throw new OptionsError(`${where}: caches: ${inspect(cache)} is not a cache`)
  return scope.runtime
}
