import type { Duration } from '../options/durations.ts'
import { KeyError, OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { key, type KeyPart } from '../keys/key-builder.ts'
import type { GetOrSetOptions } from '../options/entry-options.ts'
import { checkFunction, checkReadable } from '../options/checks.ts'
import { OfFunction } from '../options/function-options.ts'
import { checkOptions } from '../options/options.ts'
import { isList } from '../internal/objects.ts'
import { Computed } from '../options/resolve.ts'
import type { Invalidation } from '../core/store.ts'
import { inLoad } from './current-load.ts'
import type { LoadContext, NotModified } from '../loading/load-context.ts'

/** A function whose answers can be cached. */
export type Wrappable<V = unknown> = (this: never, ...args: never[]) => V | PromiseLike<V>

/** Options of a wrapped function: those of every load, which may depend on the arguments, and those of its keys. */
export type WrapOptions<Args extends readonly unknown[] = readonly never[]> = LoadOptionsOf<Args> &
  WrapKey<Args>

/** The source of the keys of a wrapped function: a name and all arguments, or a function. */
export type WrapKey<Args extends readonly unknown[]> =
  | {
      /**
       * The beginning of its keys, as in `billing:invoice:[7,"EUR"]`. It must be its own, because two functions with
       * one name share their entries. Parts are separated by `:`; `% { } [ ] "` have no place in it.
       */
      readonly name: string
      readonly key?: undefined
    }
  | {
      /** Returns the key for these arguments: text as it is, or parts for `key()`, as in `['user', id]`. */
      readonly key: (...args: Args) => string | readonly KeyPart[]
      readonly name?: undefined
    }

type LoadOptionsOf<Args extends readonly unknown[]> = Omit<GetOrSetOptions, 'ttl' | 'tags'> & {
  /** As in `getOrSet`, or a function of the arguments. If it returns 0 or less, nothing is stored. */
  readonly ttl?: Duration | ((...args: Args) => Duration) | undefined
  /** As in `getOrSet`, or a function of the arguments. With invalid tags nothing is stored. */
  readonly tags?: readonly string[] | ((...args: Args) => readonly string[]) | undefined
}

/**
 * The cached form of a function. A function that returns promises keeps its type, generic parameters and overloads
 * included. Any other returns promises now. Arguments that are `undefined` at the end are not passed on.
 */
export type Wrapped<F extends Wrappable> = Awaitable<F> & {
  /** Returns the key for these arguments, as the cache's other methods take it. */
  key(...args: Parameters<F>): string
  /** Removes the answer for these arguments and voids loads of it; see `BaseCache.invalidate`. */
  invalidate(...args: Parameters<F>): Promise<Invalidation>
  /** Calls the function, even if an answer is stored, and stores the new answer. */
  refresh(...args: Parameters<F>): ReturnType<Awaitable<F>>
  /** Returns the function with other options for one call, such as a `signal`: `find.with({ signal })(7)`. */
  with(options: GetOrSetOptions): Awaitable<F>
}

/** A function of this type that returns promises of values, also if it may answer `notModified()`. */
export type Awaitable<F extends Wrappable> =
  ReturnType<F> extends Promise<infer T>
    ? [Extract<T, NotModified>] extends [never]
      ? F
      : Asking<F>
    : Asking<F>

type Asking<F extends Wrappable> = (
  this: ThisParameterType<F>,
  ...args: Parameters<F>
) => Promise<Exclude<Awaited<ReturnType<F>>, NotModified>>

/** The part of a cache that a wrapped function uses. */
export interface WrappingCache {
  /** As in BaseCache. */
  getOrSet(key: string, loader: (context: LoadContext) => unknown, options: GetOrSetOptions): Promise<unknown>
  /** As in BaseCache. */
  invalidate(key: string): Promise<Invalidation>
}

type Answering = (this: unknown, ...args: unknown[]) => unknown

const FORCED: GetOrSetOptions = { forceRefresh: true }

/** A function with the options under which its answers are cached, in any cache. */
export class Wrapping {
  readonly #fn: Answering
  readonly #options: object
  readonly #keyOf: Answering
  readonly #where: string
  // The name that its calls are counted under.
  readonly #name: string | undefined

  /** `accepted` is the names of the options of a load. @throws OptionsError, KeyError for wrong options. */
  constructor(fn: unknown, options: unknown, accepted: readonly string[], where = 'wrap') {
    checkFunction(fn, where)
    checkReadable(options, where)
    checkOptions(options, [...accepted, 'name', 'key'], where)
    const { name, key: keyOf, ...rest } = options as Record<string, unknown>
    this.#fn = fn as Answering
    const called = this.#fn.name
    this.#name = typeof name === 'string' ? name : called === '' ? undefined : called
    this.#where = called === '' ? where : `${where} ${called}`
    this.#keyOf = keyBy(name, keyOf, this.#where)
    this.#options = rest
  }

  /** Returns the key for these arguments. @throws KeyError if an argument can't be part of a key. */
  key(self: unknown, args: unknown[]): string {
    let made: unknown
    try {
      made = this.#keyOf.apply(self, args)
      if (isList(made)) return key(...(made as [string, ...KeyPart[]]))
    } catch (error) {
      if (!(error instanceof KeyError)) throw error
      throw new KeyError(`${this.#where}: ${error.message}; the option \`key\` chooses what counts`)
    }
    if (typeof made === 'string') return made
    throw new OptionsError(`${this.#where}: key: answered ${inspect(made)}, not text or a list of parts`)
  }

  /** Returns the answer for these arguments, from the cache or from the function. */
  async call(
    cache: WrappingCache,
    self: unknown,
    given: unknown[],
    more?: GetOrSetOptions,
  ): Promise<unknown> {
    const args = withoutTrailing(given)
    const keyed = this.key(self, args)
    const options: Record<string, unknown> = { ...this.#options, ...more }
    if (this.#name !== undefined) OfFunction.mark(options, this.#name)
    for (const name of ['ttl', 'tags']) {
      const option = options[name]
      if (typeof option === 'function') options[name] = new Computed(Reflect.apply(option, self, args))
    }
    return cache.getOrSet(keyed, (context) => inLoad(context, () => this.#fn.apply(self, args)), options)
  }
}

/** Returns the cached form of a function. @throws OptionsError, KeyError for wrong options. */
export function wrapIn<F extends Wrappable>(
  cache: WrappingCache,
  fn: F,
  options: unknown,
  accepted: readonly string[],
): Wrapped<F> {
  const wrapping = new Wrapping(fn, options, accepted)
  const under = (more?: GetOrSetOptions): Answering =>
    function (this: unknown, ...args) {
      return wrapping.call(cache, this, args, more)
    }
  const keyFor = (...args: unknown[]): string => wrapping.key(undefined, withoutTrailing(args))
  const wrapped = Object.assign(under(), {
    key: keyFor,
    invalidate: async (...args: unknown[]) => cache.invalidate(keyFor(...args)),
    refresh: under(FORCED),
    with(more: GetOrSetOptions) {
      checkReadable(more, 'with')
      checkOptions(more, accepted, 'with')
      return under(more)
    },
  })
  return resembling(wrapped, fn) as unknown as Wrapped<F>
}

/** Gives `wrapped` the name and the number of parameters of `fn`, for stack traces and other inspection. */
export function resembling<W extends object>(wrapped: W, fn: { name: string; length: number }): W {
  for (const property of ['name', 'length'] as const)
    Object.defineProperty(wrapped, property, { value: fn[property], configurable: true })
  return wrapped
}

function keyBy(name: unknown, keyOf: unknown, where: string): Answering {
  if (keyOf !== undefined && name !== undefined)
    throw new OptionsError(`${where}: of name and key one is needed, not both`)
  if (keyOf !== undefined) {
    checkFunction(keyOf, `${where}: key`)
    return keyOf as Answering
  }
  if (typeof name !== 'string') {
    throw new OptionsError(
      `${where}: name: ${inspect(name)} is not text; give a name of its own, such as 'user:find', or the option \`key\``,
    )
  }
  const parts = name.split(':') as [string, ...string[]]
  if (parts.includes('') || key(...parts) !== name) {
    throw new OptionsError(
      `${where}: name: ${inspect(name)} is not made of parts between ':', without % { } [ ] " and without ! at the beginning`,
    )
  }
  return (...args) => [...parts, args]
}

// An optional argument of `undefined` makes the same call as an absent one.
function withoutTrailing(args: unknown[]): unknown[] {
  let { length } = args
  while (length > 0 && args[length - 1] === undefined) length--
  return length === args.length ? args : args.slice(0, length)
}
