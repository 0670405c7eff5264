import { changeInterval, type ChangeData } from '../figures/change-rate.ts'
import type { Advice, FamilySnapshot } from '../snapshot.ts'
import { anHour } from './size.ts'
import { countText, percentText, roughText, roundTime, timeText } from './words.ts'

/** The number of repeated loads and invalidations below which nothing is said of the ttl. */
export const LEAST_CHANGES = 30
/** A ttl is said to be too short only if it could be so many times as long, and too long if it is beyond as much. */
const CLEARLY = 1.5
/** A proposed ttl is at most so many times the present one, because nothing longer was observed. */
const MOST_TIMES = 10

/**
 * Returns another ttl for a family, if the observed rate of change suggests it. `staleShare` is the share of answers that
 * may be out of date. With a ttl of `t` and a change every `c` on average, reads at any time of an entry's life are out
 * of date with a share of about `t / 2c`. Only changes that nobody invalidates count. A longer ttl is proposed by the
 * fastest rate of change within the interval, a shorter one by the slowest. Below 30 observations it says nothing.
 */
export function adviseTtl(family: FamilySnapshot, forMs: number, staleShare: number): Advice | undefined {
  const { changes, ttlMs } = family
  const reloads = changes.changed.count + changes.unchanged.count
  if (ttlMs === undefined || reloads < LEAST_CHANGES) return undefined
  const interval = changeInterval(untold(changes))
  if (interval === undefined) return undefined
  const longestMs = roundTime(Math.min(2 * staleShare * interval.leastMs, MOST_TIMES * ttlMs))
  const shortestMs = 2 * staleShare * interval.mostMs
  const seen = `${percentText(changes.unchanged.count / reloads)} of ${countText(reloads)} repeated loads returned the same value`
  const numbers = {
    ttlMs,
    reloads,
    unchanged: changes.unchanged.count,
    changed: changes.changed.count,
    invalidated: changes.invalidated,
    leastChangeMs: interval.leastMs,
    staleShare,
  }
  if (longestMs >= CLEARLY * ttlMs) {
    const savedAnHour = anHour(family.loads, forMs) * (1 - ttlMs / longestMs)
    return {
      kind: 'ttl',
      family: family.family,
      sentence:
        `${family.family}: ${seen}. ttl ${timeText(ttlMs)} -> ${timeText(longestMs)}: at most about ${roughText(savedAnHour)} loads an hour less, ` +
        `and at most ${percentText(staleOf(longestMs, interval.leastMs))} of its answers out of date`,
      numbers: { ...numbers, proposedTtlMs: longestMs, savedAnHour },
    }
  }
  if (ttlMs < CLEARLY * shortestMs) return undefined
  const proposedTtlMs = roundTime(2 * staleShare * interval.meanMs)
  const [least, most] = [staleOf(ttlMs, interval.mostMs), staleOf(ttlMs, interval.leastMs)]
  return {
    kind: 'ttl',
    family: family.family,
    sentence:
      `${family.family}: ${percentText(least)} to ${percentText(most)} of its answers are out of date, because values change every ` +
      `${timeText(interval.meanMs)} and nobody invalidates them. ttl ${timeText(ttlMs)} -> ${timeText(proposedTtlMs)}, or invalidate what changes`,
    numbers: { ...numbers, proposedTtlMs, mostChangeMs: interval.mostMs },
  }
}

// The time until an invalidation is one without an untold change.
function untold(changes: ChangeData): ChangeData {
  return { ...changes, invalidated: 0 }
}

/** Returns the share of reads that get an old value, if they come at any time of an entry's life. */
function staleOf(ttlMs: number, changeMs: number): number {
  const times = ttlMs / changeMs
  return times === 0 ? 0 : 1 + Math.expm1(-times) / times
}
