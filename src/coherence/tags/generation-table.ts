import type { Clock, Random } from '../../core/time/clock.ts'
import { drawGeneration, type GenerationRecord, type Generations } from '../../core/remote/generations.ts'
import type { Head } from '../../core/remote/log.ts'
import { Front } from '../../internal/front.ts'
import { sameEpoch } from '../log/seen-heads.ts'
import type { PartitionState } from '../partition-state.ts'
import type { Suspects } from '../queues/suspects.ts'
import { TagQueue } from '../queues/tag-queue.ts'
import { SoftInvalidations } from './soft-invalidations.ts'
import { compareGenerations, worstOf, type TagState } from './tag-state.ts'

/** The generation of a tag before this node invalidated it. */
export interface Former {
  readonly tag: string
  /** The version of the table with the invalidation. */
  readonly version: number
  /** The generation that this node knew, and then the one that the server had; `undefined` = unknown. */
  value: string | undefined
  /** Whether the server has told it. */
  isProven: boolean
  /** The answer that tells it, while it is awaited. */
  answer: Promise<unknown> | undefined
}

/** A record as this node remembers it. */
export type KnownRecord = Pick<GenerationRecord, 'value' | 'head'>

interface Row {
  readonly record: KnownRecord
  /** The time until which the server keeps the record at least, as far as this node knows. */
  readonly untilMs: number
  /** The key of an entry of the tier that bears the tag, or did. */
  holder: string | undefined
}

/** The milliseconds for which entries that bear a tag will live, by tag. */
export type Lives = ReadonlyMap<string, number>

// The number of rows that are checked for an unneeded one when a row is added to a full table.
const LOOKS = 8

// The number of this node's invalidations that are remembered for earlier calls.
const FORMER = 1_000

const NONE: readonly Former[] = []

/** A read of records in flight, and the tags that something happened to meanwhile. */
export interface RecordRead {
  readonly tags: readonly string[]
  readonly overtaken: Set<string>
}

/**
 * The generations of tags as a node knows them (docs/coherence.md, C7). The table may lose a row at any time, and the
 * record is then read again. It must never hold a row that is older than the news that the node has heard.
 */
export class GenerationTable {
  readonly #random: Random
  readonly #clock: Clock
  readonly #limit: number
  readonly #isBorne: (key: string, tag: string) => boolean
  readonly #rows = new Map<string, Row>()
  readonly #oldest = new Front(this.#rows)
  readonly #reads = new Set<RecordRead>()
  // In the order of their versions.
  readonly #former: Former[] = []
  readonly softened: SoftInvalidations = new SoftInvalidations()
  /** The tags whose local generation decides until the server has acknowledged their invalidation. */
  readonly queue: TagQueue
  /** The partition that has the changes of tags. */
  readonly partition: PartitionState
  /** The head of the log when this node was last answered for an invalidation. */
  answered: Head | undefined
  /** A number that changes whenever a verdict of `'fresh'` may have changed. */
  version = 0

  /** `isBorne` tells whether the tier of this node keeps an entry under that key that bears the tag. */
  constructor(
    random: Random,
    clock: Clock,
    partition: PartitionState,
    settings: { readonly generationLimit: number; readonly outboxLimit: number },
    suspects: Suspects,
    isBorne: (key: string, tag: string) => boolean,
  ) {
    this.#random = random
    this.#clock = clock
    this.#limit = settings.generationLimit
    this.#isBorne = isBorne
    this.partition = partition
    this.queue = new TagQueue({
      limit: settings.outboxLimit,
      suspects,
      partition: partition.name,
      draw: () => this.draw(),
      now: () => clock.now(),
      changed: () => {
        this.version++
      },
    })
  }

