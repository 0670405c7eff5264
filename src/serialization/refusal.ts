import { SerializationError } from '../core/errors.ts'
import { wordsOf } from '../core/logging/thrown.ts'
import { nameOf } from '../internal/objects.ts'
import { formatPath, type Step } from './json/path.ts'
import type { ValueRules } from './json/rules.ts'

/** Makes the error for a part of a value that can't be stored, with the reason in words. */
export function refusal(steps: readonly Step[], kind: string, why: string): SerializationError {
  const path = formatPath(steps)
  return new SerializationError(`${path}: ${why}`, { path, kind })
}

/** Makes the error for a function or a symbol, which are primitives but no data. */
export function refusedPrimitive(value: unknown, steps: readonly Step[]): SerializationError {
  const kind = typeof value
  return refusal(steps, kind, `a ${kind} can't be stored`)
}

/** Makes the error for a BigInt or the source of a RegExp that is longer than readers accept. */
export function refusedLength(
  kind: string,
  limit: number,
  unit: string,
  steps: readonly Step[],
): SerializationError {
  return refusal(steps, kind, `a ${kind} of more than ${limit} ${unit} can't be stored`)
}

/** Makes the error for containers nested beyond the limit, or beyond the stack. */
export function refusedDepth(rules: ValueRules, steps: readonly Step[]): SerializationError {
  return refusal(steps, 'depth', `nested deeper than ${rules.maxDepth} levels (option maxDepth)`)
}

/** Makes the error for more parts than the limit. */
export function refusedCount(rules: ValueRules, steps: readonly Step[]): SerializationError {
  return refusal(steps, 'count', `the value has more than ${rules.maxCount} parts (option maxCount)`)
}

/** Makes the error for an instance of a class that is not registered. */
export function refusedClass(value: object, steps: readonly Step[]): SerializationError {
  const name = nameOf(value)
  return refusal(
    steps,
    name,
    `an instance of ${name} can't be stored; register(${name}, { encode, decode }) keeps the class, ` +
      `classes: 'plain' stores its data alone`,
  )
}

/** Makes the error for an object without readable data: a promise, a stream, a proxy, one with private state only. */
export function refusedOpaque(value: object, steps: readonly Step[]): SerializationError {
  const name = nameOf(value)
  return refusal(steps, name, `a ${name} holds no data that can be stored`)
}

/** Makes the error for a getter, `toJSON` or `encode` that threw, or for a value that the engine could not read. */
export function refusedThrow(thrown: unknown, steps: readonly Step[]): SerializationError {
  return refusal(steps, 'throws', `reading it threw ${wordsOf(thrown)}`)
}

/** Makes the error for a registered class or a `toJSON` whose data lead back to the instance itself. */
export function refusedCycle(value: object, steps: readonly Step[]): SerializationError {
  const name = nameOf(value)
  return refusal(steps, name, `the data of this ${name} contain the ${name} itself`)
}
