/** A tag whose invalidation the server has not acknowledged. */
export interface QueuedTag {
  readonly tag: string
  /** Decides here until it is: only entries whose loads began here since have it. */
  generation: string
}

/**
 * Tags whose invalidation failed or timed out, each with a generation of its own: until the server has acknowledged
 * it, this node takes what the server's record says for old.
 */
export class TagQueue {
  readonly #items = new Map<string, QueuedTag>()
  readonly #limit: number
  readonly #draw: () => string

  /** `limit` is the most tags it holds; `draw` makes a generation that no tag has had. */
  constructor(limit: number, draw: () => string) {
    this.#limit = limit
    this.#draw = draw
  }

  /** Queues a tag, or queues it anew: an acknowledgement of what was sent before does not count for it. */
  add(tag: string): boolean {
    if (!this.#items.has(tag) && this.#items.size >= this.#limit) return false
    this.#items.set(tag, { tag, generation: this.#draw() })
    return true
  }

  get(tag: string): QueuedTag | undefined {
    return this.#items.get(tag)
  }

  /**
   * More has become known of the tag, or (`undefined`) may have been missed of any: entries that were loaded here
   * since it was queued may be older than that.
   */
  renew(tag: string | undefined): void {
    const items = tag === undefined ? this.#items.values() : [this.#items.get(tag)]
    for (const item of items) if (item !== undefined) item.generation = this.#draw()
  }

  /** The server has executed what was sent for this item: it goes, unless the tag was queued anew meanwhile. */
  acknowledge(item: QueuedTag | undefined): void {
    if (item !== undefined && this.#items.get(item.tag) === item) this.#items.delete(item.tag)
  }

  /** What is queued, oldest first. */
  items(): readonly QueuedTag[] {
    return [...this.#items.values()]
  }

  get size(): number {
    return this.#items.size
  }
}
