import type { BaseCache } from '../cache/base-cache.ts'
import { OptionsError } from '../core/errors.ts'
import { checkChoice, checkOptions } from '../options/options.ts'
import { checkReadable } from '../options/checks.ts'
import type { MaybePromise } from '../core/promise.ts'
import { cacheFinder, type CacheOf } from './cache-of.ts'
import { Filler } from './filler.ts'
import { methodDecorator, type Decorate } from './method.ts'
import type { MethodDecoratorOf } from './method-types.ts'
import type { Call } from './template.ts'

/** Options of {@link Invalidates}; keys, tags, or both. */
export interface InvalidatesOptions<
  Self,
  Args extends readonly unknown[],
  Text extends string,
> extends InvalidatingOptions<Args, Text> {
  /** The cache, or a function of the object that answers it: `(self: UserService) => self.cache`. */
  readonly cache: CacheOf<Self>
}

/** Options of an invalidating method, without the cache. */
export interface InvalidatingOptions<Args extends readonly unknown[], Text extends string> {
  /** Templates such as `user:{0}` or `user:{result.id}`, or a function of the arguments. */
  readonly keys?: readonly Text[] | ((...args: Args) => readonly string[]) | undefined
  /** Templates such as `team:{0.teamId}`, or a function of the arguments. */
  readonly tags?: readonly Text[] | ((...args: Args) => readonly string[]) | undefined
  /**
   * `'always'` (default): also if the method fails, because an error does not tell that nothing was written. Templates
   * that need the result are left out then. `'success'`: only if it does not fail.
   */
  readonly when?: 'always' | 'success' | undefined
}

type Targets = Partial<Record<'keys' | 'tags', readonly string[]>>
/** The part of a cache that invalidates. */
export type Invalidating = Pick<BaseCache, 'invalidate' | 'invalidateTag'>

/**
 * Invalidates keys and tags when a method ends, before its caller goes on; in TC39 and in legacy form
 * (`experimentalDecorators`).
 *
 * ```ts no-check
 * @Invalidates({ cache: (self: UserService) => self.cache, keys: ['user:{0}'], tags: ['users'] })
 * async rename(id: number, name: string): Promise<void> { ... }
 * ```
 *
 * Keys and tags that depend on the arguments are made before the method runs. So a value that can't be part of a key is
 * refused before anything is written.
 * @throws OptionsError for wrong options, or if it decorates anything but a method.
 */
export function Invalidates<Self, Args extends readonly unknown[], Text extends string>(
  options: InvalidatesOptions<Self, Args, Text>,
): MethodDecoratorOf<Self, Args, Text> {
  checkReadable(options, 'Invalidates')
  const { cache, ...rest } = options
  return invalidatesBy(rest, cacheFinder(cache, 'Invalidates'))
}

/**
 * Returns the decorator of methods whose cache `cacheFor` finds. Without one the method is called as it is.
 * @throws OptionsError for wrong options.
 */
export function invalidatesBy(
  options: Partial<Readonly<Record<'keys' | 'tags' | 'when', unknown>>>,
  cacheFor: (self: unknown) => MaybePromise<Invalidating | undefined>,
): Decorate {
  checkOptions(options, ['keys', 'tags', 'when'], 'Invalidates')
  const { keys, tags, when = 'always' } = options
  if (keys === undefined && tags === undefined)
    throw new OptionsError('Invalidates: give keys, tags, or both')
  checkChoice(when, ['always', 'success'], 'Invalidates: when')
  const fillers = { keys: new Filler(keys, 'Invalidates: keys'), tags: new Filler(tags, 'Invalidates: tags') }
  const fill = (call: Call): Targets => ({
    keys: fillers.keys.textsOf(call),
    tags: fillers.tags.textsOf(call),
  })
  return methodDecorator('Invalidates', (method) => {
    return async function (this: unknown, ...args) {
      const found = await cacheFor(this)
      if (found === undefined) return method.apply(this, args)
      const known = fill({ self: this, args })
      let result: unknown
      try {
        result = await method.apply(this, args)
      } catch (error) {
        // The caller gets the method's error, even if the invalidation fails.
        if (when === 'always') await invalidate(found, known).catch(() => undefined)
        throw error
      }
      const ends = [invalidate(found, known)]
      try {
        ends.push(invalidate(found, fill({ self: this, args, result })))
      } finally {
        await Promise.all(ends)
      }
      return result
    }
  })
}

async function invalidate(cache: Invalidating, { keys = [], tags = [] }: Targets): Promise<void> {
  await Promise.all([keys.length > 0 && cache.invalidate(keys), tags.length > 0 && cache.invalidateTag(tags)])
}
