import { OptionsError } from './errors.ts'
import { inspect } from './inspect.ts'

/** Refuses what is no function. @throws OptionsError */
export function checkFunction(value: unknown, option: string): void {
  if (typeof value === 'function') return
  throw new OptionsError(`${option}: ${inspect(value)} is not a function`)
}

/** Refuses an object that lacks a method. @throws OptionsError */
export function checkMethods(value: unknown, methods: readonly string[], option: string): void {
  const missing = methods.filter(
    (name) => typeof (value as Record<string, unknown> | null)?.[name] !== 'function',
  )
  if (missing.length === 0) return
  throw new OptionsError(
    `${option}: ${inspect(value)} has no ${missing.map((name) => `${name}()`).join(', ')}`,
  )
}
