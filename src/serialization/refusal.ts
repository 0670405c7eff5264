import { SerializationError } from '../core/errors.ts'
import { wordsOf } from '../core/thrown.ts'
import { nameOf } from '../internal/objects.ts'
import { formatPath, type Step } from './path.ts'
import type { ValueRules } from './rules.ts'

/** The error for a part of a value that can't be stored, with the reason in words. */
export function refusal(steps: readonly Step[], kind: string, why: string): SerializationError {
  const path = formatPath(steps)
  return new SerializationError(`${path}: ${why}`, { path, kind })
}

/** A function or a symbol: primitives that are no data. */
export function refusedPrimitive(value: unknown, steps: readonly Step[]): SerializationError {
  const kind = typeof value
  return refusal(steps, kind, `a ${kind} can't be stored`)
}

/** A BigInt or the source of a RegExp that is longer than what readers accept. */
export function refusedLength(
  kind: string,
  limit: number,
  unit: string,
  steps: readonly Step[],
): SerializationError {
  return refusal(steps, kind, `a ${kind} of more than ${limit} ${unit} can't be stored`)
}

/** Containers inside one another beyond the limit, or more of them than the stack holds. */
export function refusedDepth(rules: ValueRules, steps: readonly Step[]): SerializationError {
  return refusal(steps, 'depth', `nested deeper than ${rules.maxDepth} levels (option maxDepth)`)
}

/** More parts than the limit. */
export function refusedCount(rules: ValueRules, steps: readonly Step[]): SerializationError {
  return refusal(steps, 'count', `the value has more than ${rules.maxCount} parts (option maxCount)`)
}

/** An instance of a class that is not registered. */
export function refusedClass(value: object, steps: readonly Step[]): SerializationError {
  const name = nameOf(value)
  return refusal(
    steps,
    name,
    `an instance of ${name} can't be stored; register(${name}, { encode, decode }) keeps the class, ` +
      `classes: 'plain' stores its data alone`,
  )
}

/** What holds no data that could be read: a promise, a stream, a proxy, an object with private state only. */
export function refusedOpaque(value: object, steps: readonly Step[]): SerializationError {
  const name = nameOf(value)
  return refusal(steps, name, `a ${name} holds no data that can be stored`)
}

/** A getter, `toJSON` or `encode` of the value threw, or the engine could not read it. */
export function refusedThrow(thrown: unknown, steps: readonly Step[]): SerializationError {
  return refusal(steps, 'throws', `reading it threw ${wordsOf(thrown)}`)
}

/** A registered class, or a `toJSON`, whose data lead back to the instance itself. */
export function refusedCycle(value: object, steps: readonly Step[]): SerializationError {
  const name = nameOf(value)
  return refusal(steps, name, `the data of this ${name} contain the ${name} itself`)
}
