import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { checkMethods } from '../../options/checks.ts'
import { defaultRegistry, type TypeRegistry } from './registry.ts'

/** The rules for the values that a cache accepts. The memory engine and every serializer share them. */
export interface ValueOptions {
  /**
   * The treatment of an instance of a class that is not registered. `'refuse'`: the value is not stored, and the error
   * names class and path. `'plain'`: the answer of its `toJSON()`, else its own enumerable properties, are stored
   * instead, and every reader gets that plain form.
   *
   * @default 'refuse'
   */
  readonly classes?: 'refuse' | 'plain' | undefined
  /** The registry of the classes that come back as instances. @default the one of {@link register} */
  readonly registry?: TypeRegistry | undefined
  /** The number of containers that may lie inside one another. @default 500 */
  readonly maxDepth?: number | undefined
  /** The number of values (elements, properties, entries) in a value. @default 5,000,000 */
  readonly maxCount?: number | undefined
}

/** {@link ValueOptions} with every default filled in. */
export interface ValueRules {
  readonly classes: 'refuse' | 'plain'
  readonly registry: TypeRegistry
  readonly maxDepth: number
  readonly maxCount: number
}

/** The hexadecimal digits of the longest BigInt, because reading one must not cost more than its bytes announce. */
export const maxBigIntDigits = 65_536
// The number from which on a BigInt has more hexadecimal digits than that, with either sign.
const bigIntLimit = 1n << BigInt(4 * maxBigIntDigits)
/** The UTF-16 units of the longest source of a RegExp. */
export const maxRegExpLength = 10_000

/** Whether the number has more digits than readers accept. */
export function isLongBigInt(value: bigint): boolean {
  return value >= bigIntLimit || value <= -bigIntLimit
}

/** Returns the options over the defaults. Throws {@link OptionsError} for a wrong option. */
export function resolveRules(options: ValueOptions = {}): ValueRules {
  const { classes = 'refuse', registry = defaultRegistry, maxDepth = 500, maxCount = 5_000_000 } = options
  if (classes !== 'refuse' && classes !== 'plain') {
    throw new OptionsError(`classes must be 'refuse' or 'plain', not ${inspect(classes)}`)
  }
  checkMethods(registry, ['ofPrototype', 'named'], 'registry')
  return Object.freeze({
    classes,
    registry,
    maxDepth: wholeNumber('maxDepth', maxDepth),
    maxCount: wholeNumber('maxCount', maxCount),
  })
}

/** The rules of a cache that sets none. */
export const defaultRules: ValueRules = resolveRules()

function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new OptionsError(`${name} must be a positive whole number, not ${inspect(value)}`)
}
