import { bounded, type Algorithm } from './algorithm.ts'

// The tally: the begin of the window, and the quantity taken in it. A window begins with the first quantity after the
// end of the one before, so that not all keys begin anew at the same moment.

/** Counts in windows that follow one another. It is the cheapest, but two windows may be used up within a moment. */
export const fixedWindow: Algorithm = {
  settle(tally, { windowMs }, nowMs) {
    const [startMs, count] = tally
    if (startMs === undefined || count === undefined) return
    if (nowMs < startMs) tally[0] = nowMs
    else if (nowMs >= startMs + windowMs) tally.length = 0
  },

  take(tally, _rule, nowMs, quantity) {
    tally[0] ??= nowMs
    // Requests that are taken back may be of the window before.
    tally[1] = Math.max(0, bounded((tally[1] ?? 0) + quantity))
  },

  remaining([, count = 0], { limit }) {
    return Math.max(0, limit - count)
  },

  retryAfterMs(tally, rule, nowMs, quantity) {
    const [, count = 0] = tally
    if (quantity > rule.limit) return Infinity
    return count + quantity <= rule.limit ? 0 : this.resetMs(tally, rule, nowMs)
  },

  resetMs([startMs], { windowMs }, nowMs) {
    return startMs === undefined ? 0 : startMs + windowMs - nowMs
  },
}
