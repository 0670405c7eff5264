const FIRST_SWEEP = 64

/**
 * A small map whose items end at a time of their own. It has no timer: it frees ended items when one is read and when
 * it has doubled. The oldest item makes room if there are more than `most`.
 */
export class ExpiringMap<V> {
  readonly #most: number
  readonly #items = new Map<string, { readonly value: V; readonly untilMs: number }>()
  #sweepAt = FIRST_SWEEP

  constructor(most: number = 10_000) {
    this.#most = most
  }

  /** The number of items, including ended ones that were not noticed yet. */
  get size(): number {
    return this.#items.size
  }

  /** Keeps `value` until `untilMs`. */
  set(key: string, value: V, untilMs: number, nowMs: number): void {
    this.#items.delete(key)
    this.#items.set(key, { value, untilMs })
    if (this.#items.size > this.#most) this.#items.delete(this.#items.keys().next().value!)
    if (this.#items.size < this.#sweepAt) return
    for (const [each, item] of this.#items) if (item.untilMs <= nowMs) this.#items.delete(each)
    this.#sweepAt = Math.max(FIRST_SWEEP, this.#items.size * 2)
  }

  /** Returns the value of a key unless it has ended. */
  get(key: string, nowMs: number): V | undefined {
    const item = this.#items.get(key)
    if (item === undefined || item.untilMs > nowMs) return item?.value
    this.#items.delete(key)
    return undefined
  }

  /** Forgets a key. */
  delete(key: string): void {
    this.#items.delete(key)
  }

  /** Forgets every key that begins with `prefix`. */
  deletePrefix(prefix: string): void {
    for (const key of this.#items.keys()) if (key.startsWith(prefix)) this.#items.delete(key)
  }
}
