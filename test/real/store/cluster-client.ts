import type { Connection } from '../../../src/redis/connection/client.ts'
import { slotOf } from '../../../src/redis/connection/slot.ts'
import { PlainClient } from './plain-client.ts'
import { RespConnection } from './resp-connection.ts'

type Row = readonly [from: number, to: number, master: readonly [host: string, port: number]]

/** A client of a cluster, which learns of changes when it is told to look. */
export class PlainClusterClient extends PlainClient {
  override readonly isCluster: boolean = true
  override readonly isOrdered: boolean = false
  override readonly isOneEndpoint = false
  readonly #ports = new Map<number, RespConnection>()
  readonly #owners: number[] = []

  async refresh(seed: number): Promise<void> {
    const rows = (await this.#to(seed).call('CLUSTER', 'SLOTS')) as unknown as readonly Row[]
    for (const [from, to, [, port]] of rows) this.#owners.fill(port, from, to + 1)
    for (let slot = this.#owners.length; slot < 16_384; slot++) this.#owners.push(0)
    for (const [from, to, [, port]] of rows)
      for (let slot = from; slot <= to; slot++) this.#owners[slot] = port
  }

  override connectionFor(route: string): Connection {
    return this.#to(this.#owners[slotOf(route)]!)
  }

  override sharesServer(route: string, other: string): boolean {
    return this.#owners[slotOf(route)] === this.#owners[slotOf(other)]
  }

  override async masters(): Promise<readonly Connection[]> {
    return [...new Set(this.#owners)].map((port) => this.#to(port))
  }

  override async close(): Promise<void> {
    for (const connection of this.#ports.values()) connection.close()
    await super.close()
  }

  #to(port: number): RespConnection {
    let connection = this.#ports.get(port)
    if (connection === undefined) {
      connection = new RespConnection(port)
      this.#ports.set(port, connection)
    }
    return connection
  }
}
