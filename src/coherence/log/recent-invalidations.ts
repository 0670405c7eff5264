import type { Clock } from '../../core/time/clock.ts'
import type { Epoch, LogEntry, Replayable } from '../../core/remote/log.ts'
import type { AppliedChange } from '../../core/trail.ts'
import { ExpiringMap } from '../../internal/expiring-map.ts'

/** The number of own flushes whose messages are still known. */
const MOST_FLUSHES = 1000

interface Journaled {
  readonly entry: Replayable
  readonly birth: number
  readonly atMs: number
  /** The time at which this node first learned of it. */
  readonly firstMs: number
  /** Whether this node gave up all that it had of the item when the invalidation was answered. */
  readonly isForgotten: boolean
}

/**
 * The invalidations of one partition that this node has applied in the last minute, its own and others'. Each has its
 * place in the log. They are logged again if a server loses them (docs/coherence.md, C9).
 */
export class RecentInvalidations {
  readonly #clock: Clock
  readonly #journalMs: number
  readonly #limit: number
  readonly #entries = new Map<string, Journaled>()
  // Stamps of this node's own flushes, after each of which it gave up all that it had.
  readonly #flushes = new ExpiringMap<true>(MOST_FLUSHES)

  /**
   * `limit` is the most entries it holds. It is at most half the log's length, so that a log can tell which of them it
   * has.
   */
  constructor(clock: Clock, journalMs: number, limit: number) {
    this.#clock = clock
    this.#journalMs = journalMs
    this.#limit = limit
  }

  /**
   * Notes an invalidation. A replayed one replaces the one that it replays, at its new place. A flush is not repeated.
   */
  add(
    { kind, item, stamp, counter, origin = stamp }: Omit<LogEntry, 'previous'>,
    { birth }: Epoch,
    isForgotten: boolean = this.isForgotten(origin),
  ): void {
    if (kind === 'flush') {
      const nowMs = this.#clock.now()
      if (isForgotten) this.#flushes.set(stamp, true, nowMs + this.#journalMs, nowMs)
      return
    }
    const atMs = this.#clock.now()
    const firstMs = this.#entries.get(origin)?.firstMs ?? atMs
    this.#entries.delete(origin)
    const entry = { kind, item, stamp: origin, counter }
    this.#entries.set(origin, { entry, birth, atMs, firstMs, isForgotten })
    // Many are deleted at once, because the first item of a map whose first items were deleted takes long to find.
    if (this.#entries.size > this.#limit) this.#prune(this.#limit - (this.#limit >> 3))
  }

  /** Whether it has the invalidation with this stamp. */
  has(stamp: string): boolean {
    return this.#entries.has(stamp)
  }

  /** Whether this node gave up all that it had of the item when the invalidation with this stamp was answered. */
  isForgotten(stamp: string): boolean {
    if (this.#entries.get(stamp)?.isForgotten === true) return true
    return this.#flushes.size > 0 && this.#flushes.get(stamp, this.#clock.now()) === true
  }

  /** Whether no invalidation is young enough to be replayed. */
  get isEmpty(): boolean {
    this.#prune()
    return this.#entries.size === 0
  }

  /**
   * Returns the invalidations that are young enough to be replayed into this epoch, oldest first. A log that was born
   * later than an entry's cannot tell whether the server has lost it.
   */
  recent({ birth }: Epoch): readonly Replayable[] {
    this.#prune()
    return [...this.#entries.values()].flatMap((one) => (one.birth >= birth ? [one.entry] : []))
  }

  /** Returns the invalidations of these items, oldest first. */
  of(kind: 'key' | 'tag', items: readonly string[]): readonly AppliedChange[] {
    const nowMs = this.#clock.now()
    return [...this.#entries.values()].flatMap(({ entry: { kind: its, item, counter }, firstMs }) =>
      its === kind && items.includes(item) ? [{ kind, item, counter, ageMs: nowMs - firstMs }] : [],
    )
  }

  #prune(most: number = this.#limit): void {
    const sinceMs = this.#clock.now() - this.#journalMs
    for (const [stamp, { atMs }] of this.#entries) {
      if (atMs >= sinceMs && this.#entries.size <= most) return
      this.#entries.delete(stamp)
    }
  }
}
