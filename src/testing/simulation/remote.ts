import { SerializationError } from '../../core/errors.ts'
import type {
  Epoch,
  Head,
  RemoteAcquired,
  RemoteFound,
  RemoteOp,
  RemoteResult,
  RemoteStore,
  SyncReply,
} from '../../core/remote-store.ts'
import type { Stored } from '../../core/store.ts'
import type { Network } from './network.ts'
import type { ServerFound, ServerOp, ServerResult, SimulatedServer } from './server.ts'

interface LeaseRequest {
  readonly key: string
  readonly token: string
}

/** A node's connection to the simulated server: values travel as JSON text. */
export class SimulatedRemote implements RemoteStore {
  readonly #server: SimulatedServer
  readonly #network: Network

  constructor(server: SimulatedServer, network: Network) {
    this.#server = server
    this.#network = network
  }

  get partitions(): readonly string[] {
    return this.#server.partitions
  }

  partitionOf(key: string): string {
    return this.#server.partitionOf(key)
  }

  admit(value: unknown): { readonly stored: Stored } | { readonly refused: SerializationError } {
    const text = JSON.stringify(value) as string | undefined
    if (text !== undefined) return { stored: asStored(text) }
    return { refused: new SerializationError('$ has no JSON', { path: '$', kind: typeof value }) }
  }

  view(stored: Stored): unknown {
    return JSON.parse(asText(stored)) as unknown
  }

  async read(keys: readonly string[]): Promise<ReadonlyMap<string, RemoteFound>> {
    const answers = await this.#network.call(() => keys.map((key) => [key, this.#server.read(key)] as const))
    return new Map(
      answers.flatMap(([key, found]) => (found === undefined ? [] : [[key, asFound(found)] as const])),
    )
  }

  async acquire(requests: readonly LeaseRequest[], leaseMs: number): Promise<readonly RemoteAcquired[]> {
    const answers = await this.#network.call(() =>
      requests.map(({ key, token }) => this.#server.acquire(key, token, leaseMs)),
    )
    return answers.map((answer) => (typeof answer === 'object' ? asFound(answer) : answer))
  }

  async renew(key: string, token: string, leaseMs: number): Promise<boolean> {
    return this.#network.call(() => this.#server.renew(key, token, leaseMs))
  }

  async release(leases: readonly LeaseRequest[]): Promise<void> {
    await this.#network.call(() => {
      for (const { key, token } of leases) this.#server.release(key, token)
    })
  }

  async write(ops: readonly RemoteOp[]): Promise<readonly RemoteResult[]> {
    if (ops.length === 0) return []
    const results = await this.#network.call(() => ops.map((op) => this.#server.write(asServerOp(op))))
    return results.map(asResult)
  }

  async *scan(prefix: string): AsyncIterable<string> {
    yield* await this.#network.call(() => this.#server.scan('v', prefix))
  }

  async deleteByPrefix(prefix: string): Promise<number> {
    await this.#unlink('l', prefix)
    const count = await this.#unlink('v', prefix)
    // Also where nothing matched: another node may keep what the server has evicted.
    await Promise.all(
      this.partitions.map((partition) => this.#network.call(() => this.#server.logPrefix(partition, prefix))),
    )
    return count
  }

  async heads(): Promise<ReadonlyMap<string, Head>> {
    return this.#network.call(() => this.#server.heads())
  }

  async sync(partition: string, since: Head | undefined, ifNone: Epoch): Promise<SyncReply> {
    return this.#network.call(() => this.#server.sync(partition, since, ifNone))
  }

  async close(): Promise<void> {}

  // A scan and what it found are two steps, as they are on a real server.
  async #unlink(kind: 'l' | 'v', prefix: string): Promise<number> {
    const keys = await this.#network.call(() => this.#server.scan(kind, prefix))
    return keys.length === 0 ? 0 : this.#network.call(() => this.#server.unlink(kind, keys))
  }
}

function asStored(text: string): Stored {
  return text as unknown as Stored
}

function asText(stored: Stored): string {
  return stored as unknown as string
}

function asFound({ text, remainingMs }: ServerFound): RemoteFound {
  return { stored: asStored(text), remainingMs }
}

function asServerOp(op: RemoteOp): ServerOp {
  return op.kind === 'set' || op.kind === 'fill' ? { ...op, text: asText(op.stored) } : op
}

function asResult({ text, ...result }: ServerResult): RemoteResult {
  return text === undefined ? result : { ...result, stored: asStored(text) }
}
