import type { StoreTimeoutError, StoreUnavailableError } from '../../../core/errors.ts'
import type { Arg, ReplyForm, Script } from '../client.ts'
import type { Breaker } from './breaker.ts'
import type { Deadlines } from './deadlines.ts'
import type { LargeValues } from './large-values.ts'
import type { Line } from '../../libraries/line.ts'
import type { Mask } from './refusals.ts'
import type { ServerLog } from './server-log.ts'

/** What all calls to one node share. */
export interface Guard {
  /** Names the node in messages, such as `127.0.0.1:6379`. */
  readonly node: string
  readonly deadlines: Deadlines
  readonly large: LargeValues
  /** Of large values that were under way when they should have been there, and still are. */
  lateBytes: number
  /** The bytes of all large values that were written or read. */
  arrived: number
  /** How many answers have come. */
  answers: number
  readonly breaker: Breaker
  readonly mask: Mask
  /** The scripts that were sent with their source over the present connection. */
  readonly scripts: Set<Script>
  /** The knowledge about the server; absent for a connection that only receives. */
  readonly server: ServerLog | undefined
  /** A call found no connection: resolves when it may look again; `undefined` = it has failed by that. */
  onMissing(): Promise<void> | undefined
  /** A call was not answered in time. */
  onTimeout(): void
  /** The server refused a command or script of that name. */
  onRefusal(name: string, reason: StoreUnavailableError | StoreTimeoutError): void
  /** Why there is no connection, where that is known. */
  trouble: StoreUnavailableError | StoreTimeoutError | undefined
  /**
   * Resolves when the first attempt to connect has ended, or taken too long; absent from then on. Until then calls wait:
   * a service that asks at its start should not find the cache out of order, nor one that asks when a server has just
   * closed an idle connection.
   */
  starting: Promise<void> | undefined
}

/** Sends a command again that another node of the cluster has to answer, as the error says. */
export type Redirect = (args: readonly Arg[], form: ReplyForm, error: unknown) => Promise<unknown>

/** Where a call goes. */
export interface Path {
  readonly line: Line
  readonly guard: Guard
  /** In a cluster alone. */
  readonly redirect?: Redirect | undefined
}
