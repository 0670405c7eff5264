import { ExpiringMap } from '../internal/expiring-map.ts'
import type { Clock } from './clock.ts'

/** For how long an invalidation keeps out what is older than it. */
const FLOOR_MS = 60_000
/** The most keys with a floor; when there are more, the oldest floor ends before its minute. */
const MOST_FLOORS = 100_000

/** Which row versions of a key are too old to be stored, after what was invalidated with a version. */
export class RowVersions {
  readonly #clock: Pick<Clock, 'now'>
  readonly #floors = new ExpiringMap<bigint>(MOST_FLOORS)

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** For a minute, nothing older than `version` is stored. */
  raise(key: string, version: bigint | undefined): void {
    if (version === undefined) return
    const nowMs = this.#clock.now()
    const floor = this.#floors.get(key, nowMs) ?? 0n
    this.#floors.set(key, version > floor ? version : floor, nowMs + FLOOR_MS, nowMs)
  }

  /** Whether `version` is older than what is there, or was invalidated. A value without a version is never. */
  isOutdated(key: string, version: bigint | undefined, present: bigint | undefined): boolean {
    if (version === undefined) return false
    if (present !== undefined && version < present) return true
    if (this.#floors.size === 0) return false
    const floor = this.#floors.get(key, this.#clock.now())
    return floor !== undefined && version < floor
  }

  /** A value without a version replaces whatever there was. */
  forget(key: string): void {
    if (this.#floors.size > 0) this.#floors.delete(key)
  }
}
