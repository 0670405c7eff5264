import type { Observer } from '../../core/observing/observer.ts'
import type { Clock } from '../../core/time/clock.ts'
import type { Connection, RedisClient } from './client.ts'
import type { NodeStates } from './guard/node-states.ts'
import { ObservedConnection } from './observed-connection.ts'

/** A client that another owner closes. It passes every other call on. */
export class ClientView implements RedisClient {
  readonly isCluster: boolean
  readonly isOrdered: boolean
  readonly isOneEndpoint: boolean
  readonly database: number
  readonly #client: RedisClient
  readonly #before: (() => void) | undefined
  #observed: ((connection: Connection) => Connection) | undefined = undefined

  /** `before` is called before a connection is given out, so that earlier requests are sent earlier. */
  constructor(client: RedisClient, before?: () => void) {
    this.isCluster = client.isCluster
    this.isOrdered = client.isOrdered
    this.isOneEndpoint = client.isOneEndpoint
    this.database = client.database
    this.#client = client
    this.#before = before
  }

  /** Tells an observer of the calls that are made over this view; `undefined` = no more. The clock measures calls. */
  observe(observer: Observer | undefined, clock: Clock): void {
    this.#observed = observer && ((connection) => new ObservedConnection(connection, observer, clock))
  }

  connectionFor(route: string): Connection {
    this.#before?.()
    const connection = this.#client.connectionFor(route)
    return this.#observed === undefined ? connection : this.#observed(connection)
  }

  get place(): string | undefined {
    return this.#client.place
  }

  get nodes(): NodeStates | undefined {
    return this.#client.nodes
  }

  sharesServer(route: string, other: string): boolean {
    return this.#client.sharesServer(route, other)
  }

  async masters(): Promise<readonly Connection[]> {
    this.#before?.()
    const masters = await this.#client.masters()
    return this.#observed === undefined ? masters : masters.map(this.#observed)
  }

  subscribe(...args: Parameters<RedisClient['subscribe']>): () => void {
    return this.#client.subscribe(...args)
  }

  onReconnect(listener: () => void): () => void {
    return this.#client.onReconnect(listener)
  }

  addQueue(count: () => number): () => void {
    return this.#client.addQueue?.(count) ?? (() => {})
  }

  async close(): Promise<void> {}
}
