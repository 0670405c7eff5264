import type { BaseCache } from '../../cache/base-cache.ts'
import { cachedBy, type CachedMethodOptions } from '../../memoize/cached.ts'
import { invalidatesBy, type InvalidatingOptions } from '../../memoize/invalidates.ts'
import type { MethodDecoratorOf } from '../../memoize/method-types.ts'
import { injecting, type UsedCache } from './injected.ts'
import { placesOfPuts } from './cache-put.ts'

/**
 * Caches the answers of a method of a provider or controller. Its options are those of `Cached` of `cachette/memoize`.
 *
 * ```ts no-check
 * @Cached({ key: 'user:{0}', tags: ['users'], ttl: '30m' })
 * async find(id: number): Promise<User> { ... }
 * ```
 * @throws OptionsError, KeyError for wrong options, or if it decorates anything but a method.
 */
export function Cached<Args extends readonly unknown[], Text extends string>(
  options: CachedMethodOptions<Args, Text> & UsedCache,
): MethodDecoratorOf<object, Args, Text> {
  return injecting('Cached', options, (rest, cacheOf) => cachedBy('Cached', rest, cacheOf))
}

/**
 * Invalidates keys and tags when a method of a provider or controller ends. Its options are those of `Invalidates` of
 * `cachette/memoize`.
 *
 * ```ts no-check
 * @Invalidates({ keys: ['user:{0}'], tags: ['users'] })
 * async rename(id: number, name: string): Promise<void> { ... }
 * ```
 * @throws OptionsError for wrong options, or if it decorates anything but a method.
 */
export function Invalidates<Args extends readonly unknown[], Text extends string>(
  options: InvalidatingOptions<Args, Text> & UsedCache,
): MethodDecoratorOf<object, Args, Text> {
  return injecting('Invalidates', options, (rest, cacheOf) =>
    invalidatesBy(rest, (self) => withPuts(cacheOf(self))),
  )
}

// An invalidated key ends the puts of it that are under way, too.
function withPuts(cache: BaseCache | undefined): Pick<BaseCache, 'invalidate' | 'invalidateTag'> | undefined {
  if (cache === undefined) return undefined
  return {
    invalidate: async (keys) => cache.invalidate(placesOfPuts(typeof keys === 'string' ? [keys] : [...keys])),
    invalidateTag: async (tags) => cache.invalidateTag(tags),
  }
}
