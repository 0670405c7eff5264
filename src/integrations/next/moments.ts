/** A place in the order of all invalidations that was reached at a time. */
interface Moment {
  readonly atMs: number
  readonly place: string
}

/** The most moments that are remembered. Entries that began before the oldest of them are not stored. */
const MOST = 1_000

/**
 * The places that this process knew of the order of all invalidations, and when. By them an entry that Next.js hands
 * over at its end gets the place that was reached when its function began. Times are of one process and its own clock.
 */
export class Moments {
  readonly #moments: Moment[] = []

  /** Notes that a place was reached at this time. */
  note(place: string, atMs: number): void {
    if (this.#moments.at(-1)?.place === place) return
    this.#moments.push({ place, atMs })
    if (this.#moments.length > MOST) this.#moments.shift()
  }

  /** Returns a place that was reached at that time, the latest known; `undefined` = none is known. */
  at(ms: number): string | undefined {
    return this.#moments.findLast(({ atMs }) => atMs <= ms)?.place
  }
}
