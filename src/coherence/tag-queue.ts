/** A tag whose invalidation the server has not acknowledged. */
export interface QueuedTag {
  readonly tag: string
  /** Whether what has grace is to become stale rather than to be gone. */
  readonly keepStale: boolean
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
  readonly #changed: () => void

  /** `limit` is the most tags it holds; `draw` makes a generation that no tag has had; `changed` hears of each change. */
  constructor(limit: number, draw: () => string, changed: () => void) {
    this.#limit = limit
    this.#draw = draw
    this.#changed = changed
  }

  /**
   * Queues a tag, or queues it anew: an acknowledgement of what was sent before does not count for it. `known` is a
   * generation that it had: with `keepStale`, what bears that is stale here, not gone.
   */
  add(tag: string, keepStale = false, known?: string): boolean {
    const before = this.#items.get(tag)
    if (before === undefined && this.#items.size >= this.#limit) return false
    const isSoft = keepStale && before?.keepStale !== false
    const drawn = this.#draw()
    const generation = isSoft && known !== undefined ? known.slice(0, 16) + drawn.slice(0, 8) : drawn
    this.#items.set(tag, { tag, keepStale: isSoft, generation })
    this.#changed()
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
    this.#changed()
  }

  /** The server has executed what was sent for this item: it goes, unless the tag was queued anew meanwhile. */
  acknowledge(item: QueuedTag | undefined): void {
    if (item === undefined || this.#items.get(item.tag) !== item) return
    this.#items.delete(item.tag)
    this.#changed()
  }

  /** What is queued, oldest first. */
  items(): readonly QueuedTag[] {
    return [...this.#items.values()]
  }

  get size(): number {
    return this.#items.size
  }
}
