import type { Random } from '../core/time/clock.ts'
import { systemRandom } from '../core/time/system.ts'
import { thinnedOut } from '../internal/thin-out.ts'

/** The data that an entry with tags keeps. They are plain, so that another store may keep them in any form. */
export interface Labels {
  /** The tags of the entry. */
  readonly tags: readonly string[]
  /** The table that judges the entry. It does not know the invalidations of another table. */
  readonly table: string
  /** The count of invalidations up to which none concerned its tags. */
  since: number
}

const LONGEST_TABLE = 100_000
/** The number of times at which a tag was invalidated with stale values. More of them are thinned out. */
const LONGEST_HISTORY = 16

/** An invalidation, in the order of the process and by its clock. */
interface Moment {
  readonly count: number
  readonly atMs: number
}

/**
 * The invalidations of tags, in the order of one process. Invalidating a tag is one step for any number of entries. An
 * entry is visible while none of its tags was invalidated after its load or set began.
 */
export class TagTable {
  readonly #id: string
  readonly #limit: number
  // Ordered by the last invalidation, the oldest first.
  readonly #gone = new Map<string, number>()
  readonly #stale = new Map<string, readonly Moment[]>()
  #count = 0
  // An entry from before this count may bear a tag whose record was dropped.
  #floor = 0

  /** `limit` is the most tags it remembers. If the oldest is dropped, older entries with tags become invisible, too. */
  constructor(random: Random = systemRandom, limit: number = LONGEST_TABLE) {
    this.#id = Math.floor(random() * 2 ** 48).toString(36)
    this.#limit = limit
  }

  /** The number of invalidations so far. A value read from now on is newer than all of them. */
  get count(): number {
    return this.#count
  }

  /** Returns labels for an entry whose load or set began at `since`, or `undefined` without tags. */
  labels(tags: readonly string[] | undefined, since: number = this.#count): Labels | undefined {
    return tags === undefined || tags.length === 0 ? undefined : { tags, table: this.#id, since }
  }

  /** The present count as text, which no other table understands. */
  get place(): string {
    return `${this.#id}/${this.#count}`
  }

  /** Returns those of `tags` that were invalidated since a place, or all of them if it is not known any more. */
  changedSince(tags: readonly string[], place: string): readonly string[] {
    const [id, text] = place.split('/')
    const since = Number(text)
    if (id !== this.#id || !(since >= this.#floor)) return tags
    return tags.filter(
      (tag) =>
        (this.#gone.get(tag) ?? 0) > since ||
        this.#stale.get(tag)?.some(({ count }) => count > since) === true,
    )
  }

  /** Makes entries with one of the tags invisible if they began before this moment. */
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

  /** Makes entries with one of the tags stale if they began before this moment. Their grace begins at `atMs`. */
  endFreshness(tags: readonly string[], atMs: number): void {
    const moment = { count: ++this.#count, atMs }
    for (const tag of tags) {
      const before = this.#stale.get(tag) ?? []
      this.#stale.delete(tag)
      this.#stale.set(tag, thinnedOut([...before, moment], LONGEST_HISTORY))
    }
    while (this.#stale.size > this.#limit) {
      const [oldest, history] = this.#stale.entries().next().value!
      this.#stale.delete(oldest)
      this.#floor = Math.max(this.#floor, history.at(-1)!.count)
    }
  }

  /**
   * Returns the time at which its tags end the freshness of an entry, and its grace begins. It is the time of the first
   * invalidation with stale values since its labels were made; `Infinity` = there was none; `-Infinity` = it is gone.
   */
  freshUntilMs(labels: Labels): number {
    const { tags, since } = labels
    if (labels.table !== this.#id) return -Infinity
    if (since === this.#count) return Infinity
    if (since < this.#floor) return -Infinity
    let firstMs = Infinity
    for (const tag of tags) {
      if ((this.#gone.get(tag) ?? 0) > since) return -Infinity
      const first = this.#stale.get(tag)?.find(({ count }) => count > since)
      if (first !== undefined && first.atMs < firstMs) firstMs = first.atMs
    }
    if (firstMs === Infinity) labels.since = this.#count
    return firstMs
  }
}
