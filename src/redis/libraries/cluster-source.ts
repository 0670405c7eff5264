import type { Arg, ReplyForm } from '../connection/client.ts'
import type { Line, SubscriberLine } from './line.ts'

/** The reports of a cluster client to its user. */
export interface ClusterListener {
  /** The masters may have changed. */
  onChange(): void
  /** The connection to the cluster has failed, or something else went wrong with it. */
  onTrouble(error: unknown): void
}

/** A cluster client as the library sees it. A master is the client of one node. */
export interface ClusterSource<Master extends object> {
  /** Returns all known masters; `undefined` for one to which the client has no connection, not even a broken one. */
  masters(): readonly (Master | undefined)[]
  /** Returns the master of a slot; `undefined` while it is not known. */
  masterOf(slot: number): Master | undefined
  /** Returns the name of a master for messages. */
  nameOf(master: Master): string
  /** Returns the client's own connection to a master. */
  lineOf(master: Master): Line
  /** Opens a new connection to the same node, with the settings of the client and the rules of this library. */
  openLike(master: Master): SubscriberLine
  /** Sends a command for a key, and lets the client find the node that answers it. */
  redirect(key: string, args: readonly Arg[], form: ReplyForm): Promise<unknown>
  /** Asks for the masters and their slots again. `well`: a master that answers. */
  refresh(well: Master | undefined): void
  /** Connects if it is not connected yet, and begins to report. To be called once. */
  listen(listener: ClusterListener): void
  close(): void | Promise<void>
}
