import type { Clock } from '../../core/time/clock.ts'

const KEPT_MS = 60_000
const MOST_INVALIDATIONS = 1000
const MOST_REQUESTS = 10_000

interface Invalidation {
  readonly number: number
  readonly atMs: number
  readonly tags: ReadonlySet<string>
}

/**
 * The invalidations of this process in the last minute, and the requests that found nothing. A response is not kept if
 * one of its tags was invalidated while it was made.
 */
export class RecentInvalidations {
  readonly #clock: Clock
  readonly #requests = new Map<string, number>()
  #invalidations: Invalidation[] = []
  #count = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Notes that a response may be made from now on. The earliest of several requests counts. `true` = this is the
   * earliest.
   */
  began(id: string): boolean {
    if (this.#requests.has(id)) return false
    this.#requests.set(id, this.#count)
    if (this.#requests.size > MOST_REQUESTS) {
      const [oldest] = this.#requests.keys()
      this.#requests.delete(oldest!)
    }
    return true
  }

  /** Notes that no response is made. */
  ended(id: string): void {
    this.#requests.delete(id)
  }

  /** Notes an invalidation. */
  note(tags: readonly string[]): void {
    const nowMs = this.#clock.now()
    const recent = this.#invalidations.filter(({ atMs }) => nowMs - atMs < KEPT_MS)
    this.#invalidations = recent.slice(-MOST_INVALIDATIONS + 1)
    this.#invalidations.push({ number: ++this.#count, atMs: nowMs, tags: new Set(tags) })
  }

  /** Whether a response with these tags, which is there now, is out of date. */
  isOutdated(id: string, tags: readonly string[]): boolean {
    const began = this.#requests.get(id) ?? 0
    this.#requests.delete(id)
    return this.#invalidations.some(
      ({ number, tags: invalidated }) => number > began && tags.some((tag) => invalidated.has(tag)),
    )
  }
}
