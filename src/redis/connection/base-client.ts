import type { Connection, RedisClient } from './client.ts'
import type { NodeStates } from './guard/node-states.ts'
import type { BusLog } from './guard/bus-log.ts'
import type { SubscriberLine } from '../libraries/line.ts'
import type { Surroundings } from '../libraries/surroundings.ts'
import { Subscription } from './subscription.ts'

/** The common part of clients: their listeners and subscriptions, and the queues that are counted for the log. */
export abstract class BaseClient implements RedisClient {
  abstract readonly isCluster: boolean
  abstract readonly isOrdered: boolean
  abstract readonly isOneEndpoint: boolean
  abstract readonly database: number
  /** @internal */
  readonly surroundings: Surroundings
  protected readonly subscriptions: Set<Subscription> = new Set()
  readonly #listeners = new Set<() => void>()

  constructor(surroundings: Surroundings) {
    this.surroundings = surroundings
  }

  abstract connectionFor(route: string): Connection
  abstract sharesServer(route: string, other: string): boolean
  abstract masters(): Promise<readonly Connection[]>
  abstract subscribe(...args: Parameters<RedisClient['subscribe']>): () => void

  /** Resolves when all connections are up. @throws StoreUnavailableError if the attempt under way fails. */
  abstract whenUp(): Promise<void>

  get nodes(): NodeStates {
    return this.surroundings.nodes
  }

  onReconnect(listener: () => void): () => void {
    const entry = (): void => listener()
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  addQueue(count: () => number): () => void {
    const { queues } = this.surroundings
    queues.add(count)
    return () => void queues.delete(count)
  }

  async close(): Promise<void> {
    for (const subscription of this.subscriptions) subscription.close()
    const closing = this.closeConnections()
    this.surroundings.deadlines.close()
    await closing
  }

  protected abstract closeConnections(): void | Promise<void>

  protected tellReconnected(): void {
    for (const listener of this.#listeners) listener()
  }

  /** Returns a function that ends the subscription. */
  protected subscribeOver(
    line: SubscriberLine,
    busLog: BusLog,
    ...args: Parameters<RedisClient['subscribe']>
  ): () => void {
    const subscription = new Subscription(line, busLog, this.surroundings, ...args)
    this.subscriptions.add(subscription)
    return () => {
      if (this.subscriptions.delete(subscription)) subscription.close()
    }
  }
}
