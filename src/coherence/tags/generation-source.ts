import { StoreUnavailableError } from '../../core/errors.ts'
import type { GenerationRecord, Generations } from '../../core/remote/generations.ts'
import type { Head } from '../../core/remote/log.ts'
import type { MaybePromise } from '../../core/promise.ts'
import type { Reading } from '../../core/store.ts'
import { readToken, tokenOf, type TokenPart } from '../../core/token.ts'
import type { LogFollowers } from '../log/log-followers.ts'
import { sameEpoch } from '../log/seen-heads.ts'
import type { NodeState } from '../node-state.ts'
import type { Former, GenerationTable, Lives } from './generation-table.ts'
import { RecordReads, type Records } from './record-reads.ts'
import type { TagInvalidator } from './tag-invalidator.ts'
import { bears, compareGenerations, worstOf, type TagState } from './tag-state.ts'

// The number of questions after which the answer to the first sync counts as missing.
const PLACE_ROUNDS = 5

/**
 * Answers by the table of generations, and asks the server for the records that the table lacks or may be behind with.
 * From the first question on, this node follows the log of generations.
 */
export class GenerationSource {
  readonly #state: NodeState
  readonly #table: GenerationTable
  readonly #tags: TagInvalidator
  readonly #followers: LogFollowers
  readonly #records: RecordReads

  constructor(state: NodeState, tags: TagInvalidator, followers: LogFollowers) {
    this.#state = state
    this.#table = state.table
    this.#tags = tags
    this.#followers = followers
    this.#records = new RecordReads(state)
  }

