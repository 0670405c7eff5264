import { OptionsError } from './errors.ts'
import { inspect } from './inspect.ts'
import { wordsOf } from './thrown.ts'

/** Refuses what is no function. @throws OptionsError */
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

/** Returns a part of an object that a caller gave. @throws OptionsError if reading it throws. */
export function partOf(options: object, name: string, where: string): unknown {
  try {
    return Reflect.get(options, name)
  } catch (error) {
    throw unreadable(`${where}: ${name}`, error)
  }
}

/** The error for an argument that throws when it is read, with the thrown value as its cause. */
export function unreadable(argument: string, error: unknown): OptionsError {
  return new OptionsError(`${argument}: reading it threw ${wordsOf(error)}`, { cause: error })
}
