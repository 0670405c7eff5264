import type { Head, RemoteStore } from '../core/remote-store.ts'
import type { GenerationTable } from './generations.ts'
import type { QueuedTag } from './tag-queue.ts'

/** What invalidating tags works with. */
export interface TagInvalidatorParts {
  readonly remote: RemoteStore
  readonly table: GenerationTable
  /** Before it is sent and again when it is answered: whatever this node has with the tag goes (C5). */
  forget(tag: string): void
  /** It was executed, sent at `sentAtMs`, and logged at this head if there is a log. */
  note(tag: string, head: Head | undefined, sentAtMs: number): void
  /** Something was queued. */
  queued(): void
  now(): number
}

/** What became of an invalidation of tags. */
export interface TagsInvalidated {
  readonly l2: 'acked' | 'queued' | 'dropped'
  readonly heads: readonly (Head | undefined)[]
  readonly error?: unknown
}

/** Gives tags new generations on the server, and here while the server does not answer. */
export class TagInvalidator {
  readonly #parts: TagInvalidatorParts

  constructor(parts: TagInvalidatorParts) {
    this.#parts = parts
  }

  async run(tags: readonly string[], keepStale = false): Promise<TagsInvalidated> {
    const { table, forget, queued: onQueued } = this.#parts
    const queued = tags.map((tag) => table.queue.get(tag))
    const known = tags.map((tag) => table.known(tag))
    try {
      return await this.#send(tags, queued, keepStale)
    } catch (error) {
      let l2: TagsInvalidated['l2'] = 'queued'
      for (const [index, tag] of tags.entries()) {
        forget(tag)
        if (!table.queue.add(tag, keepStale, known[index])) l2 = 'dropped'
      }
      onQueued()
      return { l2, heads: tags.map(() => undefined), error }
    }
  }

  /** Sends what is queued once more. @throws when the server does not answer. */
  async replay(): Promise<void> {
    for (const item of this.#parts.table.queue.items()) await this.#send([item.tag], [item], item.keepStale)
  }

  async #send(
    tags: readonly string[],
    queued: readonly (QueuedTag | undefined)[],
    keepStale: boolean,
  ): Promise<TagsInvalidated> {
    const { remote, table, forget, note, now } = this.#parts
    for (const tag of tags) forget(tag)
    const sentAtMs = now()
    // Never what decided here while it was queued: that was given to entries.
    const generations = tags.map(() => table.draw())
    const { heads } = await remote.invalidateTags(tags, generations, { keepStale })
    for (const [index, tag] of tags.entries()) {
      note(tag, heads[index], sentAtMs)
      const item = queued[index]
      // A soft one does not make up for a hard one.
      if (item !== undefined && (!keepStale || item.keepStale)) table.queue.acknowledge(item)
      forget(tag)
    }
    return { l2: 'acked', heads }
  }
}