  /**
   * Returns the generations of tags for a load or set that begins now, and whose entry will live for so long. @throws
   * if a record is unknown here, or may end before the entry does, and can't be read.
   */
  current(lives: Lives, untilMs: number): MaybePromise<Generations> {
    const short = this.#table.lacking(lives)
    if (short.length > 0) return this.#currentOf(lives, short, untilMs)
    return Array.from(lives.keys(), (tag) => ({ tag, value: this.#table.known(tag) ?? this.#table.draw() }))
  }

  /**
   * Has the server keep records for as long as entries that bear them live; `undefined` = it does already. A failure is
   * ignored, because a record that ends too soon only hides the entry, which is a miss.
   */
  prolong(
    generations: Generations | undefined,
    lifeMs: number,
    untilMs: number,
  ): Promise<unknown> | undefined {
    const lives = new Map((generations ?? []).map(({ tag }) => [tag, lifeMs]))
    const short = this.#table.lacking(lives)
    return short.length === 0 ? undefined : this.#read(short, untilMs, lives).catch(() => undefined)
  }

  /**
   * Returns the same for a writer. Queued tags are sent first, because an entry that bears a local generation is lost
   * when the invalidation is acknowledged. @throws as {@link GenerationSource.current} does, and if it is not
   * acknowledged.
   */
  currentForWrite(lives: Lives, untilMs: number): MaybePromise<Generations> {
    if (this.#table.queue.isEmpty) return this.current(lives, untilMs)
    const queued = [...lives.keys()].filter((tag) => this.#table.queue.get(tag) !== undefined)
    return queued.length === 0 ? this.current(lives, untilMs) : this.#currentAfter(queued, lives, untilMs)
  }

  /**
   * Returns the same for an add, as the server has them now. A table that is behind would give the entry a generation
   * that hides it, and the next caller would add another one. @throws as {@link GenerationSource.currentForWrite} does.
   */
  async currentForAdd(lives: Lives, untilMs: number): Promise<Generations> {
    const tags = [...lives.keys()]
    await this.#settled(
      tags.filter((tag) => this.#table.queue.get(tag) !== undefined),
      untilMs,
    )
    return this.#currentOf(lives, tags, untilMs)
  }

  async #currentOf(lives: Lives, short: readonly string[], untilMs: number): Promise<Generations> {
    const read = await this.#read(short, untilMs, lives)
    return Array.from(lives.keys(), (tag) => ({
      tag,
      value: read.get(tag)?.value ?? this.#table.known(tag) ?? this.#table.draw(),
    }))
  }

  async #currentAfter(queued: readonly string[], lives: Lives, untilMs: number): Promise<Generations> {
    await this.#settled(queued, untilMs)
    return this.current(lives, untilMs)
  }

  async #settled(queued: readonly string[], untilMs: number): Promise<void> {
    if (queued.length === 0) return
    await this.#state.time.inTime(this.#tags.settle(queued), untilMs)
    if (queued.some((tag) => this.#table.queue.get(tag) !== undefined))
      throw new StoreUnavailableError('the invalidation of a tag was not acknowledged yet')
  }

  /**
   * Returns the generations of tags that a loader has named; `undefined` if one of them may have changed since the load
   * began. `start` is the head of the log at that time. @throws as {@link GenerationSource.current} does.
   */
  async unchangedSince(
    tags: readonly string[],
    start: Head | undefined,
    lifeMs: number,
    untilMs: number,
  ): Promise<Generations | undefined> {
    const lives = new Map(tags.map((tag) => [tag, lifeMs]))
    const unknown = tags.filter((tag) => this.#table.record(tag) === undefined)
    const read = unknown.length === 0 ? undefined : await this.#read(unknown, untilMs, lives)
    // Records of another history are not comparable with `start`.
    if (start === undefined || !this.#table.partition.isOf(start.epoch)) return undefined
    const generations = tags.map((tag) => {
      const record =
        this.#table.queue.get(tag) === undefined ? (read?.get(tag) ?? this.#table.record(tag)) : undefined
      return record !== undefined && isBefore(record, start) ? { tag, value: record.value } : undefined
    })
    return generations.every((generation) => generation !== undefined) ? generations : undefined
  }

  /** Returns the latest known head of the log of generations, as a token. @throws if no head can be known. */
  place(): MaybePromise<string> {
    this.#followers.followGenerations()
    const { partition, seen } = this.#table
    return seen === undefined ? this.#firstPlace() : tokenOf([{ partition: partition.name, head: seen }])
  }

  /**
   * Returns those of `tags` that may have another generation than at a place, by the same rule as {@link
   * GenerationSource.unchangedSince}. @throws as {@link GenerationSource.current} does.
   */
  async changedSince(
    tags: readonly string[],
    place: string,
    lifeMs: number,
    untilMs: number,
  ): Promise<readonly string[]> {
    this.#followers.followGenerations()
    const { partition } = this.#table
    const start = readToken(place)?.[0]
    if (start === undefined || start.partition !== partition.name) return tags
    if (partition.applied === undefined) await this.#firstPlace()
    const lives = new Map(tags.map((tag) => [tag, lifeMs]))
    const isBehind = !partition.isSynced(this.#state.settings.maxLagMs)
    const asked = isBehind ? tags : this.#table.lacking(lives)
    const read = asked.length === 0 ? undefined : await this.#read(asked, untilMs, lives)
    if (!partition.isOf(start.epoch)) return tags
    return tags.filter((tag) => {
      if (this.#table.queue.get(tag) !== undefined) return true
      const record = read?.get(tag) ?? this.#table.record(tag)
      return record === undefined || !isBefore(record, start)
    })
  }

  // The answer to the first sync is on its way, and each question after it takes no less time.
  async #firstPlace(): Promise<string> {
    const { partition } = this.#table
    for (let rounds = 0; partition.applied === undefined && rounds < PLACE_ROUNDS; rounds++)
      await this.#state.remote.heads([partition.name])
    if (partition.applied === undefined)
      throw new StoreUnavailableError('the log of generations is not known yet')
    return tokenOf([{ partition: partition.name, head: this.#table.seen }])
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
    since: number = this.#table.version,
  ): MaybePromise<TagState> {
    if (!bears(generations, tags)) return 'gone'
    if (generations === undefined) return 'fresh'
    const isBehind = mustAsk || !this.#table.partition.isSynced(this.#state.settings.maxLagMs)
    const later = this.#table.supersededSince(since)
    const verdicts: TagState[] = []
    const open = generations.filter(({ tag, value }) => {
      const then = compareFormer(value, formerOf(later, tag), isBehind)
      const item = this.#table.queue.get(tag)
      if (then !== 'gone') verdicts.push(then)
      // A queued generation decides alone, because the server's record is old. It knows nothing of a token, though.
      else if (item !== undefined)
        verdicts.push(mustAsk ? 'gone' : compareGenerations(value, item.generation))
      else return isBehind || this.#table.known(tag) !== value
      return false
    })
    if (open.length === 0 || verdicts.includes('gone')) return worstOf(verdicts)
    return this.#ask(open, untilMs, mustAsk, since).then((verdict) => worstOf([...verdicts, verdict]))
  }

  /**
   * Judges an entry for an add, by the records that the server has now. @throws if they can't be read, because an entry
   * that may be visible must not be replaced.
   */
  async showsNow(
    generations: Generations | undefined,
    { tags }: Reading,
    untilMs: number,
    since: number,
  ): Promise<TagState> {
    if (!bears(generations, tags)) return 'gone'
    return generations === undefined ? 'fresh' : this.#judge(generations, untilMs, since)
  }

  async #judge(generations: Generations, untilMs: number, since: number): Promise<TagState> {
    const read = await this.#read(
      generations.map(({ tag }) => tag),
      untilMs,
    )
    const later = this.#table.supersededSince(since)
    const verdicts: TagState[] = []
    for (const { tag, value } of generations) {
      const former = formerOf(later, tag)
      // An answer that comes too late, or never, tells nothing.
      if (former?.answer !== undefined)
        await this.#state.time.inTime(former.answer, untilMs).catch(() => undefined)
      const then = compareFormer(value, former, true)
      verdicts.push(then === 'gone' ? compareGenerations(value, read.get(tag)!.value) : then)
    }
    return worstOf(verdicts)
  }

  async #ask(generations: Generations, untilMs: number, mustAsk: boolean, since: number): Promise<TagState> {
    const { settings } = this.#state
    try {
      return await this.#judge(generations, untilMs, since)
    } catch {
      const mayAgree = !mustAsk && settings.policy !== 'strict'
      const isKnown = mayAgree && this.#table.partition.isSynced(settings.maxStaleMs)
      return isKnown ? this.#table.agrees(generations) : 'gone'
    }
  }

  // Records that were true at some moment of the call are enough for its caller.
  #read(tags: readonly string[], untilMs: number, lives?: Lives): Promise<Records> {
    this.#followers.followGenerations()
    return this.#records.read(tags, untilMs, lives)
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
function isBefore(
  { head }: Pick<GenerationRecord, 'head'>,
  start: Pick<TokenPart, 'epoch' | 'counter'>,
): boolean {
  if (head === undefined) return false
  if (sameEpoch(head.epoch, start.epoch)) return head.counter <= start.counter
  return head.epoch.ordinal < start.epoch.ordinal
}
