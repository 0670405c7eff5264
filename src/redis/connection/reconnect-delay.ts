import type { Random } from '../../core/time/clock.ts'

/** The idle time of a connection after which it checks that its other end is still there. */
export const KEEP_ALIVE_MS = 5000

const FIRST_MS = 50
const MOST_MS = 2000

/**
 * Returns the milliseconds to wait before attempt `attempt` (from 1) to connect. They double without ever giving up,
 * with jitter, so that the nodes of a fleet that lost the server do not all come back at once.
 */
export function reconnectDelayMs(attempt: number, random: Random): number {
  const delayMs = Math.min(FIRST_MS * 2 ** Math.min(attempt, 10), MOST_MS)
  return Math.round(delayMs * (0.5 + random() / 2))
}
