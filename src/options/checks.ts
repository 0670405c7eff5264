import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
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
