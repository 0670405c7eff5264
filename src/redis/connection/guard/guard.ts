import type { StoreTimeoutError, StoreUnavailableError } from '../../../core/errors.ts'
import type { Arg, ReplyForm, Script } from '../client.ts'
import type { Breaker } from './breaker.ts'
import type { Deadlines } from './deadlines.ts'
import type { LargeValues } from './large-values.ts'
import type { Line } from '../../libraries/line.ts'
import type { Mask } from './refusals.ts'
import type { ServerLog } from './server-log.ts'
import type { Turn } from './turn.ts'

/** The state that all calls to one node share. */
export interface Guard {
  /** The name of the node in messages, such as `127.0.0.1:6379`. */
  readonly node: string
  readonly deadlines: Deadlines
  readonly turn: Turn
  readonly large: LargeValues
  /** The bytes of large values that are overdue and still under way. */
  lateBytes: number
  /** The bytes of all large values that were written or read. */
  arrived: number
  /** The number of answers that have come. */
  answers: number
  readonly breaker: Breaker
  readonly mask: Mask
  /** The scripts that were sent with their source over the present connection. */
  readonly scripts: Set<Script>
  /** The log of the server; absent for a connection that only receives. */
  readonly server: ServerLog | undefined
  /** A call found no connection. Resolves when it may look again; `undefined` = it has failed. */
  onMissing(): Promise<void> | undefined
  /** A call was not answered in time. */
  onTimeout(): void
  /** The server refused the command or script of that name. */
  onRefusal(name: string, reason: StoreUnavailableError | StoreTimeoutError): void
  /** The reason for the missing connection, if it is known. */
  trouble: StoreUnavailableError | StoreTimeoutError | undefined
  /**
   * Resolves when the first attempt to connect has ended, or taken too long; absent from then on. Calls wait until
   * then. A service should not find the cache out of order at its own start, nor when a server has just closed an idle
   * connection.
   */
  starting: Promise<void> | undefined
}

/** Sends a command again to the node of the cluster that the error names. */
export type Redirect = (args: readonly Arg[], form: ReplyForm, error: unknown) => Promise<unknown>

/** The way of a call. */
export interface Path {
  readonly line: Line
  readonly guard: Guard
  /** Only in a cluster. */
  readonly redirect?: Redirect | undefined
}