  /** Returns a generation that no tag has had. */
  draw(): string {
    return drawGeneration(this.#random)
  }

  /** Judges generations by the table, without I/O. The follower knows whether the table is up to date. */
  agrees(generations: Generations): TagState {
    return worstOf(generations.map(({ tag, value }) => compareGenerations(value, this.known(tag))))
  }

  /** Returns the generation that a tag has, as far as this node knows. */
  known(tag: string): string | undefined {
    return this.queue.get(tag)?.generation ?? this.#rows.get(tag)?.record.value
  }

  /** Returns the milliseconds since an entry with these generations became stale by its tags, as far as it is known. */
  staleForMs(generations: Generations | undefined): number {
    const nowMs = this.#clock.now()
    let longestMs = 0
    for (const { tag, value } of generations ?? []) {
      const queued = this.queue.get(tag)
      if (queued?.keepStale === true) longestMs = Math.max(longestMs, nowMs - queued.sinceMs)
      longestMs = Math.max(longestMs, nowMs - this.softened.firstAfter(value))
    }
    return longestMs
  }

  /** Returns the record of a tag, if this node knows it. */
  record(tag: string): KnownRecord | undefined {
    return this.#rows.get(tag)?.record
  }

  /** Returns the tags whose records are unknown, or may end before entries that will live for so long. */
  lacking(lives: Lives): readonly string[] {
    const nowMs = this.#clock.now()
    return [...lives.keys()].filter((tag) => {
      if (this.queue.get(tag) !== undefined) return false
      const row = this.#rows.get(tag)
      return row === undefined || row.untilMs < nowMs + lives.get(tag)!
    })
  }

  /** Begins a read of records. */
  reading(tags: readonly string[]): RecordRead {
    const read: RecordRead = { tags, overtaken: new Set() }
    this.#reads.add(read)
    return read
  }

  /** Ends a read. A record is kept only if nothing happened to its tag meanwhile. It was asked for at `askedAtMs`. */
  took(read: RecordRead, records: readonly GenerationRecord[], askedAtMs: number): void {
    this.#reads.delete(read)
    for (const [index, record] of records.entries()) {
      const tag = read.tags[index]!
      if (record.softenedMs !== undefined) this.softened.note(record.value, askedAtMs - record.softenedMs)
      if (!read.overtaken.has(tag)) this.#keep(tag, record, askedAtMs + record.remainingMs)
    }
  }

  /** Notes that the tier keeps an entry under this key that bears these tags. */
  borne(key: string, generations: Generations): void {
    for (const { tag } of generations) {
      const row = this.#rows.get(tag)
      if (row !== undefined) row.holder = key
    }
  }

  /** Returns the generations of tags without the server. Unknown tags get a provisional generation, which lasts until a flush. */
  provisional(tags: readonly string[]): Generations {
    return tags.map((tag) => {
      const value = this.known(tag) ?? this.draw()
      // The record is asked for again as soon as the server can be asked.
      const untilMs = this.#rows.get(tag)?.untilMs ?? -Infinity
      if (this.queue.get(tag) === undefined)
        this.#keep(tag, { ...this.#rows.get(tag)?.record, value }, untilMs)
      return { tag, value }
    })
  }

  /** The latest head of the log of generations that this node knows. */
  get seen(): Head | undefined {
    const { applied } = this.partition
    if (applied === undefined || this.answered === undefined) return applied
    const isAhead = sameEpoch(this.answered.epoch, applied.epoch) && this.answered.counter > applied.counter
    return isAhead ? this.answered : applied
  }

  /** Notes that this node is about to invalidate the tag. Earlier calls are judged by its present generation. */
  supersede(tag: string): Former {
    const value = this.known(tag)
    const former: Former = { tag, version: ++this.version, value, isProven: false, answer: undefined }
    this.#former.push(former)
    if (this.#former.length > FORMER) this.#former.shift()
    return former
  }

  /** Notes the generation that an invalidated tag had on the server before. */
  prove(former: Former, value: string | undefined): void {
    former.value = value
    former.isProven = true
    former.answer = undefined
  }

  /** Whether this node has begun to invalidate one of the tags since the table had that version. */
  hasInvalidated(tags: readonly string[], since: number): boolean {
    return this.supersededSince(since).some(({ tag }) => tags.includes(tag))
  }

  /** Whether it knows of no tag. */
  get isEmpty(): boolean {
    return this.#rows.size === 0 && this.#reads.size === 0 && this.queue.size === 0
  }

  /** Forgets a tag that has another generation now. Records of it that are known, or being read, are old. */
  drop(tag: string): void {
    this.version++
    this.#rows.delete(tag)
    for (const read of this.#reads) read.overtaken.add(tag)
    this.queue.renew(tag)
  }

  /**
   * Forgets all records, because something may have been missed. Queued tags stay queued, but others may have
   * invalidated them meanwhile, too.
   */
  flush(): void {
    this.version++
    this.#rows.clear()
    for (const read of this.#reads) for (const tag of read.tags) read.overtaken.add(tag)
    this.queue.renew(undefined)
  }

  /** Returns the generations that this node has superseded since the table had that version. */
  supersededSince(since: number): readonly Former[] {
    if (since === this.version) return NONE
    return this.#former.slice(this.#former.findLastIndex(({ version }) => version <= since) + 1)
  }

  #keep(tag: string, { value, head }: KnownRecord, untilMs: number): void {
    const before = this.#rows.get(tag)
    if (before !== undefined && before.record.value !== value) this.version++
    this.#rows.delete(tag)
    this.#rows.set(tag, { record: { value, head }, untilMs, holder: before?.holder })
    this.#shrink()
  }

  // Removes the oldest rows, except those that a hit in the tier would have to read again.
  #shrink(): void {
    if (this.#rows.size <= this.#limit) return this.#oldest.letGo()
    for (let looks = 0; looks < LOOKS && this.#rows.size > this.#limit; looks++) {
      const tag = this.#oldest.take()!
      const row = this.#rows.get(tag)!
      this.#rows.delete(tag)
      if (row.holder !== undefined && this.#isBorne(row.holder, tag)) this.#rows.set(tag, row)
    }
  }
}

/** Returns the longest life for which each tag is needed. */
export function longestLives(needs: readonly (readonly [tags: readonly string[], lifeMs: number])[]): Lives {
  const lives = new Map<string, number>()
  for (const [tags, lifeMs] of needs)
    for (const tag of tags) lives.set(tag, Math.max(lifeMs, lives.get(tag) ?? 0))
  return lives
}
