import { ExpiringMap } from '../internal/expiring-map.ts'
import type { CounterBounds, Fill, Op, OpResult, Reading } from '../core/store.ts'
import type { AgeClock } from '../core/time/age-clock.ts'
import type { Random } from '../core/time/clock.ts'
import { belongs } from '../keys/tags.ts'
import { LeaseTable } from './lease-table.ts'
import { TagTable, type Labels } from './tag-table.ts'

export const DONE: OpResult = Object.freeze({ ok: true })
export const NOT_DONE: OpResult = Object.freeze({ ok: false })
export const OUTDATED: OpResult = Object.freeze({ ok: false, outdated: true })
export const PRESENT: OpResult = Object.freeze({ ok: false, present: true })

/** The time for which an invalidation keeps out older values. */
const FLOOR_MS = 60_000
/** The most keys with a floor. If there are more, the oldest floor ends before its minute. */
const MOST_FLOORS = 100_000

/** The attributes of an entry by which its readers see it. */
export interface Life {
  readonly labels?: Labels | undefined
  /** The end of its freshness by the monotonic clock; `Infinity` = only its store ends it. */
  readonly freshUntilMs: number
  /** The milliseconds after that in which it is stale. */
  readonly graceMs: number
}

/**
 * The rules of entries in one process, whatever keeps them: when an entry is visible, stale or gone, and which values
 * are too old to be stored.
 */
export class EntryRules {
  readonly leases: LeaseTable
  readonly tags: TagTable
  readonly #clock: AgeClock
  // The row versions of keys below which values are too old, after invalidations with a version.
  readonly #floors = new ExpiringMap<bigint>(MOST_FLOORS)

  /** `random` makes the mark that tells the tags of this process from those of another. */
  constructor(clock: AgeClock, random?: Random) {
    this.leases = new LeaseTable(clock)
    this.tags = new TagTable(random)
    this.#clock = clock
  }

  /** Returns the end of an entry's freshness, which its tags may have brought forward; `-Infinity` = it is gone. */
  freshUntilMs(labels: Labels | undefined, ownMs: number): number {
    return labels === undefined ? ownMs : Math.min(ownMs, this.tags.freshUntilMs(labels))
  }

  /** Whether a reader with these conditions sees an entry with this life. */
  sees({ labels, freshUntilMs, graceMs }: Life, reading: Reading | undefined): boolean {
    if (!mayRead(labels, reading)) return false
    const untilMs = reading?.stale === true ? freshUntilMs + graceMs : freshUntilMs
    return untilMs === Infinity || untilMs > this.#clock.now()
  }

  /** Whether a value that began its life with these labels is not invalidated yet. */
  isCurrent(labels: Labels | undefined): boolean {
    return labels === undefined || this.tags.freshUntilMs(labels) === Infinity
  }

  /** Invalidates entries with one of the tags, and voids their loads. */
  invalidateTags(tags: readonly string[], keepStale = false): void {
    if (tags.length === 0) return
    if (keepStale) this.tags.endFreshness(tags, this.#clock.now())
    else this.tags.invalidate(tags)
    this.leases.voidTags(tags)
  }

  /**
   * Voids the loads of a key that is about to change, and ends its cool-down unless the call is outdated. An `expire`
   * decides by itself.
   */
  void(op: Op, isOutdated: boolean): void {
    if (op.kind === 'expire') return
    this.leases.void(op.key, isOutdated)
    // A set without a version replaces any entry. A loaded value does not.
    if ((op.kind === 'set' || op.kind === 'add') && op.rowVersion === undefined && this.#floors.size > 0)
      this.#floors.delete(op.key)
  }

  /** Whether `version` is older than the present or an invalidated one. A value without a version never is. */
  isOutdated(key: string, version: bigint | undefined, present: bigint | undefined): boolean {
    if (version === undefined) return false
    if (present !== undefined && version < present) return true
    const floor = this.#floors.size === 0 ? undefined : this.#floors.get(key, this.#clock.running.now())
    return floor !== undefined && version < floor
  }

  /** Keeps values older than `version` out for a minute. `false` = it is outdated itself. */
  raise(key: string, version: bigint | undefined, present: bigint | undefined): boolean {
    if (version === undefined) return true
    if (this.isOutdated(key, version, present)) return false
    const nowMs = this.#clock.running.now()
    this.#floors.set(key, version, nowMs + FLOOR_MS, nowMs)
    return true
  }
}

/** Whether a reader may use an entry with these labels, if it is fresh. */
export function mayRead(labels: Labels | undefined, reading: Reading | undefined): boolean {
  return reading === undefined || (reading.skip !== 'l1' && belongs(labels?.tags, reading.tags))
}

/** Returns the tags of a loaded value: those of its lease and those that its loader named. */
export function tagsOfFill({ lease, tags }: Fill): readonly string[] | undefined {
  if (tags === undefined || tags.length === 0) return lease.tags
  return lease.tags === undefined ? tags : [...new Set([...lease.tags, ...tags])]
}

/**
 * Returns the number after a step of a counter, within its bounds. It is `undefined` if `before` or the result is not a
 * safe integer. -0 is none.
 */
export function counterStep(before: unknown, by: number, { min, max }: CounterBounds): number | undefined {
  if (typeof before !== 'number' || !Number.isSafeInteger(before) || Object.is(before, -0)) return undefined
  const after = before + by
  if (by > 0 && max !== undefined && after > max) return Math.max(before, max)
  if (by < 0 && min !== undefined && after < min) return Math.min(before, min)
  return Number.isSafeInteger(after) ? after : undefined
}
