import type { AgeClock } from '../core/time/age-clock.ts'
import type { EpochId, Head } from '../core/remote/log.ts'
import type { TokenPart } from '../core/token.ts'
import { sameEpoch } from './log/seen-heads.ts'

/** A node's knowledge of one partition: what it has applied of the log, and how much it keeps (docs/coherence.md, C1). */
export class PartitionState {
  readonly name: string
  readonly #clock: AgeClock
  /** The last entry applied; `undefined` before the first sync. Only a sync replaces or lowers it. */
  applied: Head | undefined
  /** The moment, in the order of the node's events, before which kept entries may be old. */
  flushedAt = 0
  /** The moment, in the same order, before which entries that were kept without the server are no longer served. */
  outageEndedAt = 0
  /** The time of the question whose answer left nothing missing. */
  syncedAtMs: number = -Infinity
  // The number of kept entries, at most, and the time at which the last of them ends.
  #kept = 0
  #keptUntilMs = -Infinity

  constructor(name: string, clock: AgeClock) {
    this.name = name
    this.#clock = clock
  }

  /**
   * Whether the kept entries of the partition miss nothing older than `maxAgeMs`. It is `false` between a suspension of
   * the machine and the next sync.
   */
  isSynced(maxAgeMs: number, nowMs: number = this.#clock.now()): boolean {
    return nowMs - this.syncedAtMs <= maxAgeMs && this.syncedAtMs >= this.#clock.resumedAtMs
  }

  /** The milliseconds since the last moment at which nothing was missing. */
  get syncAgeMs(): number {
    return this.#clock.now() - this.syncedAtMs
  }

  /** Whether the partition has applied a log of that epoch. */
  isOf(epoch: EpochId): boolean {
    return this.applied !== undefined && sameEpoch(this.applied.epoch, epoch)
  }

  /** Whether this node has applied all that the log had at this point. */
  hasReached({ epoch, counter }: Pick<TokenPart, 'epoch' | 'counter'>): boolean {
    return this.isOf(epoch) && this.applied!.counter >= counter
  }

  /** Whether an entry is kept that may still be served. */
  get isKeeping(): boolean {
    return this.#kept > 0 && this.#clock.now() < this.#keptUntilMs
  }

  /** Notes that an entry is kept for at most `forMs`, in the place of another one unless `isMore`. */
  keeps(forMs: number, isMore: boolean): void {
    if (isMore) this.#kept++
    this.#keptUntilMs = Math.max(this.#keptUntilMs, this.#clock.now() + forMs)
  }

  /** Notes that an entry is not kept any more. */
  dropped(): void {
    this.#kept--
  }

  /** Gives up everything that was kept before `event`, in the order of the node's events. */
  flushed(event: number): void {
    this.flushedAt = Math.max(this.flushedAt, event)
    this.#kept = 0
    this.#keptUntilMs = -Infinity
  }
}
