import { SerializationError } from '../core/errors.ts'
import { copyKind } from './copy-kind.ts'
import { isContainer, type Kind } from '../internal/kinds.ts'
import type { Step } from './json/path.ts'
import { setOwn } from './json/properties.ts'
import {
  refusedCount,
  refusedCycle,
  refusedDepth,
  refusedLength,
  refusedPrimitive,
  refusedThrow,
} from './refusal.ts'
import type { RegisteredClass } from './json/registry.ts'
import { resolve } from './resolve.ts'
import { isLongBigInt, maxBigIntDigits, maxRegExpLength, type ValueRules } from './json/rules.ts'

/** The data of a registered class, kept in the place of its instance: each reader gets an instance of its own. */
export class EncodedInstance {
  readonly registered: RegisteredClass
  readonly data: unknown

  constructor(registered: RegisteredClass, data: unknown) {
    this.registered = registered
    this.data = data
  }
}

/** Stands for an object whose data are being taken. If it is met again inside them, there is a circle. */
const inProgress: object = Object.freeze({})

/** A private deep copy of one value. */
export interface PrivateCopy {
  readonly value: unknown
  /** Whether an object occurs in it twice, or inside itself. */
  readonly linked: boolean
}

/** Makes the private copy that a store keeps, or throws a {@link SerializationError} that names the part in the way. */
export function privateCopy(value: unknown, rules: ValueRules): PrivateCopy {
  const walk = new AdmissionWalk(rules)
  try {
    const copy = walk.any(value)
    return { value: copy, linked: walk.linked }
  } catch (error) {
    if (error instanceof SerializationError) throw error
    throw error instanceof RangeError ? refusedDepth(rules, walk.steps) : refusedThrow(error, walk.steps)
  }
}

class AdmissionWalk {
  linked = false
  readonly steps: Step[] = []
  readonly #rules: ValueRules
  readonly #seen = new Map<object, object>()
  #count = 0

  constructor(rules: ValueRules) {
    this.#rules = rules
  }

  any(value: unknown): unknown {
    switch (typeof value) {
      case 'object':
        return value === null ? null : this.#object(value)
      case 'function':
      case 'symbol':
        throw refusedPrimitive(value, this.steps)
      case 'bigint':
        if (isLongBigInt(value)) {
          throw refusedLength('bigint', maxBigIntDigits, 'hexadecimal digits', this.steps)
        }
        return value
      default:
        return value
    }
  }

  #part(value: unknown, step: Step): unknown {
    this.steps.push(step)
    const copy = this.any(value)
    this.steps.pop()
    return copy
  }

  #object(value: object): unknown {
    const before = this.#seen.get(value)
    if (before !== undefined) {
      if (before === inProgress) throw refusedCycle(value, this.steps)
      this.linked = true
      return before
    }
    if (this.steps.length > this.#rules.maxDepth) throw refusedDepth(this.#rules, this.steps)
    const resolution = resolve(value, this.#rules, this.steps)
    switch (resolution.as) {
      case 'instance':
        return this.#instance(value, resolution.registered)
      case 'to-json': {
        this.#seen.set(value, inProgress)
        const plain = this.#part(resolution.toJSON(), ['.toJSON()'])
        if (typeof plain === 'object' && plain !== null) this.#seen.set(value, plain)
        else this.#seen.delete(value)
        return plain
      }
      default:
        return this.#kind(value, resolution.as)
    }
  }

  #instance(value: object, registered: RegisteredClass): EncodedInstance {
    this.#seen.set(value, inProgress)
    const encoded = new EncodedInstance(registered, this.#part(registered.encode(value), ['.encode()']))
    this.#seen.set(value, encoded)
    return encoded
  }

  // Containers enter `seen` before their parts are copied, so that a circle leads back to the copy.
  #kind(value: object, kind: Kind): object {
    if (this.steps.length === this.#rules.maxDepth && isContainer(kind))
      throw refusedDepth(this.#rules, this.steps)
    if (kind === 'object') return this.#plain(value)
    if (kind === 'array') return this.#array(value as unknown[])
    this.#add(partsOf(value, kind))
    if (kind === 'regexp' && (value as RegExp).source.length > maxRegExpLength) {
      throw refusedLength('RegExp', maxRegExpLength, 'characters', this.steps)
    }
    return copyKind(
      value,
      kind,
      (part, step) => this.#part(part, step),
      (copy) => this.#seen.set(value, copy),
    )
  }

  #add(parts: number): void {
    this.#count += parts
    if (this.#count > this.#rules.maxCount) throw refusedCount(this.#rules, this.steps)
  }

  // Objects that the engine treats as dictionaries are ten times dearer to copy for every reader. Appending many
  // properties makes one, while a spread does not. It also reads each getter once.
  #plain(value: object): object {
    const names = Object.keys(value)
    this.#add(names.length)
    let copy = { ...value } as Record<string, unknown>
    if (names.some((name) => copy[name] === undefined) || Object.getOwnPropertySymbols(copy).length > 0) {
      const defined = {}
      for (const name of names) if (copy[name] !== undefined) setOwn(defined, name, copy[name])
      copy = { ...defined }
    }
    this.#seen.set(value, copy)
    for (const name of Object.keys(copy)) {
      const part = copy[name]
      if (typeof part === 'string' || typeof part === 'number') continue
      const kept = this.#part(part, name)
      // Only a toJSON() that answers undefined gets here.
      if (kept === undefined) delete copy[name]
      else if (kept !== part) copy[name] = kept
    }
    return copy
  }

  #array(value: readonly unknown[]): object {
    this.#add(value.length)
    // The array is grown by appending, so that the engine stores one without holes in the form that it likes best.
    const copy: unknown[] = []
    this.#seen.set(value, copy)
    for (let index = 0; index < value.length; index++) {
      const part = value[index]
      if (typeof part === 'string' || typeof part === 'number') copy[index] = part
      else if (part !== undefined || index in value) copy[index] = this.#part(part, index)
    }
    copy.length = value.length
    return copy
  }
}

function partsOf(value: object, kind: Kind): number {
  switch (kind) {
    case 'map':
      return 2 * (value as Map<unknown, unknown>).size
    case 'set':
      return (value as Set<unknown>).size
    case 'error':
      return Object.keys(value).length + 1
    case 'null-object':
      return Object.keys(value).length
    default:
      return 0
  }
}
