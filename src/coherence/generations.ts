import type { Clock, Random } from '../core/clock.ts'
import { StoreUnavailableError } from '../core/errors.ts'
import type { GenerationRecord, Generations, Head, RemoteStore } from '../core/remote-store.ts'
import type { MaybePromise } from '../core/promise.ts'
import type { Reading } from '../core/store.ts'
import type { Follower } from './follower.ts'
import { sameEpoch } from './sightings.ts'
import type { Suspects } from './suspects.ts'
import { TagQueue } from './tag-queue.ts'
import { bears, compareGenerations, worstOf, type Verdict } from './verdict.ts'

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
  readonly suspects: Suspects
  /** Sends what is queued of these tags; what fails stays queued. */
  settle(tags: readonly string[]): Promise<void>
  /** Called when records are read: from then on their changes are to be followed. */
  asked(): void
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
  readonly #rows = new Map<string, GenerationRecord>()
  readonly #reads = new Set<RecordRead>()
  /** What decides while it waits for an acknowledgement. */
  readonly queue: TagQueue
  /** Follows the generation partition; set once, before anything is asked. */
  follower!: Follower
  /** Another one whenever a verdict of `'fresh'` may have become another. */
  version = 0

  constructor(parts: GenerationParts) {
    this.#parts = parts
    this.queue = new TagQueue({
      limit: parts.limits.queue,
      suspects: parts.suspects,
      partition: parts.remote.generationPartition,
      draw: () => this.draw(),
      changed: () => {
        this.version++
      },
    })
  }

  /** A value that no tag has had. */
  draw(): string {
    const half = (): string =>
      Math.floor(this.#parts.random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0')
    return `${half()}${half()}00000000`
  }

  /** What the table makes of these generations: no I/O. Whether it is up to date is the follower's to say. */
  agrees(generations: Generations): Verdict {
    return worstOf(generations.map(({ tag, value }) => compareGenerations(value, this.known(tag))))
  }

  /** The generation that a tag has, as far as this node knows. */
  known(tag: string): string | undefined {
    return this.queue.get(tag)?.generation ?? this.#rows.get(tag)?.value
  }

  /**
   * The generations of tags for a load or set that begins now. @throws when a record is unknown here and can't be read.
   */
  current(tags: readonly string[]): MaybePromise<Generations> {
    const unknown = tags.filter((tag) => this.known(tag) === undefined)
    if (unknown.length === 0) return tags.map((tag) => ({ tag, value: this.known(tag)! }))
    return this.#currentOf(tags, unknown)
  }

  /**
   * The same for a writer. What is queued is sent first, because an entry that bears a local generation is lost when the
   * invalidation is acknowledged. @throws as {@link GenerationTable.current} does, and if it is not acknowledged.
   */
  currentForWrite(tags: readonly string[]): MaybePromise<Generations> {
    if (this.queue.isEmpty) return this.current(tags)
    const queued = tags.filter((tag) => this.queue.get(tag) !== undefined)
    return queued.length === 0 ? this.current(tags) : this.#currentAfter(queued, tags)
  }

  async #currentOf(tags: readonly string[], unknown: readonly string[]): Promise<Generations> {
    const read = await this.#read(unknown)
    return tags.map((tag) => ({ tag, value: read.get(tag)?.value ?? this.known(tag) ?? this.draw() }))
  }

  async #currentAfter(queued: readonly string[], tags: readonly string[]): Promise<Generations> {
    await this.#parts.settle(queued)
    if (queued.some((tag) => this.queue.get(tag) !== undefined))
      throw new StoreUnavailableError('the invalidation of a tag was not acknowledged yet')
    return this.current(tags)
  }

  /**
   * The generations of tags that a loader has named, if none of them has changed since the load began, when the log
   * was at `start`; else `undefined`. @throws as {@link GenerationTable.current} does.
   */
  async unchangedSince(tags: readonly string[], start: Head | undefined): Promise<Generations | undefined> {
    const unknown = tags.filter((tag) => this.#rows.get(tag) === undefined)
    const read = unknown.length === 0 ? undefined : await this.#read(unknown)
    // Another history since: what it says of the time before is not to be compared.
    const applied = this.follower.applied
    if (start === undefined || applied === undefined || !sameEpoch(start.epoch, applied.epoch))
      return undefined
    const generations = tags.map((tag) => {
      const record = this.queue.get(tag) === undefined ? (read?.get(tag) ?? this.#rows.get(tag)) : undefined
      return record !== undefined && isBefore(record, start) ? { tag, value: record.value } : undefined
    })
    return generations.every((generation) => generation !== undefined) ? generations : undefined
  }

  /** The same without the server: tags that are unknown get a provisional generation, which lasts until a flush. */
  provisional(tags: readonly string[]): Generations {
    return tags.map((tag) => {
      const value = this.known(tag) ?? this.draw()
      if (this.queue.get(tag) === undefined) this.#keep(tag, { ...this.#rows.get(tag), value })
      return { tag, value }
    })
  }

  /**
   * What an entry of the server is for a reader. A row that says no is read again before it is believed; so are all
   * when the table may be behind, or when the reader brings a token that this node has not reached.
   */
  shows(
    generations: Generations | undefined,
    { tags }: Reading = {},
    mustAsk = false,
  ): MaybePromise<Verdict> {
    if (!bears(generations, tags)) return 'gone'
    if (generations === undefined) return 'fresh'
    // What is queued decides alone; what the server has to say of it is old. It knows nothing of a token, though.
    for (const { tag, value } of generations) {
      const item = this.queue.get(tag)
      if (item === undefined) continue
      if (mustAsk || compareGenerations(value, item.generation) === 'gone') return 'gone'
    }
    const isBehind = mustAsk || !this.follower.isSynced(this.#parts.maxLagMs)
    const asked = isBehind ? generations : generations.filter(({ tag, value }) => this.known(tag) !== value)
    const open = asked.filter(({ tag }) => this.queue.get(tag) === undefined).map(({ tag }) => tag)
    return open.length === 0 ? this.agrees(generations) : this.#ask(generations, open, mustAsk)
  }

  /** Whether it knows of no tag. */
  get isEmpty(): boolean {
    return this.#rows.size === 0 && this.#reads.size === 0 && this.queue.size === 0
  }

  /** The tag is not what it was: whatever is known of it, or being read, is old. */
  drop(tag: string): void {
    this.version++
    this.#rows.delete(tag)
    for (const read of this.#reads) read.overtaken.add(tag)
    this.queue.renew(tag)
  }

  /** Something may have been missed. What is queued stays so, but others may have invalidated it meanwhile, too. */
  flush(): void {
    this.version++
    this.#rows.clear()
    for (const read of this.#reads) for (const tag of read.tags) read.overtaken.add(tag)
    this.queue.renew(undefined)
  }

  async #ask(generations: Generations, open: readonly string[], mustAsk: boolean): Promise<Verdict> {
    try {
      const read = await this.#read(open)
      return worstOf(
        generations.map(({ tag, value }) =>
          compareGenerations(value, read.get(tag)?.value ?? this.known(tag)),
        ),
      )
    } catch {
      if (mustAsk || !this.follower.isSynced(this.#parts.maxStaleMs)) return 'gone'
      return this.agrees(generations)
    }
  }

  // What is read was true at some moment of the call, which is enough for its caller; for the table only if nothing
  // happened to the tag meanwhile.
  async #read(tags: readonly string[]): Promise<ReadonlyMap<string, GenerationRecord>> {
    this.#parts.asked()
    const read: RecordRead = { tags, overtaken: new Set() }
    this.#reads.add(read)
    try {
      const records = await this.#parts.remote.generations(
        tags,
        tags.map(() => this.draw()),
      )
      for (const [index, tag] of tags.entries()) {
        if (!read.overtaken.has(tag)) this.#keep(tag, records[index]!)
      }
      return new Map(
        tags.map((tag, index) => {
          const queued = this.queue.get(tag)
          return [tag, queued === undefined ? records[index]! : { value: queued.generation }]
        }),
      )
    } finally {
      this.#reads.delete(read)
    }
  }

  #keep(tag: string, record: GenerationRecord): void {
    const before = this.#rows.get(tag)
    if (before !== undefined && before.value !== record.value) this.version++
    this.#rows.delete(tag)
    this.#rows.set(tag, record)
    if (this.#rows.size > this.#parts.limits.table) this.#rows.delete(this.#rows.keys().next().value!)
  }
}

// Whether a tag has had its generation since before the log was at `start`: of an older epoch, or no later entry.
function isBefore({ head }: GenerationRecord, start: Head): boolean {
  if (head === undefined) return false
  if (sameEpoch(head.epoch, start.epoch)) return head.counter <= start.counter
  return head.epoch.ordinal < start.epoch.ordinal
}
