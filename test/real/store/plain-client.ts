import type { Connection, RedisClient } from '../../../src/redis/connection/client.ts'
import { RespConnection } from './resp-connection.ts'

/** The client of the store's tests: one connection. */
export class PlainClient implements RedisClient {
  readonly isCluster: boolean = false
  readonly isOrdered: boolean = true
  readonly isOneEndpoint: boolean = true
  readonly database = 0
  readonly #port: number
  readonly #login: readonly string[] | undefined
  readonly #opened: RespConnection[] = []
  readonly #listeners = new Set<() => void>()
  #connection: RespConnection | undefined

  constructor(port: number, login?: readonly string[]) {
    this.#port = port
    this.#login = login
  }

  connectionFor(_route: string): Connection {
    this.#connection ??= this.#open()
    return this.#connection
  }

  sharesServer(_route: string, _other: string): boolean {
    return true
  }

  async masters(): Promise<readonly Connection[]> {
    return [this.connectionFor('')]
  }

  subscribe(channel: string, onMessage: (text: string) => void, onReady: () => void): () => void {
    const connection = this.#open()
    connection.onPush = ([kind, , text]) => {
      if (kind === 'subscribe') onReady()
      else if (kind === 'message') onMessage(text as string)
    }
    void connection.call('SUBSCRIBE', channel).catch(() => undefined)
    return () => connection.close()
  }

  onReconnect(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Opens a new connection for all later commands. */
  reconnect(): void {
    this.#connection?.close()
    this.#connection = undefined
    for (const listener of this.#listeners) listener()
  }

  async close(): Promise<void> {
    for (const connection of this.#opened) connection.close()
  }

  #open(): RespConnection {
    const connection = new RespConnection(this.#port)
    this.#opened.push(connection)
    if (this.#login !== undefined) void connection.call('AUTH', ...this.#login).catch(() => undefined)
    return connection
  }
}
