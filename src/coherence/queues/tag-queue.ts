import type { Suspects } from './suspects.ts'

/** A tag whose invalidation the server has not acknowledged. */
export interface QueuedTag {
  readonly tag: string
  /** Whether an entry with grace becomes stale instead of gone. */
  readonly keepStale: boolean
  /** The time of the first invalidation that is queued. The grace of stale entries counts from it. */
  readonly sinceMs: number
  /** The generation that decides here until then. Only entries whose loads began here since it was queued have it. */
  generation: string
  /** The time until which it is not sent again, because the server has refused it. */
  restsUntilMs: number
}

/** The parts that a queue of tags uses. */
export interface TagQueueParts {
  /** The most tags that it lists. The rest is suspect. */
  readonly limit: number
  readonly suspects: Suspects
  /** The partition that has the records of tags. */
  readonly partition: string
  /** Makes a generation that no tag has had. */
  draw(): string
  now(): number
  /** Called at each change. */
  changed(): void
}

/**
 * Tags whose invalidation failed or timed out, each with a generation of its own. Until the server has acknowledged it,
 * this node ignores the server's record of the tag. Tags without room are suspect, and share a generation.
 */
export class TagQueue {
  readonly #items = new Map<string, QueuedTag>()
  readonly #parts: TagQueueParts
  #ofSuspects = ''
  #added = 0

  constructor(parts: TagQueueParts) {
    this.#parts = parts
  }

  /** Whether nothing is queued. */
  get isEmpty(): boolean {
    return this.#items.size === 0 && this.#parts.suspects.isEmpty
  }

  /**
   * Queues a tag, or queues it anew, so that an earlier acknowledgement does not count for it. `known` is a generation
   * that the tag had. With `keepStale`, entries that bear it are stale here, not gone. `false` = it was dropped.
   */
  add(tag: string, keepStale = false, known?: string): boolean {
    const before = this.#items.get(tag)
    if (before === undefined && this.#items.size >= this.#parts.limit) return this.#suspect(tag)
    const isSoft = keepStale && before?.keepStale !== false
    const drawn = this.#parts.draw()
    const generation = isSoft && known !== undefined ? known.slice(0, 16) + drawn.slice(0, 8) : drawn
    const sinceMs = before?.sinceMs ?? this.#parts.now()
    this.#items.set(tag, { tag, keepStale: isSoft, sinceMs, generation, restsUntilMs: -Infinity })
    this.#parts.changed()
    return true
  }

  get(tag: string): QueuedTag | undefined {
    return this.isEmpty ? undefined : (this.#items.get(tag) ?? this.#suspected(tag))
  }

  /**
   * Gives a queued tag, or (`undefined`) all of them, another generation. Something new is known of the tag, or may
   * have been missed of any tag. Entries that were loaded here since it was queued may be older than that.
   */
  renew(tag: string | undefined): void {
    const items = tag === undefined ? this.#items.values() : [this.#items.get(tag)]
    for (const item of items) if (item !== undefined) item.generation = this.#parts.draw()
    if (tag === undefined || this.#suspected(tag) !== undefined) this.#ofSuspects = this.#parts.draw()
    this.#parts.changed()
  }

  /** Removes an item that the server has executed, unless the tag was queued anew meanwhile. */
  acknowledge(item: QueuedTag | undefined): void {
    if (item === undefined) return
    const { suspects, partition, changed } = this.#parts
    if (this.#items.get(item.tag) === item) this.#items.delete(item.tag)
    else if (this.#items.has(item.tag)) return
    suspects.clear(item.tag, partition, Infinity)
    changed()
  }

  /** Returns the tags that may be sent now, oldest first. */
  due(nowMs: number): readonly QueuedTag[] {
    return [...this.#items.values()].filter(({ restsUntilMs }) => restsUntilMs <= nowMs)
  }

  /** Whether an item is still as it was when it was due. */
  isOpen(item: QueuedTag): boolean {
    const present = this.#items.get(item.tag)
    return present === undefined ? this.#suspected(item.tag) !== undefined : present === item
  }

  /** The number of listed tags. */
  get size(): number {
    return this.#items.size
  }

  #suspected(tag: string): QueuedTag | undefined {
    const { suspects, partition } = this.#parts
    if (suspects.isEmpty || !suspects.has(tag, partition)) return undefined
    return {
      tag,
      keepStale: false,
      sinceMs: -Infinity,
      generation: this.#ofSuspects,
      restsUntilMs: -Infinity,
    }
  }

  // Makes a tag suspect. All suspects get a new generation, because entries with the present one may be older than
  // this.
  #suspect(tag: string): boolean {
    const { suspects, partition, draw, changed } = this.#parts
    if (!suspects.add(tag, partition, ++this.#added)) return false
    this.#ofSuspects = draw()
    changed()
    return true
  }
}
