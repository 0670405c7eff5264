import { StoreUnavailableError } from '../../../core/errors.ts'
import { toldElsewhere } from '../../../core/logging/log.ts'
import type { ClusterSource } from '../../libraries/cluster-source.ts'
import type { Surroundings } from '../../libraries/surroundings.ts'
import { GuardedNode } from '../guard/guarded-node.ts'
import { ServerLog, type Loss, type Reporter } from '../guard/server-log.ts'

const MISSING = toldElsewhere(new StoreUnavailableError('the connection was closed'))

/** The listeners to the nodes of a cluster. */
export interface NodeListeners {
  /** Called when a node is connected. */
  onUp(): void
  /** Called when a node is lost, or does not answer. */
  onTrouble(): void
  /** Called when a node reports the cluster as down. */
  onClusterDown(reason: Loss): void
  /** Called when a node reports a slot that is being moved. */
  onMoving(reason: Loss): void
}

/** The masters of a cluster with their guards and their logs. */
export class ClusterNodes<Master extends object> {
  readonly #source: ClusterSource<Master>
  // The client that the logs know the loss of a server by.
  readonly #client: Reporter
  readonly #surroundings: Surroundings
  readonly #listeners: NodeListeners
  // By name, because a client library may use several clients for one server in turn.
  readonly #logs = new Map<string, ServerLog>()
  readonly #nodes = new Map<Master, GuardedNode>()
  // The logs of nodes that were lost, before that is logged.
  readonly #missing = new Set<ServerLog>()

  constructor(
    source: ClusterSource<Master>,
    client: Reporter,
    surroundings: Surroundings,
    listeners: NodeListeners,
  ) {
    this.#source = source
    this.#client = client
    this.#surroundings = surroundings
    this.#listeners = listeners
  }

  /** Returns the guarded node of a master, which is watched from now on. */
  of(master: Master): GuardedNode {
    const known = this.#nodes.get(master)
    if (known !== undefined) return known
    const { onTrouble, onClusterDown, onMoving } = this.#listeners
    const node = new GuardedNode(this.#source.lineOf(master), this.logOf(master), this.#surroundings, {
      isOneOfMany: true,
      onUp: () => {
        const serverLog = this.logOf(master)
        this.#missing.delete(serverLog)
        serverLog.left(this.#client)
        this.#listeners.onUp()
      },
      onTrouble,
      onClusterDown,
      onMoving,
    })
    this.#nodes.set(master, node)
    return node
  }

  /** Returns the log of a master's server. */
  logOf(master: Master): ServerLog {
    const name = this.#source.nameOf(master)
    let serverLog = this.#logs.get(name)
    if (serverLog === undefined) {
      serverLog = ServerLog.of(name, this.#surroundings)
      this.#logs.set(name, serverLog)
    }
    return serverLog
  }

  /** Whether one of the servers is known to be lost. */
  get isAnyAway(): boolean {
    for (const { isAway } of this.#logs.values()) if (isAway) return true
    return false
  }

  /** Watches nodes that have become masters, and leaves nodes that no longer are. */
  adopt(): void {
    const masters = this.#source.masters()
    for (const master of masters) if (master !== undefined) this.of(master)
    for (const [master, node] of this.#nodes)
      if (!masters.includes(master)) {
        if (!node.isUp) this.#miss(master)
        this.#nodes.delete(master)
        node.close()
      }
    this.#forgetReplaced(masters)
  }

  /** Logs the loss of the nodes that the client library has dropped and has not found again. */
  tellMissing(): void {
    for (const serverLog of this.#missing) serverLog.lost(this.#client, MISSING)
    this.#missing.clear()
  }

  close(): void {
    for (const node of this.#nodes.values()) node.close()
  }

  // A client library may drop a node as soon as it loses it. The node counts as lost unless the next look finds it
  // again.
  #miss(master: Master): void {
    this.#missing.add(this.logOf(master))
    this.#listeners.onTrouble()
  }

  #forgetReplaced(masters: readonly (Master | undefined)[]): void {
    // A master without a connection has no name.
    const names = new Set(masters.map((master) => master && this.#source.nameOf(master)))
    if (names.size === 0 || names.has(undefined)) return
    for (const [name, serverLog] of this.#logs) {
      if (names.has(name)) continue
      this.#logs.delete(name)
      this.#missing.delete(serverLog)
      serverLog.left(this.#client)
      serverLog.replaced()
    }
  }
}
