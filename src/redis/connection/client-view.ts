import type { Connection, RedisClient } from './client.ts'

/** A client that another owner closes. It passes every other call on. */
export class ClientView implements RedisClient {
  readonly isCluster: boolean
  readonly isOrdered: boolean
  readonly isOneEndpoint: boolean
  readonly database: number
  readonly #client: RedisClient
  readonly #before: (() => void) | undefined

  /** `before` is called before a connection is given out, so that earlier requests are sent earlier. */
  constructor(client: RedisClient, before?: () => void) {
    this.isCluster = client.isCluster
    this.isOrdered = client.isOrdered
    this.isOneEndpoint = client.isOneEndpoint
    this.database = client.database
    this.#client = client
    this.#before = before
  }

  connectionFor(route: string): Connection {
    this.#before?.()
    return this.#client.connectionFor(route)
  }

  sharesServer(route: string, other: string): boolean {
    return this.#client.sharesServer(route, other)
  }

  masters(): Promise<readonly Connection[]> {
    this.#before?.()
    return this.#client.masters()
  }

  subscribe(channel: string, onMessage: (text: string) => void, onReady: () => void): () => void {
    return this.#client.subscribe(channel, onMessage, onReady)
  }

  onReconnect(listener: () => void): () => void {
    return this.#client.onReconnect(listener)
  }

  addQueue(count: () => number): () => void {
    return this.#client.addQueue?.(count) ?? (() => {})
  }

  async close(): Promise<void> {}
}
