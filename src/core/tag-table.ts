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

/**
 * Which tags were invalidated when, in the order of one process: invalidating a tag is one step, however many
 * entries bear it, and an entry is visible while none of its tags was invalidated after its load or set began.
 */
export class TagTable {
  readonly #id: string
  readonly #limit: number
  // In the order of their last invalidation, the oldest first.
  readonly #gone = new Map<string, number>()
  readonly #stale = new Map<string, number>()
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

  /** Whatever bears one of the tags and began before this moment is no longer visible, or no longer fresh. */
  invalidate(tags: readonly string[], keepStale = false): void {
    this.#count++
    const records = keepStale ? this.#stale : this.#gone
    for (const tag of tags) {
      records.delete(tag)
      records.set(tag, this.#count)
    }
    while (records.size > this.#limit) {
      const [oldest, count] = records.entries().next().value!
      records.delete(oldest)
      this.#floor = Math.max(this.#floor, count)
    }
  }

  /** Whether one of its tags was invalidated since. */
  judge(labels: Labels): Verdict {
    const { tags, since } = labels
    if (labels.table !== this.#id) return 'gone'
    if (since === this.#count) return 'fresh'
    if (since < this.#floor) return 'gone'
    if (isAfter(this.#gone, tags, since)) return 'gone'
    if (this.#stale.size > 0 && isAfter(this.#stale, tags, since)) return 'stale'
    labels.since = this.#count
    return 'fresh'
  }
}

function isAfter(records: ReadonlyMap<string, number>, tags: readonly string[], since: number): boolean {
  for (const tag of tags) if ((records.get(tag) ?? 0) > since) return true
  return false
}
