import { scopeOf, type BaseCache } from '../cache/base-cache.ts'
import type { Scope } from '../cache/scope.ts'
import { isDuration, type Duration } from '../options/durations.ts'
import type { GetOptions, GetOrSetOptions, ReadOptions } from '../options/entry-options.ts'
import { reading } from '../options/checks.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import type { NamespaceOptions } from '../options/options.ts'
import { isPromise } from '../core/promise.ts'
import { enclosingFlight } from '../loading/recursion.ts'

type LoadArgument = Duration | GetOrSetOptions
type Options = LoadArgument | ReadOptions | undefined
type Values = ReadonlyMap<string, unknown>
type ManyCall = (names: readonly string[]) => Promise<Values>
/** Makes a copy of a value for each reader; `undefined` = there is none. */
type Found = (() => unknown) | undefined

interface Answer {
  /** The tag of the reader's namespace, because an entry may be invisible there that others see. */
  readonly namespace: string | undefined
  /** Absent while a load is under way, for which no other call waits. */
  found?: Promise<Found>
}

/** Past this many keys nothing more is remembered, because a scope that is left open must not become a leak. */
const MOST_KEYS = 10_000
/**
 * Methods that concern only the key of their first argument. All others concern any key, except those of the next list.
 */
const OF_ONE_KEY = 'set delete take expire increment decrement refresh has ttl explain'.split(' ')
const OF_NO_KEY = 'health keys on stats serialize deserialize'.split(' ')
/** Options with which a read asks the cache and ignores the remembered values. */
const ASKING = ['signal', 'after', 'stale', 'skipRead', 'skipWrite', 'forceRefresh'] as const

/**
 * Returns a view of a cache for one request, which asks the cache once for each key. The scope sees the changes that
 * are made through it, and all else is as without it. Its namespaces and wrapped functions belong to the scope. Loaders
 * see the cache as it is. Closing it does nothing.
 * @throws OptionsError for anything but a cache of this copy of the package.
 */
export function requestScope<V>(cache: BaseCache<V>): BaseCache<V> {
  return viewOf(cache, new Map())
}

function viewOf<V>(cache: BaseCache<V>, answers: Map<string, Answer>): BaseCache<V> {
  const scope = typeof cache === 'object' && cache !== null ? scopeOf(cache) : undefined
  if (scope === undefined) throw new OptionsError(`requestScope: ${inspect(cache)} is no cache`)
  const reads = new ScopedReads(scope, answers)
  const end = async (): Promise<void> => answers.clear()
  const own: Readonly<Record<PropertyKey, unknown>> = {
    get: async (key: string, options?: GetOptions) => {
      const given: ReadOptions | undefined = options
      const call = async (): Promise<unknown> => cache.get(key, given)
      const result = reading('get: the options', () => options?.result)
      return result === 'full' ? call() : reads.one(key, false, options, call)
    },
    getMany: (keys: Iterable<string>, options?: ReadOptions) =>
      reads.many(keys, false, options, (names) => cache.getMany(names, options)),
    getOrSet: (key: string, loader: () => never, options?: LoadArgument) =>
      reads.one(key, true, options, () => cache.getOrSet(key, loader, options)),
    getOrSetMany: (keys: Iterable<string>, loader: () => never, options?: LoadArgument) =>
      reads.many(keys, true, options, (names) => cache.getOrSetMany(names, loader, options)),
    namespace: (name: string, options?: NamespaceOptions) => viewOf(cache.namespace(name, options), answers),
    wrap: (...args: never[]) => Reflect.apply(cache.wrap, view, args) as unknown,
    close: end,
    [Symbol.asyncDispose]: end,
  }
  const view: BaseCache<V> = new Proxy(cache, {
    get(_, name) {
      if (Object.hasOwn(own, name)) return own[name]
      const value: unknown = Reflect.get(cache, name, cache)
      if (typeof value !== 'function' || name === 'constructor') return value
      return (...args: unknown[]): unknown => {
        const isOfKey = OF_ONE_KEY.includes(String(name)) && typeof args[0] === 'string'
        const forget = (): void => {
          if (isOfKey) answers.delete(`${scope.prefix}${args[0] as string}`)
          else if (!OF_NO_KEY.includes(String(name))) answers.clear()
        }
        forget()
        const result: unknown = Reflect.apply(value, cache, args)
        return isPromise(result) ? Promise.resolve(result).finally(forget) : result
      }
    },
  })
  return view
}

/** The reads of a cache or namespace, answered from the remembered values by full key. */
class ScopedReads {
  readonly #scope: Scope
  readonly #answers: Map<string, Answer>

  constructor(scope: Scope, answers: Map<string, Answer>) {
    this.#scope = scope
    this.#answers = answers
  }

  async one(key: string, isLoad: boolean, options: Options, call: () => Promise<unknown>): Promise<unknown> {
    return (await this.many([key], isLoad, options, async () => new Map([[key, await call()]]))).get(key)
  }

  /** Returns copies of the remembered values, and of the answers to one call for the other keys. */
  async many(list: Iterable<string>, isLoad: boolean, options: Options, call: ManyCall): Promise<Values> {
    const { pipeline } = this.#scope.runtime
    const keys = this.#scope.keys(list)
    // A loader sees the cache as it is, because others get what it makes.
    const isRemembering = !isAsking(options) && enclosingFlight() === undefined
    const found = new Map<string, Promise<Found>>()
    for (const key of isRemembering ? keys.keys() : []) {
      const answer = this.#answers.get(key)
      if (answer?.found !== undefined && answer.namespace === this.#scope.ownTag) found.set(key, answer.found)
    }
    if (isLoad) for (const [key, one] of found) if ((await one) === undefined) found.delete(key)
    const rest = [...keys].filter(([key]) => !found.has(key))
    if (rest.length > 0) {
      const answers = rest.map(([key]) => this.#begin(key, isRemembering))
      const asking = call(rest.map(([, name]) => name))
      for (const [index, [key, name]] of rest.entries()) {
        const one = asking.then((values) => this.#keep(values.get(name)))
        found.set(key, one)
        if (!isLoad) answers[index]!.found = one
        const end = (isLoading: boolean): void => {
          if (!isLoading && this.#answers.get(key) === answers[index]) answers[index]!.found = one
          else this.#answers.delete(key)
        }
        one.then(
          () => end(pipeline.isUnderWay(key)),
          () => end(true),
        )
      }
    }
    const values = new Map<string, unknown>()
    for (const [key, name] of keys) {
      const copy = await found.get(key)
      if (copy !== undefined) values.set(name, copy())
    }
    return values
  }

  // Calls that overlap with a load are not remembered.
  #begin(key: string, isRemembering: boolean): Answer {
    const last = this.#answers.get(key)
    const answer = { namespace: this.#scope.ownTag }
    const hasRoom = last === undefined ? this.#answers.size < MOST_KEYS : last.found !== undefined
    const isAlone = hasRoom && !this.#scope.runtime.pipeline.isUnderWay(key)
    this.#answers.delete(key)
    if (isRemembering && isAlone) this.#answers.set(key, answer)
    return answer
  }

  #keep(value: unknown): Found {
    if (value === undefined) return undefined
    const { store } = this.#scope.runtime
    const { stored } = store.admit(value)
    return () => (stored === undefined ? value : store.view(stored))
  }
}

function isAsking(options: Options): boolean {
  if (options === undefined || isDuration(options, 'getOrSet')) return false
  const given: { readonly [name in (typeof ASKING)[number]]?: unknown } = options
  return ASKING.some((name) => given[name] !== undefined && given[name] !== false)
}
