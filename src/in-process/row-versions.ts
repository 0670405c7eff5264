import { ExpiringMap } from '../internal/expiring-map.ts'
import type { Clock } from '../core/time/clock.ts'

/** The time for which an invalidation keeps out older values. */
const FLOOR_MS = 60_000
/** The most keys with a floor. If there are more, the oldest floor ends before its minute. */
const MOST_FLOORS = 100_000

/** The row versions of keys below which values are too old to be stored, after invalidations with a version. */
export class RowVersions {
  readonly #clock: Pick<Clock, 'now'>
  readonly #floors = new ExpiringMap<bigint>(MOST_FLOORS)

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** Keeps values older than `version` out for a minute. */
  raise(key: string, version: bigint | undefined): void {
    if (version === undefined) return
    const nowMs = this.#clock.now()
    const floor = this.#floors.get(key, nowMs) ?? 0n
    this.#floors.set(key, version > floor ? version : floor, nowMs + FLOOR_MS, nowMs)
  }

  /** Whether `version` is older than the present or an invalidated one. A value without a version never is. */
  isOutdated(key: string, version: bigint | undefined, present: bigint | undefined): boolean {
    if (version === undefined) return false
    if (present !== undefined && version < present) return true
    if (this.#floors.size === 0) return false
    const floor = this.#floors.get(key, this.#clock.now())
    return floor !== undefined && version < floor
  }

  /** Removes the floor of a key, because a value without a version replaces anything. */
  forget(key: string): void {
    if (this.#floors.size > 0) this.#floors.delete(key)
  }
}
