import { bounded, quotientUp, type Algorithm } from './algorithm.ts'

// The tally: the time at which it was brought to the present, and the level. Each unit taken raises the level by
// `windowMs`, and the level sinks by `limit` a millisecond. That is the theoretical arrival time of GCRA, less the
// present, times the limit. It is a whole number, while the time itself would need fractions.

/** Spaces admitted requests evenly over the window, and admits a burst after a rest. */
export const gcra: Algorithm = {
  settle(tally, { limit }, nowMs) {
    const [atMs, level] = tally
    if (atMs === undefined || level === undefined) return
    const sunk = nowMs > atMs ? level - (nowMs - atMs) * limit : level
    tally[0] = nowMs
    tally[1] = sunk
    if (sunk <= 0) tally.length = 0
  },

  take(tally, { windowMs }, nowMs, quantity) {
    tally[0] = nowMs
    tally[1] = bounded((tally[1] ?? 0) + quantity * windowMs)
  },

  remaining([, level = 0], { windowMs, burst }) {
    return Math.max(0, burst - quotientUp(level, windowMs))
  },

  retryAfterMs([, level = 0], { limit, windowMs, burst }, _nowMs, quantity) {
    if (quantity > burst) return Infinity
    return Math.max(0, quotientUp(level - (burst - quantity) * windowMs, limit))
  },

  resetMs([, level = 0], { limit }) {
    return quotientUp(level, limit)
  },
}
