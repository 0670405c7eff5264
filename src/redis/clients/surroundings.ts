import type { Clock, Random, Timers } from '../../core/clock.ts'
import type { Logger } from '../../core/logger.ts'
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
  /** Each tells how many invalidations wait for a server. */
  readonly queues: Set<() => number>
}
