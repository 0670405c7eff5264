import { BaseCache } from '../cache/base-cache.ts'
import type { Slot } from '../in-process/primitives.ts'
import { systemClock, systemRandom } from '../core/time/system.ts'
import { LocalAtomicStore } from '../in-process/local-atomic-store.ts'
import { isList } from '../internal/objects.ts'
import { storeFrom } from '../cache/store-from.ts'
import {
  CACHE_OPTIONS,
  checkCacheOptions,
  checkOptions,
  timersFor,
  type CacheOptions,
  type NamespaceOptions,
} from '../options/options.ts'

/** The methods that a {@link MockCache} records. */
export type MockedMethod =
  | 'get'
  | 'getMany'
  | 'set'
  | 'setMany'
  | 'delete'
  | 'deleteMany'
  | 'invalidate'
  | 'invalidateTag'
  | 'take'
  | 'has'
  | 'ttl'
  | 'expire'
  | 'increment'
  | 'decrement'
  | 'getOrSet'
  | 'getOrSetMany'
  | 'refresh'
  | 'warm'
  | 'deleteByPrefix'
  | 'clear'

const METHODS: readonly MockedMethod[] = [
  'get',
  'getMany',
  'set',
  'setMany',
  'delete',
  'deleteMany',
  'invalidate',
  'invalidateTag',
  'take',
  'has',
  'ttl',
  'expire',
  'increment',
  'decrement',
  'getOrSet',
  'getOrSetMany',
  'refresh',
  'warm',
  'deleteByPrefix',
  'clear',
]

/** One recorded call. */
export interface MockCall {
  /** The method that was called. */
  readonly method: MockedMethod
  /** The arguments of the call. */
  readonly args: readonly unknown[]
  /** The namespace of the call, such as `user`; `''` for the cache itself. */
  readonly namespace: string
}

interface Plan {
  readonly method: MockedMethod
  readonly key: string | undefined
  readonly act: () => unknown
}

/**
 * A cache for unit tests of code that uses one: it works (in memory, with limits and locks), records each
 * call, of namespaces too, and answers or fails as told.
 *
 * ```ts no-check
 * const cache = new MockCache()
 * cache.answer('get', 'user:1', { id: 1 })
 * cache.fail('set', new Error('full'))
 * ```
 */
export class MockCache<V = unknown> extends BaseCache<V> {
  /** All calls so far, in order. */
  readonly calls: MockCall[] = []
  readonly #plans: Plan[] = []

  /** @throws OptionsError, KeyError for wrong options. */
  constructor(options: CacheOptions = {}) {
    checkOptions(options, CACHE_OPTIONS, 'MockCache')
    checkCacheOptions(options)
    const { clock = systemClock, random = systemRandom, logger } = options
    const atomic = new LocalAtomicStore({ clock, timers: timersFor(options), random, logger })
    const slots = new Map<string, Slot>()
    const primitives = {
      read: (key: string) => slots.get(key),
      write: (key: string, slot: Slot) => slots.set(key, slot),
      remove: (key: string) => slots.delete(key),
      keys: () => slots.keys(),
      close: () => atomic.close(),
    }
    super(Object.assign(storeFrom(primitives, { clock }), { atomic }), options)
    this.#mock(this as BaseCache as BaseCache<never>, '')
  }

  /** Returns the recorded calls of one method. */
  callsOf(method: MockedMethod): readonly MockCall[] {
    return this.calls.filter((call) => call.method === method)
  }

  /** Makes `method` resolve with `value` from now on, for that key (as the caller gives it) or for all keys. */
  answer(
    method: MockedMethod,
    ...plan: readonly [value: unknown] | readonly [key: string, value: unknown]
  ): this {
    const [key, value] = plan.length === 1 ? [undefined, plan[0]] : plan
    this.#plans.unshift({ method, key, act: () => value })
    return this
  }

  /** Makes `method` reject with `error` from now on, for that key or for all keys. */
  fail(
    method: MockedMethod,
    ...plan: readonly [error: unknown] | readonly [key: string, error: unknown]
  ): this {
    const [key, error] = plan.length === 1 ? [undefined, plan[0]] : plan
    const act = (): never => {
      throw error
    }
    this.#plans.unshift({ method, key, act })
    return this
  }

  /** Forgets the recorded calls and the planned answers. Stored entries stay. */
  reset(): void {
    this.calls.length = 0
    this.#plans.length = 0
  }

  // Own properties hide the methods, so that the contract and its types stay in one place.
  #mock(cache: BaseCache<never>, namespace: string): void {
    for (const method of METHODS) {
      const original = cache[method] as (...args: unknown[]) => unknown
      const mocked = async (...args: unknown[]): Promise<unknown> => {
        this.calls.push({ method, args, namespace })
        const plan = this.#plans.find((one) => one.method === method && isFor(one.key, args[0]))
        return plan === undefined ? original.apply(cache, args) : plan.act()
      }
      Object.defineProperty(cache, method, { value: mocked })
    }
    const original = cache.namespace
    const mocked = (name: string, options?: NamespaceOptions): BaseCache<never> => {
      const view = original.call<BaseCache<never>, [string, NamespaceOptions | undefined], BaseCache<never>>(
        cache,
        name,
        options,
      )
      this.#mock(view, namespace === '' ? name : `${namespace}:${name}`)
      return view
    }
    Object.defineProperty(cache, 'namespace', { value: mocked })
  }
}

// Whether a plan for a key is for a call whose first argument is a key, or a list of keys.
function isFor(key: string | undefined, given: unknown): boolean {
  return key === undefined || key === given || (isList(given) && given.includes(key))
}
