/** The removal of the entry of a key, in its turn. Returns whether it was visible. */
type Remove = (key: string) => Promise<boolean>

/**
 * A deletion by prefix in an engine of one's own, from its call to its end. A key that is used meanwhile is removed
 * before its use, because later calls come after the deletion.
 */
export class PrefixDeletion {
  readonly #prefix: string
  readonly #remove: Remove
  // A present entry of such a key is younger than the deletion.
  readonly #settled = new Set<string>()
  readonly #removals: Promise<boolean>[] = []

  constructor(prefix: string, remove: Remove) {
    this.#prefix = prefix
    this.#remove = remove
  }

  /** Begins to remove the entry of a key, if the deletion covers it and did not yet. */
  settle(key: string): void {
    if (!key.startsWith(this.#prefix) || this.#settled.has(key)) return
    this.#settled.add(key)
    const removal = this.#remove(key)
    // The failure is that of the deletion, and it is thrown at its end.
    removal.catch(() => undefined)
    this.#removals.push(removal)
  }

  /** Removes the entries of these keys, and returns the number of all visible ones. @throws the first failure. */
  async run(keys: Iterable<string>): Promise<number> {
    for (const key of keys) this.settle(key)
    const removed = await Promise.all(this.#removals)
    return removed.filter(Boolean).length
  }
}
