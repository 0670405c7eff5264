import { SerializationError, StoreUnavailableError } from '../../src/core/errors.ts'
import type { GenerationRecord, Generations, TagResult } from '../../src/core/remote/generations.ts'
import type { Epoch, EpochId, Head, Replayable, Rotation, SyncReply } from '../../src/core/remote/log.ts'
import {
  unanswered,
  type LeaseRequest,
  type PrefixResult,
  type RemoteAcquired,
  type RemoteFound,
  type RemoteOp,
  type RemoteResult,
} from '../../src/core/remote/operations.ts'
import type { RemoteStore } from '../../src/core/remote/remote-store.ts'
import type { Cooldown, Stored } from '../../src/core/store.ts'
import type { Line } from '../machine/network.ts'
import { freshMs, type ServerFound, type ServerOp, type ServerResult } from './server-entries.ts'
import type { Scanned, SimulatedServer } from './server.ts'

/** The conversion of values to the text that a simulated server keeps. */
export interface TextFormat {
  /** @throws SerializationError if the value has no text. */
  serialize(value: unknown): string
  deserialize(text: string): unknown
}

const JSON_TEXT: TextFormat = {
  serialize(value) {
    const text = JSON.stringify(value) as string | undefined
    if (text !== undefined) return text
    throw new SerializationError('$ has no JSON', { path: '$', kind: typeof value })
  },
  deserialize: (text) => JSON.parse(text) as unknown,
}

/** Options of a node's connection to a simulated server. */
export interface SimulatedRemoteOptions {
  /** Text format of the values; JSON unless given. */
  readonly format?: TextFormat
  /** Whether the node takes the line for one that keeps the order of calls. @default true */
  readonly isOrdered?: boolean | undefined
  /** Receives the changes that the node sends. */
  readonly sent?: ((ops: readonly RemoteOp[]) => void) | undefined
}

/** A node's connection to the simulated server. */
export class SimulatedRemote implements RemoteStore {
  readonly #line: Line
  readonly #format: TextFormat
  readonly #listeners = new Set<() => void>()
  readonly #sent: (ops: readonly RemoteOp[]) => void
  #server: SimulatedServer

  constructor(
    server: SimulatedServer,
    line: Line,
    { format = JSON_TEXT, isOrdered = true, sent = () => undefined }: SimulatedRemoteOptions = {},
  ) {
    this.isOrdered = isOrdered
    this.#sent = sent
    this.#server = server
    this.#line = line
    this.#format = format
  }

  /** The server that the connection reaches. */
  get server(): SimulatedServer {
    return this.#server
  }

