import { Inject, type InjectionToken } from '@nestjs/common'
import type { BaseCache } from '../../cache/base-cache.ts'
import { checkReadable } from '../../options/checks.ts'
import type { Decorate } from '../../memoize/method.ts'
import { cacheToken } from './tokens.ts'

/** The cache that a decorated method uses. */
export interface UsedCache {
  /** The name of the cache, as of `@InjectCache`; default: the one for which `BaseCache` is the token. */
  readonly cache?: string | undefined
}

// The caches of the applications that run, for objects that Nest injects nothing into. The last one counts.
const running = new Map<InjectionToken, BaseCache[]>()

/** Notes the cache of an application, and returns the function that ends that. */
export function noteRunning(token: InjectionToken, cache: BaseCache): () => void {
  running.set(token, [...(running.get(token) ?? []), cache])
  return () => {
    const others = running.get(token)!
    others.splice(others.lastIndexOf(cache), 1)
  }
}

/**
 * Makes a decorator of methods of Nest's objects. Nest injects the cache that the option `cache` names into each object
 * of the class. An object that Nest has not made takes that of the running application; without any it has none.
 * @throws OptionsError for wrong options.
 */
export function injecting(
  where: string,
  options: unknown,
  make: (
    rest: Readonly<Record<string, unknown>>,
    cacheOf: (self: unknown) => BaseCache | undefined,
  ) => Decorate,
): Decorate {
  checkReadable(options, where)
  const { cache: name, ...rest } = options as { readonly cache?: string }
  const token = cacheToken(name)
  const property = Symbol.for(`cachette cache${name === undefined ? '' : ` ${name}`}`)
  const decorate = make(rest, (self) => {
    const injected: unknown = Object(self) === self ? Reflect.get(self as object, property) : undefined
    return (injected as BaseCache | undefined) ?? running.get(token)?.at(-1)
  })
  return (target, method, descriptor) => {
    const decorated = decorate(target, method, descriptor)
    const isOfObjects = typeof target === 'object' && target !== null && descriptor !== undefined
    if (isOfObjects && !injects.has(target, property)) injects.note(target, property, token)
    return decorated
  }
}

/** The classes whose objects are injected into, by prototype. */
const injects = {
  known: new WeakMap<object, Set<symbol>>(),
  has(target: object, property: symbol): boolean {
    return this.known.get(target)?.has(property) === true
  },
  note(target: object, property: symbol, token: InjectionToken): void {
    this.known.set(target, (this.known.get(target) ?? new Set()).add(property))
    Inject(token)(target, property)
  },
}
