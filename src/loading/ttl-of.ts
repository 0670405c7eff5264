import type { Clock, Random } from '../core/time/clock.ts'
import type { Settings } from '../options/resolve.ts'
import { ExpiringMap } from '../internal/expiring-map.ts'

/** Returns the ttl of a loaded value; 0 = it is not stored. */
export function ttlOf(
  value: unknown,
  settings: Settings,
  random: Random,
  clock: Pick<Clock, 'wallNow'>,
): number {
  const { endsAtMs, jitter = 0 } = settings
  const ttlMs = endsAtMs === undefined ? settings.ttlMs : endsAtMs - clock.wallNow()
  const { negativeTtlMs = ttlMs } = settings
  const chosenMs = value === null ? negativeTtlMs : ttlMs
  if (jitter === 0 || chosenMs === Infinity) return Math.max(0, chosenMs)
  return Math.max(0, chosenMs * (1 + jitter * (2 * random() - 1)))
}

/** Returns the remaining time up to which an entry of this ttl is loaded ahead of time; 0 = it is not. */
export function aheadMs(ttlMs: number, { refreshAhead }: Settings): number {
  return refreshAhead === undefined || ttlMs === Infinity ? 0 : ttlMs - ttlMs * refreshAhead
}

/**
 * The entries that live much shorter than their callers say, because else they would seem about to end from the start.
 */
export class ShortLived {
  readonly #ttls = new ExpiringMap<number>()

  /** Notes that an entry was stored. */
  note(key: string, ttlMs: number, settings: Settings, nowMs: number): void {
    if (settings.refreshAhead === undefined) return
    if (ttlMs < settings.ttlMs / 2) this.#ttls.set(key, ttlMs, nowMs + ttlMs, nowMs)
    else if (this.#ttls.size > 0) this.#ttls.delete(key)
  }

  /** Returns the ttl by which an entry is judged. */
  ttlOf(key: string, settings: Settings, nowMs: number): number {
    return this.#ttls.size === 0 ? settings.ttlMs : (this.#ttls.get(key, nowMs) ?? settings.ttlMs)
  }
}
