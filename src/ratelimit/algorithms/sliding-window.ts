import type { LimitRule } from '../../core/atomic-store.ts'
import { bounded, type Algorithm, type Tally } from './algorithm.ts'

/** The maximum number of parts of a window. */
const PARTS = 10

// The tally: the number of the present part of time, then the quantity taken in it, in the one before, and so on. It
// covers all parts that a window can touch, one more than it has. Each counts in full until its last moment is as old
// as the window.

/** Returns the milliseconds of a part and the number of parts of a window. */
export function partsOf({ windowMs }: Pick<LimitRule, 'windowMs'>): {
  readonly partMs: number
  readonly parts: number
} {
  const partMs = Math.ceil(windowMs / PARTS)
  return { partMs, parts: Math.ceil(windowMs / partMs) }
}

/**
 * Counts in the window that ends now, without a log of requests. It never admits more than the limit in any window. A
 * request counts for at most a tenth of the window too long.
 */
export const slidingWindow: Algorithm = {
  settle(tally, rule, nowMs) {
    const before = tally[0]
    if (before === undefined) return
    const { partMs, parts } = partsOf(rule)
    const part = Math.floor(nowMs / partMs)
    tally[0] = part
    const passed = Math.max(0, part - before)
    for (let age = parts; age >= 0; age--) tally[1 + age] = age < passed ? 0 : tally[1 + age - passed]!
    if (taken(tally) === 0) tally.length = 0
  },

  take(tally, rule, nowMs, quantity) {
    const { partMs, parts } = partsOf(rule)
    if (tally.length === 0) tally.push(Math.floor(nowMs / partMs), ...Array<number>(parts + 1).fill(0))
    tally[1] = bounded(tally[1]! + quantity)
  },

  remaining(tally, { limit }) {
    return Math.max(0, limit - taken(tally))
  },

  retryAfterMs(tally, rule, nowMs, quantity) {
    let excess = taken(tally) + quantity - rule.limit
    if (excess <= 0) return 0
    for (let age = tally.length - 2; age >= 0; age--) {
      excess -= tally[1 + age]!
      if (excess <= 0) return leavesInMs(tally, rule, nowMs, age)
    }
    return Infinity
  },

  resetMs(tally, rule, nowMs) {
    for (let age = 0; age < tally.length - 1; age++) {
      if (tally[1 + age]! > 0) return leavesInMs(tally, rule, nowMs, age)
    }
    return 0
  },
}

function taken(tally: Tally): number {
  let sum = 0
  for (let index = 1; index < tally.length; index++) sum += tally[index]!
  return sum
}

// Returns the milliseconds until the part of this age no longer counts.
function leavesInMs(tally: Tally, rule: LimitRule, nowMs: number, age: number): number {
  const { partMs, parts } = partsOf(rule)
  return (tally[0]! - age + parts + 1) * partMs - nowMs
}
