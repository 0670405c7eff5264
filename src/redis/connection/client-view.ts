import type { Connection, RedisClient } from './client.ts'

/** A client that passes every call to another one. */
export abstract class ClientView implements RedisClient {
  readonly #client: RedisClient

  constructor(client: RedisClient) {
    this.#client = client
  }

  get isCluster(): boolean {
    return this.#client.isCluster
  }

  get isOrdered(): boolean {
    return this.#client.isOrdered
  }

  get isOneEndpoint(): boolean {
    return this.#client.isOneEndpoint
  }

  get database(): number {
    return this.#client.database
  }

  connectionFor(route: string): Connection {
    return this.#client.connectionFor(route)
  }

  sharesServer(route: string, other: string): boolean {
    return this.#client.sharesServer(route, other)
  }

  masters(): Promise<readonly Connection[]> {
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

  close(): Promise<void> {
    return this.#client.close()
  }
}
