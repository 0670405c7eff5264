/**
 * A map that mostly holds one entry for a moment. A single entry costs no insertion into a table and no removal from
 * it. Both are dear in a `Map`, which shrinks again each time. Values are never `undefined`.
 */
export class SingleOrMap<K, V extends object> {
  // One entry is here even if there are others, because entries do not move.
  #key: K | undefined = undefined
  #value: V | undefined = undefined
  readonly #others = new Map<K, V>()

  get size(): number {
    return this.#others.size + (this.#value === undefined ? 0 : 1)
  }

  get(key: K): V | undefined {
    if (this.#value !== undefined && key === this.#key) return this.#value
    return this.#others.size > 0 ? this.#others.get(key) : undefined
  }

  set(key: K, value: V): void {
    if (this.#value === undefined ? this.#others.has(key) : key !== this.#key) this.#others.set(key, value)
    else {
      this.#key = key
      this.#value = value
    }
  }

  delete(key: K): void {
    if (key === this.#key) this.#key = this.#value = undefined
    else if (this.#others.size > 0) this.#others.delete(key)
  }

  /** Returns the keys of this moment, in no particular order. */
  keys(): K[] {
    const keys = [...this.#others.keys()]
    if (this.#value !== undefined) keys.push(this.#key!)
    return keys
  }
}
