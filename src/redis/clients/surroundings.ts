import type { Clock, Random, Timers } from '../../core/clock.ts'
import type { Logger } from '../../core/logger.ts'
import type { BreakerOptions } from './breaker.ts'
import type { Deadlines } from './deadlines.ts'
import type { Mask } from './refusals.ts'
import type { RefusedCommands } from './refused-commands.ts'

/** Where something is said. */
export interface Said {
  readonly logger: Logger
  /** Names the cache in the log. */
  readonly cache: string
}

/** What all connections of a client share. */
export interface Surroundings extends Said {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly deadlines: Deadlines
  readonly breaker: BreakerOptions
  readonly mask: Mask
  /** What the servers refuse to do. */
  readonly refused: RefusedCommands
}

/** What the log says of a connection that is lost, or can't be made, and of one that is there again. */
export const NOT_CONNECTED = 'Redis is not connected; it is tried again until it is'
export const CONNECTED = 'Redis is connected again'

/** Writes a line of the log: a logger of the user's must not turn trouble into a crash. */
export function log(
  { logger, cache }: Said,
  level: 'error' | 'warn' | 'info',
  details: object,
  message: string,
): void {
  try {
    logger[level]?.({ cache, ...details }, message)
  } catch {
    // Nowhere is left to say it.
  }
}
