import type { Clock } from '../core/clock.ts'
import type { LogEntry, Replayable } from '../core/remote-store.ts'

/**
 * The invalidations of one partition that this node has applied of late, its own and others', to be logged again
 * should the server lose them (docs/coherence.md, C9).
 */
export class Journal {
  readonly #clock: Clock
  readonly #journalMs: number
  readonly #limit: number
  readonly #entries = new Map<string, { readonly entry: Replayable; readonly atMs: number }>()

  /** `limit` is the most entries it holds: above half the log's length, a log could not tell what it has of them. */
  constructor(clock: Clock, journalMs: number, limit: number) {
    this.#clock = clock
    this.#journalMs = journalMs
    this.#limit = limit
  }

  /** Notes an invalidation; a replayed one is the one it replays. */
  add({ kind, item, stamp, origin = stamp }: Pick<LogEntry, 'kind' | 'item' | 'stamp' | 'origin'>): void {
    this.#entries.delete(origin)
    this.#entries.set(origin, { entry: { kind, item, stamp: origin }, atMs: this.#clock.now() })
    this.#prune()
  }

  /** Whether it has the invalidation with this stamp. */
  has(stamp: string): boolean {
    return this.#entries.has(stamp)
  }

  /** What is young enough to be replayed, oldest first. */
  recent(): readonly Replayable[] {
    this.#prune()
    return [...this.#entries.values()].map(({ entry }) => entry)
  }

  #prune(): void {
    const sinceMs = this.#clock.now() - this.#journalMs
    for (const [stamp, { atMs }] of this.#entries) {
      if (atMs >= sinceMs && this.#entries.size <= this.#limit) return
      this.#entries.delete(stamp)
    }
  }
}