  /** Connects to another server from now on. */
  connect(server: SimulatedServer): void {
    this.#server = server
    this.#line.reconnect()
    for (const listener of this.#listeners) listener()
  }

  onReconnect(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly isOrdered: boolean
  /** Partitions whose server does not answer, because one of several may be away. */
  readonly away: Set<string> = new Set()

  get partitions(): readonly string[] {
    return this.#server.partitions
  }

  get generationPartition(): string {
    return this.#server.generationPartition
  }

  partitionOf(key: string): string {
    return this.#server.partitionOf(key)
  }

  admit(value: unknown): { readonly stored: Stored } | { readonly refused: SerializationError } {
    try {
      return { stored: asStored(this.#format.serialize(value)) }
    } catch (error) {
      if (error instanceof SerializationError) return { refused: error }
      throw error
    }
  }

  view(stored: Stored): unknown {
    return this.#format.deserialize(asText(stored))
  }

  async read(keys: readonly string[], withinMs?: number): Promise<ReadonlyMap<string, RemoteFound>> {
    if (keys.some((key) => this.#isAway(key))) throw partitionAway()
    const answers = await this.#call(
      `read ${keys.join(' ')}`,
      (server) => keys.map((key) => [key, server.read(key)] as const),
      withinMs,
    )
    return new Map(
      answers.flatMap(([key, found]) => (found === undefined ? [] : [[key, asFound(found)] as const])),
    )
  }

  async acquire(
    requests: readonly LeaseRequest[],
    leaseMs: number,
    withinMs?: number,
  ): Promise<readonly RemoteAcquired[]> {
    if (requests.some(({ key }) => this.#isAway(key))) throw partitionAway()
    const answers = await this.#call(
      `acquire ${keysOf(requests)}`,
      (server) => requests.map((request) => server.acquire(request, leaseMs)),
      withinMs,
    )
    return answers.map((answer) =>
      typeof answer === 'object' && 'text' in answer ? asFound(answer) : answer,
    )
  }

  async renew(key: string, token: string, leaseMs: number): Promise<boolean> {
    return this.#call(`renew ${key}`, (server) => server.renew(key, token, leaseMs))
  }

  async release(
    leases: readonly LeaseRequest[],
    cooldown?: Cooldown & { readonly forMs: number },
  ): Promise<void> {
    await this.#call(`release ${keysOf(leases)}`, (server) => {
      for (const { key, token } of leases) server.release(key, token, cooldown)
    })
  }

  async write(ops: readonly RemoteOp[], withinMs?: number): Promise<readonly RemoteResult[]> {
    if (ops.length === 0) return []
    if (ops.some(({ key }) => this.#isAway(key))) {
      const isAway = ops.map(({ key }) => this.#isAway(key))
      const asked = ops.filter((_, index) => !isAway[index]!)
      const answered = await this.write(asked, withinMs)
      const results = answered.values()
      return isAway.map((one) => (one ? unanswered(partitionAway()) : results.next().value!))
    }
    const what = ops.map(({ kind, key }) => `${kind} ${key}`).join(', ')
    this.#sent(ops)
    const sent = ops.map(asServerOp)
    try {
      const answer = await this.#call(what, (server) => sent.map((op) => server.write(op)), withinMs)
      return answer.map(asResult)
    } catch (error) {
      return ops.map(() => unanswered(error))
    }
  }

  async *scan(prefix: string): AsyncIterable<{ readonly key: string; readonly generations?: Generations }> {
    yield* await this.#call(`scan ${prefix}*`, (server) =>
      server.scan('v', prefix).flatMap((key) => {
        const entry = server.read(key)
        if (entry === undefined || freshMs(entry) <= 0) return []
        const { generations } = entry
        return [generations === undefined ? { key } : { key, generations }]
      }),
    )
  }

  async generations(
    tags: readonly string[],
    ifNone: readonly string[],
    livesMs: readonly number[],
    withinMs?: number,
  ): Promise<readonly GenerationRecord[]> {
    return this.#call(
      `generations ${tags.join(' ')}`,
      (server) => server.generations(tags, ifNone, livesMs),
      withinMs,
    )
  }

  async invalidateTags(
    tags: readonly string[],
    generations: readonly string[],
    { keepStale = false }: { readonly keepStale?: boolean | undefined } = {},
  ): Promise<TagResult> {
    const { generations: drawn, ...result } = await this.#call(
      `invalidate tags ${tags.join(' ')}`,
      (server) => server.invalidateTags(tags, generations, keepStale),
    )
    return { ...result, ...(keepStale && { generations: drawn }) }
  }

  async deleteByPrefix(prefix: string): Promise<PrefixResult> {
    const scanned = await this.#unlinkAll(prefix)
    // A flush is logged even if nothing matched, because another node may keep a value that the server has evicted.
    const logged = await Promise.all(
      this.partitions.map(async (partition) => {
        const answer = await this.#call(`log ${prefix}* in ${partition}`, (server) =>
          server.logFlush(partition, prefix, scanned),
        )
        if (answer === 'elsewhere') throw new StoreUnavailableError('the server changed between scan and log')
        return { partition, head: answer }
      }),
    )
    const { count } = scanned
    const heads = new Map(
      logged.flatMap(({ partition, head }) => (head === undefined ? [] : [[partition, head] as const])),
    )
    return { count, heads }
  }

  async survey(
    partition: string,
    visit: (items: readonly string[]) => Promise<void>,
  ): Promise<readonly string[]> {
    const begun = this.#server
    const show = async (
      what: string,
      itemsOf: (server: SimulatedServer) => readonly string[],
    ): Promise<void> => {
      const items = await this.#call(what, itemsOf)
      if (items.length > 0) await visit(items)
      if (this.#server !== begun) throw new StoreUnavailableError('the server changed during a scan')
    }
    if (partition === this.generationPartition) {
      await show('survey tags', (server) => server.tags())
      return [partition]
    }
    await show('survey leases', (server) => server.scan('l', ''))
    await show('survey values', (server) => server.scan('v', ''))
    return this.partitions
  }

  async heads(partitions?: readonly string[]): Promise<ReadonlyMap<string, Head>> {
    return this.#call('heads', (server) => server.heads(partitions))
  }

  async sync(partition: string, since: Head | undefined, ifNone: EpochId): Promise<SyncReply> {
    return this.#call(`sync ${partition}`, (server) => server.sync(partition, since, ifNone))
  }

  async rotate(partition: string, seen: Epoch, next: EpochId): Promise<Rotation> {
    return this.#call(`rotate ${partition}`, (server) => server.rotate(partition, seen, next))
  }

  async replay(partition: string, epoch: Epoch, entries: readonly Replayable[]): Promise<Head | undefined> {
    return this.#call(`replay in ${partition}`, (server) => server.replay(partition, epoch, entries))
  }

  async close(): Promise<void> {}

  #isAway(key: string): boolean {
    return this.away.size > 0 && this.away.has(this.partitionOf(key))
  }

  async #unlinkAll(prefix: string): Promise<Scanned> {
    const leases = await this.#unlink('l', prefix)
    const values = await this.#unlink('v', prefix)
    const isOne = leases.server === values.server
    return { server: isOne ? leases.server : undefined, atMs: leases.atMs, count: values.count }
  }

  // A scan and the removal are two steps, as they are on a real server.
  async #unlink(kind: 'l' | 'v', prefix: string): Promise<Scanned> {
    const what = kind === 'l' ? 'leases' : 'values'
    const found = await this.#call(`scan ${what} ${prefix}*`, (server) => ({
      keys: server.scan(kind, prefix),
      server: server.id,
      atMs: server.now(),
    }))
    const { keys, atMs } = found
    if (keys.length === 0) return { server: found.server, atMs, count: 0 }
    const unlinked = await this.#call(`unlink ${what} ${keys.join(' ')}`, (server) => ({
      count: server.unlink(kind, keys),
      server: server.id,
    }))
    const isOne = found.server === unlinked.server
    return { server: isOne ? found.server : undefined, atMs, count: unlinked.count }
  }

  // A call goes to the present server, and is executed there if at all.
  async #call<T>(what: string, execute: (server: SimulatedServer) => T, withinMs?: number): Promise<T> {
    const server = this.#server
    return this.#line.call(what, () => execute(server), { isUp: () => !server.down, withinMs })
  }
}

function partitionAway(): StoreUnavailableError {
  return new StoreUnavailableError('the server of the partition does not answer')
}

function keysOf(leases: readonly LeaseRequest[]): string {
  return leases.map(({ key }) => key).join(' ')
}

function asStored(text: string): Stored {
  return text as unknown as Stored
}

function asText(stored: Stored): string {
  return stored as unknown as string
}

function asFound({ text, ...found }: ServerFound): RemoteFound {
  return { ...found, stored: asStored(text) }
}

function asServerOp(op: RemoteOp): ServerOp {
  if (op.kind !== 'set' && op.kind !== 'add' && op.kind !== 'fill') return op
  const { stored, ...rest } = op
  return { ...rest, text: asText(stored) }
}

function asResult({ text, ...result }: ServerResult): RemoteResult {
  return text === undefined ? result : { ...result, stored: asStored(text) }
}
