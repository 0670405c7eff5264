import { GET_OR_SET_OPTIONS } from '../options/entry-options.ts'
import { Wrapping, type WrapOptions, type WrappingCache } from '../cache/wrap.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import type { KeyPart } from '../keys/key-builder.ts'
import type { MaybePromise } from '../core/promise.ts'
import { isList } from '../internal/objects.ts'
import { checkReadable, reading } from '../options/checks.ts'
import { checkOptions } from '../options/options.ts'
import { cacheFinder, type CacheOf } from './cache-of.ts'
import { methodDecorator, type Decorate, type Method } from './method.ts'
import type { MethodDecoratorOf } from './method-types.ts'
import { Template } from './template.ts'

/** Options of {@link Cached}: those of `cache.wrap`, with templates for keys and tags. */
export type CachedOptions<Self, Args extends readonly unknown[], Text extends string> = CachedMethodOptions<
  Args,
  Text
> & {
  /** The cache, or a function of the object that answers it: `(self: UserService) => self.cache`. */
  readonly cache: CacheOf<Self>
}

/** Options of a cached method, without the cache. */
export type CachedMethodOptions<Args extends readonly unknown[], Text extends string> = Omit<
  WrapOptions<Args>,
  'name' | 'key' | 'tags'
> & {
  /** Templates such as `team:{0.teamId}`, or a function of the arguments. */
  readonly tags?: readonly Text[] | ((...args: Args) => readonly string[]) | undefined
} & (
    | {
        /** The beginning of its keys, which are made of all arguments: `billing:invoice:[7,"EUR"]`. */
        readonly name: string
        readonly key?: undefined
      }
    | {
        /**
         * A template such as `user:{0}` or `{this.tenant}:user:{0.id}`, or a function of the arguments that answers the
         * key or its parts. The key ignores all that it does not name: other arguments and the object.
         */
        readonly key: Text | ((...args: Args) => string | readonly KeyPart[])
        readonly name?: undefined
      }
  )

/**
 * Caches the answers of a method as `cache.wrap` does, in TC39 and in legacy form (`experimentalDecorators`).
 *
 * ```ts no-check
 * @Cached({ cache: (self: UserService) => self.cache, key: 'user:{0}', tags: ['users'], ttl: '30m' })
 * async find(id: number): Promise<User> { ... }
 * ```
 *
 * All objects of the class share the entries of a key. If their answers differ, put the difference into it
 * (`{this.tenant}`).
 * @throws OptionsError, KeyError for wrong options, or if it decorates anything but a method.
 */
export function Cached<Self, Args extends readonly unknown[], Text extends string>(
  options: CachedOptions<Self, Args, Text>,
): MethodDecoratorOf<Self, Args, Text> {
  checkReadable(options, 'Cached')
  const { cache, ...rest } = options as Readonly<Record<string, unknown>>
  return cachedBy('Cached', rest, cacheFinder(cache, 'Cached'))
}

/**
 * Returns the decorator `where` of methods whose cache `cacheFor` finds. Without one the method is called as it is.
 * @throws OptionsError, KeyError for wrong options.
 */
export function cachedBy(
  where: string,
  options: Readonly<Record<string, unknown>>,
  cacheFor: (self: unknown) => MaybePromise<WrappingCache | undefined>,
): Decorate {
  checkOptions(options, [...GET_OR_SET_OPTIONS, 'name', 'key'], where)
  const filled = withTemplates(where, options)
  return methodDecorator(where, (method, name) => {
    const wrapping = new Wrapping(method, filled, GET_OR_SET_OPTIONS, `${where} ${name}`)
    return async function (this: unknown, ...args) {
      const cache = await cacheFor(this)
      return cache === undefined ? method.apply(this, args) : wrapping.call(cache, this, args)
    }
  })
}

/** Returns options whose templates are functions of the arguments. @throws OptionsError for an invalid template. */
function withTemplates(where: string, options: Readonly<Record<string, unknown>>): object {
  const { key, tags } = options
  return {
    ...options,
    ...(typeof key === 'string' && { key: textOf(key, `${where}: key`) }),
    ...(tags !== undefined && typeof tags !== 'function' && { tags: tagsOf(tags, `${where}: tags`) }),
  }
}

/** Returns the function of the arguments that fills a template. @throws OptionsError for an invalid template. */
export function textOf(source: string, where: string): Method {
  const template = withoutResult(source, where)
  return function (this: unknown, ...args) {
    return template.textFor({ self: this, args })
  }
}

function tagsOf(sources: unknown, where: string): Method {
  if (!isList(sources)) throw new OptionsError(`${where}: ${inspect(sources)} is not a list of tags`)
  const templates = reading(where, () => [...sources]).map((source) => withoutResult(source, where))
  return function (this: unknown, ...args) {
    return templates.map((template) => template.textFor({ self: this, args }))
  }
}

function withoutResult(source: unknown, where: string): Template {
  const template = new Template(source, where)
  if (!template.needsResult) return template
  throw new OptionsError(
    `${where}: ${inspect(source)}: {result} is not known before the load; use setTags of loadContext()`,
  )
}
