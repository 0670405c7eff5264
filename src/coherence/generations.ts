import type { Clock, Random } from '../core/clock.ts'
import type { Generation, Generations, RemoteStore } from '../core/remote-store.ts'
import type { Reading } from '../core/store.ts'
import { isNamespaceTag } from '../core/tags.ts'
import type { Follower } from './follower.ts'
import { TagQueue } from './tag-queue.ts'

/** What knowing generations needs. */
export interface GenerationParts {
  readonly remote: RemoteStore
  readonly random: Random
  readonly clock: Clock
  /** Sync age up to which an entry of the server is judged by the table alone. */
  readonly maxLagMs: number
  /** Sync age up to which it is when the server can't be asked. */
  readonly maxStaleMs: number
  /** The most tags in the table, and the most that wait for an acknowledgement. */
  readonly limits: { readonly table: number; readonly queue: number }
}

// A read of records in flight, and the tags that something happened to meanwhile.
interface RecordRead {
  readonly tags: readonly string[]
  readonly overtaken: Set<string>
}

/**
 * What a node knows of the generations of tags (docs/coherence.md, C7). The table may lose a row at any time: the
 * record is then read again. It must never hold a row that is older than what the node has heard.
 */
export class GenerationTable {
  readonly #parts: GenerationParts
  readonly #rows = new Map<string, string>()
  readonly #reads = new Set<RecordRead>()
  /** What decides while it waits for an acknowledgement. */
  readonly queue: TagQueue
  /** Follows the generation partition; set once, before anything is asked. */
  follower!: Follower

  constructor(parts: GenerationParts) {
    this.#parts = parts
    this.queue = new TagQueue(parts.limits.queue, () => this.draw())
  }

  /** A value that no tag has had. */
  draw(): string {
    const half = (): string =>
      Math.floor(this.#parts.random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0')
    return half() + half()
  }

  /** Whether the table has each of these generations: no I/O. Whether it is up to date is the follower's to say. */
  agrees(generations: Generations | undefined): boolean {
    return generations === undefined || generations.every(({ tag, value }) => this.#known(tag) === value)
  }

  /**
   * The generations of tags for a load or set that begins now. @throws when a record is unknown here and can't be read.
   */
  async current(tags: readonly string[]): Promise<Generations> {
    const unknown = tags.filter((tag) => this.#known(tag) === undefined)
    const read = unknown.length === 0 ? undefined : await this.#read(unknown)
    return tags.map((tag) => ({ tag, value: read?.get(tag) ?? this.#known(tag) ?? this.draw() }))
  }

  /** The same without the server: tags that are unknown get a provisional generation, which lasts until a flush. */
  provisional(tags: readonly string[]): Generations {
    return tags.map((tag) => {
      const value = this.#known(tag) ?? this.draw()
      if (this.queue.get(tag) === undefined) this.#keep(tag, value)
      return { tag, value }
    })
  }

  /**
   * Whether an entry of the server may be seen. A row that says no is read again before it is believed; so are all
   * when the table may be behind, or when the reader brings a token that this node has not reached.
   */
  async shows(
    generations: Generations | undefined,
    { tags }: Reading = {},
    mustAsk = false,
  ): Promise<boolean> {
    if (!bears(generations, tags)) return false
    if (generations === undefined) return true
    // What is queued decides alone; what the server has to say of it is old. It knows nothing of a token, though.
    if (generations.some(({ tag, value }) => this.#isHiddenByQueue(tag, value, mustAsk))) return false
    const isBehind = mustAsk || !this.follower.isSynced(this.#parts.maxLagMs)
    const asked = isBehind ? generations : generations.filter((one) => !this.#has(one))
    const open = asked.filter(({ tag }) => this.queue.get(tag) === undefined).map(({ tag }) => tag)
    if (open.length === 0) return true
    try {
      const read = await this.#read(open)
      return generations.every(({ tag, value }) => (read.get(tag) ?? this.#known(tag)) === value)
    } catch {
      return !mustAsk && this.follower.isSynced(this.#parts.maxStaleMs) && this.agrees(generations)
    }
  }

  /** The tag is not what it was: whatever is known of it, or being read, is old. */
  drop(tag: string): void {
    this.#rows.delete(tag)
    for (const read of this.#reads) read.overtaken.add(tag)
    this.queue.renew(tag)
  }

  /** Something may have been missed. What is queued stays so, but others may have invalidated it meanwhile, too. */
  flush(): void {
    this.#rows.clear()
    for (const read of this.#reads) for (const tag of read.tags) read.overtaken.add(tag)
    this.queue.renew(undefined)
  }

  #isHiddenByQueue(tag: string, value: string, mustAsk: boolean): boolean {
    const item = this.queue.get(tag)
    return item !== undefined && (mustAsk || item.generation !== value)
  }

  #known(tag: string): string | undefined {
    return this.queue.get(tag)?.generation ?? this.#rows.get(tag)
  }

  #has({ tag, value }: Generation): boolean {
    return this.#known(tag) === value
  }

  // What is read was true at some moment of the call, which is enough for its caller; for the table only if nothing
  // happened to the tag meanwhile.
  async #read(tags: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const read: RecordRead = { tags, overtaken: new Set() }
    this.#reads.add(read)
    try {
      const records = await this.#parts.remote.generations(
        tags,
        tags.map(() => this.draw()),
      )
      const values = records.map(({ value }) => value)
      for (const [index, tag] of tags.entries()) {
        if (!read.overtaken.has(tag)) this.#keep(tag, values[index]!)
      }
      return new Map(tags.map((tag, index) => [tag, this.queue.get(tag)?.generation ?? values[index]!]))
    } finally {
      this.#reads.delete(read)
    }
  }

  #keep(tag: string, value: string): void {
    this.#rows.delete(tag)
    this.#rows.set(tag, value)
    if (this.#rows.size > this.#parts.limits.table) this.#rows.delete(this.#rows.keys().next().value!)
  }
}

/** Whether an entry belongs to every namespace among the tags that its reader names. */
export function bears(generations: Generations | undefined, wanted: readonly string[] | undefined): boolean {
  if (wanted === undefined) return true
  return wanted.every((tag) => !isNamespaceTag(tag) || generations?.some((one) => one.tag === tag) === true)
}
