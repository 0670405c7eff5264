import { SerializationError } from '../core/errors.ts'
import type { Stored } from '../core/store.ts'
import { EncodedInstance, privateCopy } from './admit.ts'
import { copyKind, type CopyPart } from './copy-kind.ts'
import { kindOf } from '../internal/kinds.ts'
import { isPristine } from './json/properties.ts'
import { defaultRules, type ValueRules } from './json/rules.ts'

/** The stored form of a value, or the reason why it can't have one. */
export type Admission =
  | { readonly stored: Stored; readonly refused?: never }
  | { readonly refused: SerializationError; readonly stored?: never }

/**
 * The stored form of a value in which objects occur twice or in circles, or whose root is `undefined` or an instance of
 * a registered class. Every other value is stored as its private copy.
 */
class Linked {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }
}

/**
 * Makes the stored form of a value for the memory engine. It is a private deep copy, so that readers see no later
 * change by the caller. It keeps, drops and refuses exactly the same as the wire format.
 *
 * Properties whose value is `undefined`, symbol keys, properties that are not enumerable, and extra properties of
 * arrays, dates and collections are no data and are dropped. Getters are read once. It never throws.
 */
export function admit(value: unknown, rules: ValueRules = defaultRules): Admission {
  try {
    const copy = privateCopy(value, rules)
    const linked = copy.linked || copy.value === undefined || copy.value instanceof EncodedInstance
    // The brand says that only this module takes the stored form apart again.
    return { stored: (linked ? new Linked(copy.value) : copy.value) as Stored }
  } catch (error) {
    if (error instanceof SerializationError) return { refused: error }
    throw error
  }
}

/**
 * Returns a reader's own copy of an admitted value. Primitives are returned as they are. It throws only errors of the
 * `decode` of a registered class.
 */
export function copy(stored: Stored): unknown {
  const value: unknown = stored
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Linked) return copyLinked(value.value, new Map())
  return isPristine() ? copyTree(value) : copyLinked(value, new Map())
}

/**
 * Freezes an admitted value in depth, for `isolation: 'freeze'`. `true` = {@link reveal} may be handed to every reader.
 * `false` = a part of the value can't be frozen (a Date, Map, Set, buffer, registered class ...), so each reader needs
 * a {@link copy}.
 */
export function freeze(stored: Stored): boolean {
  const value = reveal(stored)
  return freezeParts(value)
}

/** Returns the admitted value itself without a copy, for readers of a frozen one. */
export function reveal(stored: Stored): unknown {
  const value: unknown = stored
  return value instanceof Linked ? value.value : value
}

function freezeParts(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return true
  if (!Array.isArray(value)) {
    const kind = kindOf(value)
    if (kind !== 'object' && kind !== 'null-object') return false
  }
  // The object is frozen before its parts, so that a circle ends here.
  Object.freeze(value)
  for (const part of Object.values(value)) {
    if (!freezeParts(part)) return false
  }
  return true
}

// The hot path. A stored value is ours: objects of Object.prototype, arrays, and a few kinds that are rarer.

function copyTree(value: object): object {
  if (Array.isArray(value)) {
    // slice() is one block copy that keeps holes. Only parts that are objects are visited again.
    const copy = value.slice() as unknown[]
    for (let index = 0; index < copy.length; index++) {
      const part = copy[index]
      if (typeof part === 'object' && part !== null) copy[index] = copyTree(part)
    }
    return copy
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Date.prototype) return new Date((value as Date).getTime())
  if (prototype !== Object.prototype) return copyOther(value, copyAny, forget)
  // The spread defines an own property even for `__proto__`, so the assignment below reaches that property.
  const copy = { ...value } as Record<string, unknown>
  for (const name in copy) {
    const part = copy[name]
    if (typeof part === 'object' && part !== null) copy[name] = copyTree(part)
  }
  return copy
}

function copyAny(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? copyTree(value) : value
}

function copyLinked(value: unknown, copies: Map<object, object>): unknown {
  if (typeof value !== 'object' || value === null) return value
  const before = copies.get(value)
  if (before !== undefined) return before
  if (Array.isArray(value)) {
    const copy = value.slice() as unknown[]
    copies.set(value, copy)
    for (let index = 0; index < copy.length; index++) {
      if (typeof copy[index] === 'object') copy[index] = copyLinked(copy[index], copies)
    }
    return copy
  }
  if (Object.getPrototypeOf(value) !== Object.prototype)
    return copyOther(
      value,
      (part) => copyLinked(part, copies),
      (copy) => copies.set(value, copy),
    )
  const copy = { ...value } as Record<string, unknown>
  copies.set(value, copy)
  for (const name of Object.keys(copy)) {
    if (typeof copy[name] === 'object') copy[name] = copyLinked(copy[name], copies)
  }
  return copy
}

function copyOther(value: object, copyPart: CopyPart, remember: (copy: object) => void): object {
  if (!(value instanceof EncodedInstance)) return copyKind(value, kindOf(value)!, copyPart, remember)
  const instance = value.registered.decode(copyPart(value.data, ['.encode()']))
  remember(instance)
  return instance
}

function forget(): void {}
