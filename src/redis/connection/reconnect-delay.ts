import type { Random } from '../../core/time/clock.ts'

/** How long a connection may be idle before its other end is asked whether it is still there. */
export const KEEP_ALIVE_MS = 5000

const FIRST_MS = 50
const MOST_MS = 2000

/**
 * How long to wait before attempt `attempt` (from 1) to connect: doubling, never giving up, with jitter, so that a
 * fleet that lost the server does not come back in one instant.
 */
export function reconnectDelayMs(attempt: number, random: Random): number {
  const delayMs = Math.min(FIRST_MS * 2 ** Math.min(attempt, 10), MOST_MS)
  return Math.round(delayMs * (0.5 + random() / 2))
}
