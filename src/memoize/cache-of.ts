import type { BaseCache } from '../cache/base-cache.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { checkMethods } from '../options/checks.ts'
import type { MaybePromise } from '../core/promise.ts'

/**
 * The cache to use: itself, or a function that answers it (or a promise of it) at each call. A function suits a cache
 * that is made later than the memoized function, or that belongs to the object.
 */
export type CacheOf<Self> = BaseCache | ((self: Self) => MaybePromise<BaseCache>)

type Used = Pick<BaseCache, 'getOrSet' | 'invalidate' | 'invalidateTag'>

/** Finds the cache for an object. @throws OptionsError when `option` is neither a cache nor a function. */
export function cacheFinder(option: unknown, where: string): (self: unknown) => MaybePromise<Used> {
  if (typeof option === 'function') return (self) => checkLater((option as CacheFunction)(self), where)
  check(option, where)
  return () => option
}

type CacheFunction = (self: unknown) => unknown

async function checkLater(found: unknown, where: string): Promise<Used> {
  const cache = await found
  check(cache, where)
  return cache
}

function check(cache: unknown, where: string): asserts cache is Used {
  if (cache === undefined || cache === null) {
    throw new OptionsError(
      `${where}: cache: ${inspect(cache)} is not a cache; give one, or a function such as (self) => self.cache`,
    )
  }
  checkMethods(cache, ['getOrSet', 'invalidate', 'invalidateTag'], `${where}: cache`)
}
