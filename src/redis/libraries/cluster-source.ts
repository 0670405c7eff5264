import type { Arg, ReplyForm } from '../connection/client.ts'
import type { Line, SubscriberLine } from './line.ts'

/** What a cluster client tells whoever uses it. */
export interface ClusterListener {
  /** The masters may be others. */
  onChange(): void
  /** The cluster can't be connected to, or something else went wrong with it. */
  onTrouble(error: unknown): void
}

/** What a cluster client is to the library; a master is the client of one node. */
export interface ClusterSource<Master extends object> {
  /** All that are known; `undefined` for one to which the client has no connection, not even a broken one. */
  masters(): readonly (Master | undefined)[]
  /** `undefined` while it is not known. */
  masterOf(slot: number): Master | undefined
  /** Names a master in messages. */
  nameOf(master: Master): string
  /** The client's own connection to a master. */
  lineOf(master: Master): Line
  /** A connection of its own to the same node, with the settings of the client and the rules of this library. */
  openLike(master: Master): SubscriberLine
  /** Has the client find out who answers a command for this key. */
  redirect(key: string, args: readonly Arg[], form: ReplyForm): Promise<unknown>
  /** Asks for the masters and their slots anew; `well`: one that answers. */
  refresh(well: Master | undefined): void
  /** Connects if it is not yet, and begins to report; to be called once. */
  listen(listener: ClusterListener): void
  close(): void
}
