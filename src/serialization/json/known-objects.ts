import { CHECKED_OBJECTS, elementsOf, hasGetters } from '../getters.ts'
import { errorPartNames, takeErrorApart, type ErrorParts } from './error-parts.ts'
import type { Looked } from './exact-json.ts'
import { setOwn } from './properties.ts'

/** An error apart, with its own properties. */
export type ErrorData = ErrorParts & { readonly own: object }

/** The findings of the first pass of a writer for the second, so that both passes see the same. */
export class KnownObjects {
  /** Objects that occur more than once, or inside themselves. */
  readonly repeated: Set<object> = new Set()
  // Data of instances and errors.
  readonly #data = new Map<object, unknown>()
  // The copies of objects that were read, so that no getter is read again.
  readonly #looked: Looked
  // Whether there are getters, so that each object is read only once.
  #hasGetters = false
  // The number of objects that are still looked at for getters.
  #checksLeft = CHECKED_OBJECTS

  /** Objects that were `looked` at before are not read again. */
  constructor(looked: Looked | undefined) {
    // An empty one is shared by all values.
    this.#looked = looked === undefined || looked.size === 0 ? new Map() : looked
  }

  /** Returns the object, or a copy of it once getters have been found in the value. */
  read<T extends object>(value: T): T {
    const before = this.#looked.size === 0 ? undefined : this.#looked.get(value)
    if (before !== undefined) return before as T
    if (!this.#hasGetters) {
      if (this.#checksLeft === 0) return value
      this.#checksLeft--
      if (!hasGetters(value)) return value
      this.#hasGetters = true
    }
    const copy = Array.isArray(value) ? elementsOf(value) : { ...value }
    this.#looked.set(value, copy)
    return copy as T
  }

  /** Returns the data of an instance, which are made once. */
  dataOf(value: object, make: () => unknown): unknown {
    if (!this.#data.has(value)) this.#data.set(value, make())
    return this.#data.get(value)
  }

  /** Returns the parts of an error, which are taken once. */
  errorParts(value: Error): ErrorData {
    const take = (): ErrorData => {
      const own = {}
      for (const name of Object.keys(value)) {
        if (!errorPartNames.has(name)) setOwn(own, name, (value as unknown as Record<string, unknown>)[name])
      }
      return { ...takeErrorApart(value), own }
    }
    return this.dataOf(value, take) as ErrorData
  }
}
