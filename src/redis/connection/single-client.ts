import { BaseClient } from './base-client.ts'
import type { Connection, RedisClient } from './client.ts'
import { BusLog } from './guard/bus-log.ts'
import { GuardedNode } from './guard/guarded-node.ts'
import type { Source } from '../libraries/line.ts'
import { ServerLog } from './guard/server-log.ts'
import { slotOf } from './slot.ts'
import type { Surroundings } from '../libraries/surroundings.ts'

/** The layout of the keys of a prefix: as they are, or each partition in one slot. */
export type Layout = 'plain' | 'one-slot'

/**
 * A client with one place for all keys: one server, the master that sentinels name, or one endpoint before the slots of
 * a cluster.
 */
export class SingleClient extends BaseClient {
  readonly isCluster: boolean
  readonly isOneEndpoint = true
  readonly isOrdered: boolean
  readonly database: number
  readonly #source: Source
  readonly #busLog: BusLog
  readonly #nodes: readonly GuardedNode[]

  /** `size`: the number of connections that share the keys. */
  constructor(source: Source, surroundings: Surroundings, size = 1, layout: Layout = 'plain') {
    super(surroundings)
    this.isCluster = layout === 'one-slot'
    this.isOrdered = size === 1
    this.database = source.database
    this.#source = source
    const log = ServerLog.of(source.node, surroundings, source.identity)
    this.#busLog = new BusLog(source.node, surroundings, () => log)
    this.#nodes = Array.from({ length: size }, (_, index) => {
      const line = index === 0 ? source.line() : source.open()
      return new GuardedNode(line, log, surroundings, {
        onUp: () => this.tellReconnected(),
        onDemoted: () => this.#reconnectAll(),
      })
    })
  }

  get place(): string {
    return this.#source.node
  }

  // A key always has the same connection, so that its operations run in the order in which they are called.
  connectionFor(route: string): Connection {
    const nodes = this.#nodes
    return (nodes.length === 1 ? nodes[0]! : nodes[slotOf(route) % nodes.length]!).connection
  }

  sharesServer(): boolean {
    return true
  }

  async masters(): Promise<readonly Connection[]> {
    const { connection } = this.#nodes[0]!
    await connection.guard.starting
    return [connection]
  }

  subscribe(...args: Parameters<RedisClient['subscribe']>): () => void {
    return this.subscribeOver(this.#source.open(), this.#busLog, ...args)
  }

  /** Resolves when it is connected. @throws StoreUnavailableError if the attempt under way fails. */
  whenUp(): Promise<void> {
    return this.#nodes[0]!.whenUp()
  }

  protected closeConnections(): void {
    for (const node of this.#nodes) node.close()
    this.#source.close?.()
  }

  #reconnectAll(): void {
    for (const node of this.#nodes) node.reconnect()
    for (const subscription of this.subscriptions) subscription.reconnect()
  }
}
