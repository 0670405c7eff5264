import type { Random } from '../core/time/clock.ts'

/**
 * The time for which a place in the queue is kept without a question: longer than the longest delay and a store's
 * deadline.
 */
export const PLACE_MS = 3000

const SHORTEST_MS = 2
const LONGEST_MS = 250
const LONGEST_BEHIND_MS = 500
// A line without success for some time asks again after a quarter of that.
const PART_OF_WAIT = 4

/** The facts by which a line decides when to ask again. */
export interface Standing {
  /** The time for which the line has made no progress. */
  readonly waitedMs: number
  /** The number of askers that come first. */
  readonly ahead: number
  /** Milliseconds until a permit expires; 0 = none is held. */
  readonly expiresInMs: number
}

/**
 * Returns the delay until the next question for a permit that others hold. It is short if permits are held briefly,
 * longer if they are held for long, and longer still behind other askers.
 */
export function askAgainMs({ waitedMs, ahead, expiresInMs }: Standing, random: Random): number {
  const usualMs = Math.min(Math.max(SHORTEST_MS, waitedMs / PART_OF_WAIT), LONGEST_MS)
  const delayMs = Math.min(usualMs * (ahead + 1), LONGEST_BEHIND_MS) * (0.75 + random() / 2)
  return ahead === 0 ? Math.min(delayMs, Math.max(1, expiresInMs)) : delayMs
}

/** Returns the delay until the next question to a store that did not answer. */
export function retryMs(random: Random): number {
  return LONGEST_BEHIND_MS * (0.5 + random() / 2)
}
