const smallest = 12

/**
 * Tells whether an object was seen before in one walk. Most values have few objects, for which comparing them
 * is cheaper than a Set, and the Set is cheaper than a look-up and an insertion: one `add` does both.
 */
export class Repeats {
  readonly #first: object[] = []
  #rest: Set<object> | undefined

  /** Remembers the object; whether it was remembered already. */
  has(value: object): boolean {
    if (this.#rest !== undefined) {
      const before = this.#rest.size
      return this.#rest.add(value).size === before
    }
    const first = this.#first
    for (let index = 0; index < first.length; index++) if (first[index] === value) return true
    if (first.push(value) === smallest) this.#rest = new Set(first)
    return false
  }
}
