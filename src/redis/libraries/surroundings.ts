import type { Clock, Random, Timers } from '../../core/time/clock.ts'
import type { BreakerOptions } from '../connection/guard/breaker.ts'
import type { Deadlines } from '../connection/guard/deadlines.ts'
import type { LargeValues } from '../connection/guard/large-values.ts'
import type { NodeStates } from '../connection/guard/node-states.ts'
import type { Mask } from '../connection/guard/refusals.ts'
import type { RefusedCommands, Said } from '../connection/guard/refused-commands.ts'
import type { Turn } from '../connection/guard/turn.ts'

/** The objects that all connections of a client share. */
export interface Surroundings extends Said {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly deadlines: Deadlines
  readonly turn: Turn
  readonly large: LargeValues
  readonly breaker: BreakerOptions
  readonly mask: Mask
  /** The commands that the servers refuse. */
  readonly refused: RefusedCommands
  /** The known states of the servers. */
  readonly nodes: NodeStates
  /** Functions that each count the invalidations that wait for a server. */
  readonly queues: Set<() => number>
}
