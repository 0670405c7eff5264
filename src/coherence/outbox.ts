/** An invalidation that the server has not acknowledged. */
export interface Pending {
  readonly key: string
}

/**
 * Keys whose invalidation failed or timed out: until the server has acknowledged it, this node takes the server's
 * entry of the key for none. It holds no values.
 */
export class Outbox {
  readonly #pending = new Map<string, Pending>()
  readonly #limit: number
  #dropped = 0

  /** `limit` is the most keys it holds; beyond it the oldest is dropped and counted. */
  constructor(limit: number) {
    this.#limit = limit
  }

  has(key: string): boolean {
    return this.#pending.size > 0 && this.#pending.has(key)
  }

  /** Queues a key, or queues it anew: an acknowledgement of what was sent before does not count for it. */
  add(key: string): void {
    this.#pending.delete(key)
    if (this.#pending.size >= this.#limit) {
      this.#pending.delete(this.#pending.keys().next().value!)
      this.#dropped++
    }
    this.#pending.set(key, { key })
  }

  /** What is queued for the key at the moment, to be acknowledged later. */
  current(key: string): Pending | undefined {
    return this.#pending.get(key)
  }

  /** The server has executed what was sent for this item: it goes, unless the key was queued anew meanwhile. */
  acknowledge(item: Pending | undefined): void {
    if (item !== undefined && this.#pending.get(item.key) === item) this.#pending.delete(item.key)
  }

  /** What is queued, oldest first. */
  items(): readonly Pending[] {
    return [...this.#pending.values()]
  }

  get size(): number {
    return this.#pending.size
  }

  /** Keys dropped because there was no room. */
  get dropped(): number {
    return this.#dropped
  }
}
