import type { Clock, Random } from '../../core/time/clock.ts'
import { StoreUnavailableError } from '../../core/errors.ts'
import type { GenerationRecord, Generations, Head, RemoteStore } from '../../core/remote-store.ts'
import type { MaybePromise } from '../../core/promise.ts'
import type { Reading } from '../../core/store.ts'
import type { CallTime } from '../order/call-time.ts'
import { sameEpoch } from '../log/seen-heads.ts'
import type { PartitionState } from '../partition-state.ts'
import type { Suspects } from '../queues/suspects.ts'
import { TagQueue } from '../queues/tag-queue.ts'
import { SoftInvalidations } from './soft-invalidations.ts'
import { bears, compareGenerations, worstOf, type TagState } from './tag-state.ts'

/** The parts that a table of generations uses. */
export interface GenerationParts {
  readonly remote: RemoteStore
  readonly random: Random
  readonly clock: Clock
  readonly time: CallTime
  /** The partition that has the changes of tags. */
  readonly partition: PartitionState
  /** Sync age up to which an entry of the server is judged by the table alone. */
  readonly maxLagMs: number
  /** Sync age up to which the table alone judges if the server can't be asked. */
  readonly maxStaleMs: number
  /** The most tags in the table, without those of the tier's entries, and the most that wait for an acknowledgement. */
  readonly limits: { readonly table: number; readonly queue: number }
  /** The shortest life of a record that is asked for: that of a lease, so that a load can keep it. */
  readonly leastLifeMs: number
  /** Whether the tier of this node keeps an entry under that key that bears the tag. */
  isBorne(key: string, tag: string): boolean
  readonly suspects: Suspects
  /** Sends the queued items of these tags. Failed ones stay queued. */
  settle(tags: readonly string[]): Promise<void>
  /** Called when records are read, because their changes are to be followed from then on. */
  asked(): void
}

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

interface Row {
  readonly record: Pick<GenerationRecord, 'value' | 'head'>
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

// A read of records in flight, and the tags that something happened to meanwhile.
interface RecordRead {
  readonly tags: readonly string[]
  readonly overtaken: Set<string>
}

/**
 * The generations of tags as a node knows them (docs/coherence.md, C7). The table may lose a row at any time, and the
 * record is then read again. It must never hold a row that is older than the news that the node has heard.
 */
export class GenerationTable {
  readonly #parts: GenerationParts
  readonly #rows = new Map<string, Row>()
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

  constructor(parts: GenerationParts) {
    this.#parts = parts
    this.partition = parts.partition
    this.queue = new TagQueue({
      limit: parts.limits.queue,
      suspects: parts.suspects,
      partition: parts.remote.generationPartition,
      draw: () => this.draw(),
      now: () => parts.clock.now(),
      changed: () => {
        this.version++
      },
    })
  }

  /** Returns a generation that no tag has had. */
  draw(): string {
    const half = (): string =>
      Math.floor(this.#parts.random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0')
    return `${half()}${half()}00000000`
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
    const nowMs = this.#parts.clock.now()
    let longestMs = 0
    for (const { tag, value } of generations ?? []) {
      const queued = this.queue.get(tag)
      if (queued?.keepStale === true) longestMs = Math.max(longestMs, nowMs - queued.sinceMs)
      longestMs = Math.max(longestMs, nowMs - this.softened.firstAfter(value))
    }
    return longestMs
  }

  /**
   * Returns the generations of tags for a load or set that begins now, and whose entry will live for so long. @throws
   * if a record is unknown here, or may end before the entry does, and can't be read.
   */
  current(lives: Lives, untilMs: number): MaybePromise<Generations> {
    const short = this.#tooShort(lives)
    if (short.length > 0) return this.#currentOf(lives, short, untilMs)
    return Array.from(lives.keys(), (tag) => ({ tag, value: this.known(tag) ?? this.draw() }))
  }

  /**
   * Has the server keep records for as long as entries that bear them live; `undefined` = it does already. @throws if
   * it can't be asked.
   */
  prolong(
    generations: Generations | undefined,
    lifeMs: number,
    untilMs: number,
  ): Promise<unknown> | undefined {
    const lives = new Map((generations ?? []).map(({ tag }) => [tag, lifeMs]))
    const short = this.#tooShort(lives)
    return short.length === 0 ? undefined : this.#read(short, untilMs, lives)
  }

  /** Notes that the tier keeps an entry under this key that bears these tags. */
  borne(key: string, generations: Generations): void {
    for (const { tag } of generations) {
      const row = this.#rows.get(tag)
      if (row !== undefined) row.holder = key
    }
  }

  #tooShort(lives: Lives): readonly string[] {
    const nowMs = this.#parts.clock.now()
    return [...lives.keys()].filter((tag) => {
      if (this.queue.get(tag) !== undefined) return false
      const row = this.#rows.get(tag)
      return row === undefined || row.untilMs < nowMs + lives.get(tag)!
    })
  }

