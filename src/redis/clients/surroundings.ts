import type { Clock, Random, Timers } from '../../core/clock.ts'
import { report, type Logger } from '../../core/logger.ts'
import type { BreakerOptions } from './breaker.ts'
import type { Deadlines } from './deadlines.ts'
import type { Mask } from './refusals.ts'

/** What all connections of a client share. */
export interface Surroundings {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly logger: Logger
  /** Names the cache in the log. */
  readonly cache: string
  readonly deadlines: Deadlines
  readonly breaker: BreakerOptions
  readonly mask: Mask
}

/** What the log says of a connection that is lost, or can't be made, and of one that is there again. */
export const NOT_CONNECTED = 'Redis is not connected; it is tried again until it is'
export const CONNECTED = 'Redis is connected again'

/** Writes a line of the log. */
export function log(
  { logger, cache }: Surroundings,
  level: 'warn' | 'info',
  details: object,
  message: string,
): void {
  report(logger, level, { cache, ...details }, message)
}
