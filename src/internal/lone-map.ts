/**
 * A map that mostly holds one entry for a moment: that one costs no insertion into a table, and no removal from it, which are
 * dear in a `Map` that shrinks again each time. Values are never `undefined`.
 */
export class LoneMap<K, V extends object> {
  // Beside the others, whatever their number: entries do not move.
  #key: K | undefined = undefined
  #value: V | undefined = undefined
  readonly #others = new Map<K, V>()

  get size(): number {
    return (this.#value === undefined ? 0 : 1) + this.#others.size
  }

  get(key: K): V | undefined {
    if (this.#value !== undefined && key === this.#key) return this.#value
    return this.#others.size === 0 ? undefined : this.#others.get(key)
  }

  set(key: K, value: V): void {
    const isHere = this.#value === undefined ? !this.#others.has(key) : key === this.#key
    if (isHere) {
      this.#key = key
      this.#value = value
    } else this.#others.set(key, value)
  }

  delete(key: K): void {
    if (key === this.#key) this.#key = this.#value = undefined
    else this.#others.delete(key)
  }

  /** The keys of this moment, in no particular order. */
  keys(): K[] {
    const others = [...this.#others.keys()]
    return this.#value === undefined ? others : [this.#key!, ...others]
  }
}
