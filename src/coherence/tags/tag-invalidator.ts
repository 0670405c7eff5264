import type { Head, RemoteStore } from '../../core/remote-store.ts'
import type { GenerationTable } from './generation-table.ts'
import { isRefusal } from '../queues/refusal.ts'
import type { Suspects } from '../queues/suspects.ts'
import type { QueuedTag } from '../queues/tag-queue.ts'

/** The parts that invalidations of tags use. */
export interface TagInvalidatorParts {
  readonly remote: RemoteStore
  readonly table: GenerationTable
  readonly suspects: Suspects
  /** Forgets all that this node has with the tag, before it is sent and again when it is answered (C5). */
  forget(tag: string): void
  /** Notes that it was executed, and logged at this head if there is a log. */
  note(tag: string, head: Head | undefined): void
  /** Called when something was queued. */
  queued(): void
  /** Called with the number of duties that are forgotten, because there was no room or the server refuses them. */
  dropped(count: number, error: unknown): void
  now(): number
}

/** The result of an invalidation of tags. */
export interface TagsInvalidated {
  readonly l2: 'acked' | 'queued' | 'dropped'
  readonly heads: readonly (Head | undefined)[]
  readonly error?: unknown
}

/** Tags of one call. */
const BATCH = 500
/** The pause before a refused tag is sent again, in milliseconds. */
const REST_MS = 30_000

/** Gives tags new generations on the server, and here while the server does not answer. */
export class TagInvalidator {
  readonly #parts: TagInvalidatorParts

  constructor(parts: TagInvalidatorParts) {
    this.#parts = parts
  }

  async run(tags: readonly string[], keepStale = false): Promise<TagsInvalidated> {
    const { table } = this.#parts
    const queued = tags.map((tag) => table.queue.get(tag))
    const known = tags.map((tag) => table.known(tag))
    try {
      return { l2: 'acked', heads: await this.#send(tags, queued, keepStale) }
    } catch (error) {
      return this.#queue(tags, keepStale, known, error)
    }
  }

  /** Queues an invalidation whose turn has not come in time. */
  giveUp(tags: readonly string[], keepStale = false, error?: unknown): TagsInvalidated {
    const known = tags.map((tag) => this.#parts.table.known(tag))
    return this.#queue(tags, keepStale, known, error)
  }

  #queue(
    tags: readonly string[],
    keepStale: boolean,
    known: readonly (string | undefined)[],
    error: unknown,
  ): TagsInvalidated {
    const { table, forget, queued: onQueued, dropped } = this.#parts
    let lost = 0
    for (const [index, tag] of tags.entries()) {
      forget(tag)
      if (!table.queue.add(tag, keepStale, known[index])) lost++
    }
    if (lost > 0) dropped(lost, error)
    onQueued()
    return { l2: lost > 0 ? 'dropped' : 'queued', heads: tags.map(() => undefined), error }
  }

  /** Sends the queued tags once more. Failed ones stay queued. Never rejects. */
  async replay(): Promise<void> {
    await this.#sendAll(this.#parts.table.queue.due(this.#parts.now()))
    if (!this.#parts.suspects.isEmpty) await this.#sweep()
  }

  /** Sends the queued ones of these tags, ahead of a call that needs the server's answer. Never rejects. */
  async settle(tags: readonly string[]): Promise<void> {
    await this.#sendAll(tags.flatMap((tag) => this.#parts.table.queue.get(tag) ?? []))
  }

  async #sendAll(items: readonly QueuedTag[]): Promise<void> {
    for (const keepStale of [false, true]) {
      const alike = items.filter((item) => item.keepStale === keepStale)
      for (let start = 0; start < alike.length; start += BATCH)
        if (!(await this.#batch(alike.slice(start, start + BATCH), keepStale))) return
    }
  }

  // Sends a batch and returns whether to go on. Refused tags are found by halves.
  async #batch(items: readonly QueuedTag[], keepStale: boolean): Promise<boolean> {
    const { table, now } = this.#parts
    const open = items.filter((item) => table.queue.isOpen(item))
    if (open.length === 0) return true
    try {
      await this.#send(
        open.map(({ tag }) => tag),
        open.map(({ tag }) => table.queue.get(tag)),
        keepStale,
      )
      return true
    } catch (error) {
      if (!isRefusal(error)) return false
      const half = open.length >> 1
      if (half === 0) open[0]!.restsUntilMs = now() + REST_MS
      return (
        half > 0 &&
        (await this.#batch(open.slice(0, half), keepStale)) &&
        (await this.#batch(open.slice(half), keepStale))
      )
    }
  }

  async #sweep(): Promise<void> {
    const { remote, suspects, table, dropped } = this.#parts
    const { version } = suspects
    try {
      const swept = await remote.survey(remote.generationPartition, async (tags) => this.settle(tags))
      suspects.swept(swept, version)
      table.version++
    } catch (error) {
      if (isRefusal(error)) dropped(suspects.refuse(), error)
    }
  }

  async #send(
    tags: readonly string[],
    queued: readonly (QueuedTag | undefined)[],
    keepStale: boolean,
  ): Promise<readonly (Head | undefined)[]> {
    const { remote, table, forget, note } = this.#parts
    const superseded = tags.map((tag) => {
      const former = table.supersede(tag)
      forget(tag)
      return former
    })
    // Never the generation that decided here while it was queued, because entries bear that.
    const generations = tags.map(() => table.draw())
    const answer = remote.invalidateTags(tags, generations, { keepStale })
    for (const one of superseded) one.answer = answer
    const { heads, former } = await answer
    for (const [index, tag] of tags.entries()) {
      note(tag, heads[index])
      table.answered = heads[index] ?? table.answered
      const item = queued[index]
      // A tag that was queued was invalidated here before, whatever the server had.
      if (item === undefined) table.prove(superseded[index]!, former[index])
      // An invalidation that keeps stale entries does not make up for one that does not.
      if (item !== undefined && (!keepStale || item.keepStale)) table.queue.acknowledge(item)
      forget(tag)
    }
    return heads
  }
}