  /**
   * Returns the same for a writer. Queued tags are sent first, because an entry that bears a local generation is lost
   * when the invalidation is acknowledged. @throws as {@link GenerationTable.current} does, and if it is not
   * acknowledged.
   */
  currentForWrite(lives: Lives, untilMs: number): MaybePromise<Generations> {
    if (this.queue.isEmpty) return this.current(lives, untilMs)
    const queued = [...lives.keys()].filter((tag) => this.queue.get(tag) !== undefined)
    return queued.length === 0 ? this.current(lives, untilMs) : this.#currentAfter(queued, lives, untilMs)
  }

  async #currentOf(lives: Lives, short: readonly string[], untilMs: number): Promise<Generations> {
    const read = await this.#read(short, untilMs, lives)
    return Array.from(lives.keys(), (tag) => ({
      tag,
      value: read.get(tag)?.value ?? this.known(tag) ?? this.draw(),
    }))
  }

  async #currentAfter(queued: readonly string[], lives: Lives, untilMs: number): Promise<Generations> {
    await this.#parts.time.inTime(this.#parts.settle(queued), untilMs)
    if (queued.some((tag) => this.queue.get(tag) !== undefined))
      throw new StoreUnavailableError('the invalidation of a tag was not acknowledged yet')
    return this.current(lives, untilMs)
  }

  /**
   * Returns the generations of tags that a loader has named; `undefined` if one of them may have changed since the load
   * began. `start` is the head of the log at that time. @throws as {@link GenerationTable.current} does.
   */
  async unchangedSince(
    tags: readonly string[],
    start: Head | undefined,
    lifeMs: number,
    untilMs: number,
  ): Promise<Generations | undefined> {
    const lives = new Map(tags.map((tag) => [tag, lifeMs]))
    const unknown = tags.filter((tag) => this.#rows.get(tag) === undefined)
    const read = unknown.length === 0 ? undefined : await this.#read(unknown, untilMs, lives)
    // Records of another history are not comparable with `start`.
    if (start === undefined || !this.partition.isOf(start.epoch)) return undefined
    const generations = tags.map((tag) => {
      const record =
        this.queue.get(tag) === undefined ? (read?.get(tag) ?? this.#rows.get(tag)?.record) : undefined
      return record !== undefined && isBefore(record, start) ? { tag, value: record.value } : undefined
    })
    return generations.every((generation) => generation !== undefined) ? generations : undefined
  }

  /** Returns the same without the server. Unknown tags get a provisional generation, which lasts until a flush. */
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
    return this.#laterThan(since).some(({ tag }) => tags.includes(tag))
  }

  /**
   * Judges an entry of the server for a reader whose call was made when the table had the version `since`. Later
   * invalidations of this node do not count. A row that says no is read again before it is believed. All rows are read
   * again if the table may be behind, or if the reader brings a token that this node has not reached. The answer comes
   * by `untilMs`.
   */
  shows(
    generations: Generations | undefined,
    { tags }: Reading | undefined = {},
    untilMs: number,
    mustAsk = false,
    since: number = this.version,
  ): MaybePromise<TagState> {
    if (!bears(generations, tags)) return 'gone'
    if (generations === undefined) return 'fresh'
    const isBehind = mustAsk || !this.partition.isSynced(this.#parts.maxLagMs)
    const later = this.#laterThan(since)
    const verdicts: TagState[] = []
    const open = generations.filter(({ tag, value }) => {
      const then = compareFormer(value, formerOf(later, tag), isBehind)
      const item = this.queue.get(tag)
      if (then !== 'gone') verdicts.push(then)
      // A queued generation decides alone, because the server's record is old. It knows nothing of a token, though.
      else if (item !== undefined)
        verdicts.push(mustAsk ? 'gone' : compareGenerations(value, item.generation))
      else return isBehind || this.known(tag) !== value
      return false
    })
    if (open.length === 0 || verdicts.includes('gone')) return worstOf(verdicts)
    return this.#ask(open, untilMs, mustAsk, since).then((verdict) => worstOf([...verdicts, verdict]))
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

  #laterThan(since: number): readonly Former[] {
    if (since === this.version) return NONE
    return this.#former.slice(this.#former.findLastIndex(({ version }) => version <= since) + 1)
  }

  async #ask(generations: Generations, untilMs: number, mustAsk: boolean, since: number): Promise<TagState> {
    const { time, maxStaleMs } = this.#parts
    try {
      const read = await this.#read(
        generations.map(({ tag }) => tag),
        untilMs,
      )
      const later = this.#laterThan(since)
      const verdicts: TagState[] = []
      for (const { tag, value } of generations) {
        const former = formerOf(later, tag)
        // An answer that comes too late, or never, tells nothing.
        if (former?.answer !== undefined) await time.inTime(former.answer, untilMs).catch(() => undefined)
        const then = compareFormer(value, former, true)
        verdicts.push(then === 'gone' ? compareGenerations(value, read.get(tag)!.value) : then)
      }
      return worstOf(verdicts)
    } catch {
      return mustAsk || !this.partition.isSynced(maxStaleMs) ? 'gone' : this.agrees(generations)
    }
  }

  // Reads records, which were true at some moment of the call. That is enough for its caller. The table takes a record
  // only if nothing happened to the tag meanwhile.
  async #read(
    tags: readonly string[],
    untilMs: number,
    lives?: Lives,
  ): Promise<ReadonlyMap<string, Pick<GenerationRecord, 'value' | 'head'>>> {
    this.#parts.asked()
    const { clock, time, leastLifeMs } = this.#parts
    const startedAtMs = clock.now()
    const read: RecordRead = { tags, overtaken: new Set() }
    this.#reads.add(read)
    try {
      const records = await this.#parts.remote.generations(
        tags,
        tags.map(() => this.draw()),
        // Twice as long as needed, so that a tag in use is asked for once in the life of its entries.
        tags.map((tag) => Math.max(2 * (lives?.get(tag) ?? 0), leastLifeMs)),
        time.left(untilMs),
      )
      for (const [index, tag] of tags.entries()) {
        const record = records[index]!
        if (record.softenedMs !== undefined) this.softened.note(record.value, startedAtMs - record.softenedMs)
        if (!read.overtaken.has(tag)) this.#keep(tag, record, startedAtMs + record.remainingMs)
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

  #keep(tag: string, { value, head }: Row['record'], untilMs: number): void {
    const before = this.#rows.get(tag)
    if (before !== undefined && before.record.value !== value) this.version++
    this.#rows.delete(tag)
    this.#rows.set(tag, { record: { value, head }, untilMs, holder: before?.holder })
    this.#shrink()
  }

  // Removes the oldest rows, except those that a hit in the tier would have to read again.
  #shrink(): void {
    for (let looks = 0; looks < LOOKS && this.#rows.size > this.#parts.limits.table; looks++) {
      const [tag, row] = this.#rows.entries().next().value!
      this.#rows.delete(tag)
      if (row.holder !== undefined && this.#parts.isBorne(row.holder, tag)) this.#rows.set(tag, row)
    }
  }
}

function formerOf(later: readonly Former[], tag: string): Former | undefined {
  return later.find((former) => former.tag === tag)
}

// A generation that only a table has told, which may be behind, is not believed.
function compareFormer(value: string, former: Former | undefined, isBehind: boolean): TagState {
  if (former === undefined || (isBehind && !former.isProven)) return 'gone'
  return compareGenerations(value, former.value)
}

// Whether a tag has had its generation since before the log was at `start`. Then the record is of an older epoch, or of
// no later entry.
function isBefore({ head }: Pick<GenerationRecord, 'head'>, start: Head): boolean {
  if (head === undefined) return false
  if (sameEpoch(head.epoch, start.epoch)) return head.counter <= start.counter
  return head.epoch.ordinal < start.epoch.ordinal
}
