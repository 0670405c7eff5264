import { ClientView } from './client-view.ts'
import type { Connection, RedisClient } from './client.ts'

/** A client that calls `before` first, so that earlier requests are sent earlier. */
export class OrderedClient extends ClientView {
  readonly #before: () => void

  constructor(client: RedisClient, before: () => void) {
    super(client)
    this.#before = before
  }

  override connectionFor(route: string): Connection {
    this.#before()
    return super.connectionFor(route)
  }

  override masters(): Promise<readonly Connection[]> {
    this.#before()
    return super.masters()
  }

  override close(): Promise<void> {
    this.#before()
    return super.close()
  }
}
