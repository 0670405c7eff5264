import type { Clock, Random, Timers } from '../../core/clock.ts'
import type { BreakerOptions } from './breaker.ts'
import type { Deadlines } from './deadlines.ts'
import type { LargeValues } from './large-values.ts'
import type { Mask } from './refusals.ts'
import type { RefusedCommands, Said } from './refused-commands.ts'

/** What all connections of a client share. */
export interface Surroundings extends Said {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly deadlines: Deadlines
  readonly large: LargeValues
  readonly breaker: BreakerOptions
  readonly mask: Mask
  /** What the servers refuse to do. */
  readonly refused: RefusedCommands
  /** Each tells how many invalidations wait for a server. */
  readonly queues: Set<() => number>
}
