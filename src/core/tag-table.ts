import type { Random } from './clock.ts'
import { systemRandom } from './system.ts'

/** What an entry with tags remembers: plain data, so that a store of one's own may keep it in any form. */
export interface Labels {
  /** The tags it bears. */
  readonly tags: readonly string[]
  /** The table by which it is judged: the invalidations of another one are not known here. */
  readonly table: string
  /** The invalidation up to which none of its tags was among the invalidated. */
  since: number
}

/** What becomes of an entry by its tags: `stale` = one was invalidated, and what has grace may be served as stale. */
export type Verdict = 'fresh' | 'stale' | 'gone'

const LONGEST_TABLE = 100_000
/** How many invalidations of a tag that leave stale values are told apart by their time. */
const LONGEST_HISTORY = 8

/** An invalidation, in the order of the process and by its clock. */
interface Moment {
  readonly count: number
  readonly atMs: number
}

/**
 * Which tags were invalidated when, in the order of one process: invalidating a tag is one step, however many
 * entries bear it, and an entry is visible while none of its tags was invalidated after its load or set began.
 */
export class TagTable {
  readonly #id: string
  readonly #limit: number
  // In the order of their last invalidation, the oldest first.
  readonly #gone = new Map<string, number>()
  readonly #stale = new Map<string, readonly Moment[]>()
  #count = 0
  // An entry older than this may bear a tag whose record was dropped.
  #floor = 0

  /** `limit` is the most tags it remembers; when the oldest is dropped, entries with tags older than it go, too. */
  constructor(random: Random = systemRandom, limit: number = LONGEST_TABLE) {
    this.#id = Math.floor(random() * 2 ** 48).toString(36)
    this.#limit = limit
  }

  /** How many invalidations there were: what is read from here on is newer than all of them. */
  get count(): number {
    return this.#count
  }

  /** Labels for an entry whose load or set began at `since`; `undefined` without tags. */
  labels(tags: readonly string[] | undefined, since: number = this.#count): Labels | undefined {
    return tags === undefined || tags.length === 0 ? undefined : { tags, table: this.#id, since }
  }

  /** Entries with one of the tags that began before this moment are no longer visible. */
  invalidate(tags: readonly string[]): void {
    this.#count++
    for (const tag of tags) {
      this.#gone.delete(tag)
      this.#gone.set(tag, this.#count)
    }
    while (this.#gone.size > this.#limit) {
      const [oldest, count] = this.#gone.entries().next().value!
      this.#gone.delete(oldest)
      this.#floor = Math.max(this.#floor, count)
    }
  }

  /** Entries with one of the tags that began before this moment are no longer fresh: their grace begins at `atMs`. */
  endFreshness(tags: readonly string[], atMs: number): void {
    const moment = { count: ++this.#count, atMs }
    for (const tag of tags) {
      const before = this.#stale.get(tag) ?? []
      this.#stale.delete(tag)
      this.#stale.set(tag, [...before.slice(1 - LONGEST_HISTORY), moment])
    }
    while (this.#stale.size > this.#limit) {
      const [oldest, history] = this.#stale.entries().next().value!
      this.#stale.delete(oldest)
      this.#floor = Math.max(this.#floor, history.at(-1)!.count)
    }
  }

  /** When the grace of an entry began by the first invalidation of one of its tags; for what is stale by them. */
  staleSince({ tags, since }: Labels): number {
    let firstMs = Infinity
    for (const tag of tags) {
      const first = this.#stale.get(tag)?.find(({ count }) => count > since)
      if (first !== undefined && first.atMs < firstMs) firstMs = first.atMs
    }
    return firstMs
  }

  /** Whether one of its tags was invalidated since. */
  judge(labels: Labels): Verdict {
    const { tags, since } = labels
    if (labels.table !== this.#id) return 'gone'
    if (since === this.#count) return 'fresh'
    if (since < this.#floor) return 'gone'
    for (const tag of tags) if ((this.#gone.get(tag) ?? 0) > since) return 'gone'
    if (this.#stale.size > 0 && this.staleSince(labels) < Infinity) return 'stale'
    labels.since = this.#count
    return 'fresh'
  }
}
