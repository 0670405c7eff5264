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

const LONGEST_TABLE = 100_000

/**
 * Which tags were invalidated when, in the order of one process: invalidating a tag is one step, however many
 * entries bear it, and an entry is visible while none of its tags was invalidated after its load or set began.
 */
export class TagTable {
  readonly #id: string
  readonly #limit: number
  // In the order of their last invalidation, the oldest first.
  readonly #invalidated = new Map<string, number>()
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

  /** Whatever bears one of the tags and began before this moment is no longer visible. */
  invalidate(tags: readonly string[]): void {
    this.#count++
    for (const tag of tags) {
      this.#invalidated.delete(tag)
      this.#invalidated.set(tag, this.#count)
    }
    while (this.#invalidated.size > this.#limit) {
      const [oldest, count] = this.#invalidated.entries().next().value!
      this.#invalidated.delete(oldest)
      this.#floor = count
    }
  }

  /** Whether none of its tags was invalidated since. */
  isCurrent(labels: Labels): boolean {
    if (labels.table !== this.#id) return false
    if (labels.since === this.#count) return true
    if (labels.since < this.#floor) return false
    for (const tag of labels.tags) if ((this.#invalidated.get(tag) ?? 0) > labels.since) return false
    labels.since = this.#count
    return true
  }
}
