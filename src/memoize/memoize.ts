import type { BaseCache } from '../cache/base-cache.ts'
import { GET_OR_SET_OPTIONS } from '../options/entry-options.ts'
import { wrapIn, type Wrappable, type WrapOptions, type Wrapped } from '../cache/wrap.ts'
import { checkReadable } from '../options/checks.ts'
import { checkOptions } from '../options/options.ts'
import type { MaybePromise } from '../core/promise.ts'
import { cacheFinder } from './cache-of.ts'

/** Options of {@link memoize}: the cache, and those of its `wrap`. */
export type MemoizeOptions<Args extends readonly unknown[]> = WrapOptions<Args> & {
  /** The cache, or a function that answers it (or a promise of it) at each call, for a cache that is made later. */
  readonly cache: BaseCache | (() => MaybePromise<BaseCache>)
}

/**
 * Returns a function whose answers are cached by its arguments. It is `cache.wrap` for functions of modules, which
 * exist before the cache does.
 *
 * ```ts no-check
 * export const findUser = memoize(loadUser, { cache: () => app.cache, name: 'user', ttl: '30m' })
 * ```
 * @throws OptionsError, KeyError for wrong options.
 */
export function memoize<F extends Wrappable>(fn: F, options: MemoizeOptions<Parameters<F>>): Wrapped<F> {
  checkReadable(options, 'memoize')
  checkOptions(options, [...GET_OR_SET_OPTIONS, 'cache', 'name', 'key'], 'memoize')
  const { cache, ...rest } = options
  const find = cacheFinder(cache, 'memoize')
  if (typeof cache !== 'function') return cache.wrap(fn, rest)
  const later = {
    getOrSet: async (...args: Parameters<BaseCache['getOrSet']>) => (await find(undefined)).getOrSet(...args),
    invalidate: async (key: string) => (await find(undefined)).invalidate(key),
  }
  return wrapIn(later, fn, rest, GET_OR_SET_OPTIONS)
}
