/**
 * Takes the first keys of a map or set, which the caller deletes. An iterator is kept, because the first key of a map
 * whose first keys were deleted takes long to find.
 */
export class Front<K> {
  readonly #of: Pick<ReadonlyMap<K, unknown>, 'size' | 'keys'>
  #rest: Iterator<K, unknown> | undefined

  constructor(of: Pick<ReadonlyMap<K, unknown>, 'size' | 'keys'>) {
    this.#of = of
  }

  /** Returns the first key that it has not returned yet; `undefined` = there is none. */
  take(): K | undefined {
    if (this.#of.size === 0) return undefined
    const next = this.#rest?.next()
    if (next !== undefined && next.done !== true) return next.value
    this.#rest = this.#of.keys()
    return this.#rest.next().value as K
  }

  /** Gives the iterator up. A kept one holds the memory of all that is deleted. */
  letGo(): void {
    this.#rest = undefined
  }
}
