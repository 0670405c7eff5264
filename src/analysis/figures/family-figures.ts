import type { Tier } from '../../core/store.ts'
import type { FamilyCounts } from '../snapshot.ts'
import { ChangeRate } from './change-rate.ts'
import { Histogram } from './histogram.ts'
import { Mean } from './mean.ts'

/** The running figures of a family. They take some five kilobytes at most. */
export class FamilyFigures {
  readonly family: string
  readonly changes: ChangeRate = new ChangeRate()
  readonly sizes: Histogram = new Histogram()
  readonly ages: Histogram = new Histogram()
  stale = 0
  misses = 0
  coalesced = 0
  ttlMs: number = Infinity
  readonly #loadTimes = new Histogram()
  readonly #loadMs = new Mean()
  readonly #hits: Record<Tier, number> = { l1: 0, l2: 0 }
  readonly #lives = { ended: 0, unread: 0, invalidatedUnread: 0 }
  #hitVariance = 0
  #loads = 0
  #refreshes = 0
  #failures = 0

  constructor(family: string) {
    this.family = family
  }

  /** Notes a hit that stands for `weight` hits. */
  hit(tier: Tier, weight: number): void {
    this.#hits[tier] += weight
    // One of `weight` hits is noted by chance.
    this.#hitVariance += weight * (weight - 1)
  }

  /** Notes the load of a key by a call that loaded so many. */
  loaded(durationMs: number, keys: number, isBackground: boolean, isFailure: boolean): void {
    this.#loads++
    if (isBackground) this.#refreshes++
    if (isFailure) this.#failures++
    else this.#loadMs.add(durationMs / keys)
    this.#loadTimes.add(durationMs, 1 / keys)
  }

  /** Notes the end of an entry. */
  ended(wasRead: boolean, wasInvalidated: boolean): void {
    this.#lives.ended++
    if (wasRead) return
    this.#lives.unread++
    if (wasInvalidated) this.#lives.invalidatedUnread++
  }

  /** Notes that a key was read whose last entry had ended without a read. */
  readLater(): void {
    this.#lives.unread--
  }

  /** Returns the figures as plain JSON. */
  counts(): FamilyCounts {
    return {
      family: this.family,
      hits: { ...this.#hits },
      hitVariance: this.#hitVariance,
      stale: this.stale,
      misses: this.misses,
      coalesced: this.coalesced,
      loads: this.#loads,
      refreshes: this.#refreshes,
      failures: this.#failures,
      loadMs: this.#loadMs.data(),
      loadTimes: this.#loadTimes.data(),
      sizes: this.sizes.data(),
      ages: this.ages.data(),
      changes: this.changes.data(),
      lives: { ...this.#lives },
      ...(this.ttlMs !== Infinity && { ttlMs: this.ttlMs }),
    }
  }
}
