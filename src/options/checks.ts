import { isCacheError, OptionsError } from '../core/errors.ts'
import { isRecord } from '../internal/objects.ts'
import { inspect } from '../core/logging/inspect.ts'
import type { AtomicStore } from '../core/atomic-store.ts'
import { wordsOf } from '../core/logging/thrown.ts'

/** Refuses a value that is not a function. @throws OptionsError */
export function checkFunction(value: unknown, option: string): void {
  if (typeof value === 'function') return
  throw new OptionsError(`${option}: ${inspect(value)} is not a function`)
}

/** Refuses an object that lacks a method. @throws OptionsError */
export function checkMethods(value: unknown, methods: readonly string[], option: string): void {
  const parts: unknown = value ?? {}
  const missing = methods.filter(
    (name) => typeof partOf(Object(parts) as object, name, option) !== 'function',
  )
  if (missing.length === 0) return
  throw new OptionsError(
    `${option}: ${inspect(value)} has no ${missing.map((name) => `${name}()`).join(', ')}`,
  )
}

/**
 * Refuses anything but an object of options, all of which can be read. From then on they may be read in any way.
 * @throws OptionsError
 */
export function checkReadable(options: unknown, where: string): asserts options is object {
  if (!isRecord(options))
    throw new OptionsError(`${where}: the options must be an object, not ${inspect(options)}`)
  reading(`${where}: the options`, () => {
    for (const name in options) partOf(options, name, where)
  })
}

/** Returns the result of code that reads a caller's argument. @throws OptionsError if that throws. */
export function reading<T>(argument: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw isCacheError(error) ? error : unreadable(argument, error)
  }
}

/** Returns the store of limits and locks of a cache, or `undefined`. @throws OptionsError if asking for it throws. */
export function atomicOf(cache: unknown, where: string): AtomicStore | undefined {
  return reading(`${where}: cache`, () => (cache as { atomic?: AtomicStore } | null | undefined)?.atomic)
}

/** Returns a property of a caller's object. @throws OptionsError if reading it throws. */
export function partOf(options: object, name: string, where: string): unknown {
  try {
    return Reflect.get(options, name)
  } catch (error) {
    throw unreadable(`${where}: ${name}`, error)
  }
}

/** Returns the error for an argument that throws when it is read, with the thrown value as its cause. */
export function unreadable(argument: string, error: unknown): OptionsError {
  return new OptionsError(`${argument}: reading it threw ${wordsOf(error)}`, { cause: error })
}
