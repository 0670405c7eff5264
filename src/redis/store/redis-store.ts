import type { AtomicStore } from '../../core/atomic-store.ts'
import type { Board } from '../../core/board.ts'
import type { ServerHealth } from '../../core/health.ts'
import type { Observer } from '../../core/observing/observer.ts'
import type { Clock, Random } from '../../core/time/clock.ts'
import { SerializationError } from '../../core/errors.ts'
import type { GenerationRecord, Generations, TagResult } from '../../core/remote/generations.ts'
import type {
  Epoch,
  EpochId,
  Head,
  RemoteHead,
  Replayable,
  Rotation,
  SyncReply,
} from '../../core/remote/log.ts'
import {
  unanswered,
  type IN_FULL,
  type LeaseRequest,
  type PrefixResult,
  type RemoteAcquired,
  type RemoteFound,
  type RemoteOp,
  type RemoteResult,
} from '../../core/remote/operations.ts'
import type { RemoteStore } from '../../core/remote/remote-store.ts'
import type { Cooldown, Stored } from '../../core/store.ts'
import type { WireFormat } from '../../serialization/wire/wire-format.ts'
import type { Connection, RedisClient } from '../connection/client.ts'
import { EntryBytes } from './entry-bytes.ts'
import { exchange, Exchange, hasUnsent, slices } from './exchange.ts'
import { GatheredSets } from './gathered-sets.ts'
import { KeyNames } from './key-names.ts'
import { Leases } from './leases.ts'
import { LoggedCalls } from './log/logged-calls.ts'
import { Logs } from './log/logs.ts'
import { ClientView } from '../connection/client-view.ts'
import { Reads } from './reads.ts'
import { RedisBoard } from './redis-board.ts'
import { PrefixScans } from './scans.ts'
import { TagRecords } from './tag-records.ts'
import { Writes, type Plan } from './writes.ts'

/** The maximum number of operations that are encoded at a time. */
const LONGEST_PLAN = 2_000
/** The maximum number of entries in one log. */
const LONGEST_LOG = 10_000

/** The settings of a Redis store. */
export interface RedisStoreSettings {
  readonly random: Random
  /** Whether log entries are published, too. @default true */
  readonly publish?: boolean | undefined
  /** The milliseconds within which the client settles a call. */
  readonly deadlineMs?: number | undefined
  /** The maximum number of entries in all logs together. @default as many as they may have each */
  readonly logLimit?: number | undefined
  /** Called for each value that is stored without a ttl. */
  readonly onLasting?: (() => void) | undefined
  /** The store of limits and locks. */
  readonly atomic?: AtomicStore | undefined
}

/**
 * The remote store on a Redis or Valkey server, or a cluster of them. docs/redis-keyspace.md describes its keys and
 * scripts.
 */
export class RedisStore implements RemoteStore {
  readonly deadlineMs: number | undefined
  readonly logLength: number
  readonly atomic: AtomicStore | undefined
  readonly format: WireFormat
  readonly isOrdered: boolean
  readonly #owned: RedisClient
  // Its commands go behind the sets that were gathered before.
  readonly #client: ClientView
  readonly #sets: GatheredSets
  // The connection that sets are gathered for. Absent in a cluster, where keys of one script must share a slot.
  readonly #gathersFor: ((key: string) => Connection) | undefined
  readonly #names: KeyNames
  readonly #entries: EntryBytes
  readonly #reads: Reads
  readonly #leases: Leases
  readonly #writes: Writes
  readonly #logs: Logs
  readonly #tags: TagRecords
  readonly #scans: PrefixScans
  readonly #prefix: string
  readonly #random: Random
  #unlisten: (() => void) | undefined = undefined

  /** `prefix` is the beginning of all names that the store uses. */
  constructor(owned: RedisClient, prefix: string, format: WireFormat, settings: RedisStoreSettings) {
    const { random, publish = true, logLimit = Infinity } = settings
    this.deadlineMs = settings.deadlineMs
    this.atomic = settings.atomic
    this.#sets = new GatheredSets((ops) => this.#write(ops))
    const client = new ClientView(owned, this.#sets.flush)
    this.#owned = owned
    this.#prefix = prefix
    this.#random = random
    this.#client = client
    this.isOrdered = client.isOrdered
    this.#names = new KeyNames(prefix, client.isCluster, client.database)
    const logs = this.#names.partitions.length + 1
    this.logLength = Math.max(1, Math.min(LONGEST_LOG, Math.floor(logLimit / logs)))
    this.#gathersFor = client.isCluster ? undefined : (key) => owned.connectionFor(this.#names.value(key))
    this.#entries = new EntryBytes(format, settings.onLasting)
    this.format = format
    const logged = new LoggedCalls(this.#names, { limit: this.logLength, publish }, random)
    const scans = new PrefixScans(client, this.#names)
    this.#scans = scans
    this.#reads = new Reads(client, this.#names, this.#entries)
    this.#leases = new Leases(client, this.#names, this.#entries)
    this.#writes = new Writes(this.#names, logged, this.#entries)
    this.#logs = new Logs(client, this.#names, logged, scans, random)
    this.#tags = new TagRecords(this.#names, logged)
  }

  get unreadable(): number {
    return this.#reads.wrongTypes + this.#tags.unreadable
  }

  admit(value: unknown): { readonly stored: Stored } | { readonly refused: SerializationError } {
    try {
      return { stored: this.#entries.admit(value) }
    } catch (error) {
      if (error instanceof SerializationError) return { refused: error }
      throw error
    }
  }

  view(stored: Stored): unknown {
    return this.#entries.view(stored)
  }

  get hasUnsent(): boolean {
    return hasUnsent(this.#client)
  }

  partitionOf(key: string): string {
    return this.#names.partitionOf(key)
  }

  get partitions(): readonly string[] {
    return this.#names.partitions
  }

  get generationPartition(): string {
    return this.#names.generationPartition
  }

  read(keys: readonly string[], withinMs?: number): Promise<ReadonlyMap<string, RemoteFound>> {
    return this.#reads.read(keys, withinMs)
  }

  readOne(key: string): Promise<RemoteFound | typeof IN_FULL | undefined> {
    return this.#reads.readOne(key)
  }

  readMany(keys: readonly string[]): Promise<readonly (RemoteFound | typeof IN_FULL | undefined)[]> {
    return this.#reads.readMany(keys)
  }

  acquire(
    requests: readonly LeaseRequest[],
    leaseMs: number,
    withinMs?: number,
  ): Promise<readonly RemoteAcquired[]> {
    return this.#leases.acquire(requests, leaseMs, withinMs)
  }

  renew(key: string, token: string, leaseMs: number): Promise<boolean> {
    return this.#leases.renew(key, token, leaseMs)
  }

  release(
    leases: readonly { readonly key: string; readonly token: string }[],
    cooldown?: Cooldown & { readonly forMs: number },
  ): Promise<void> {
    return this.#leases.release(leases, cooldown)
  }

  // A set with only part of its time left is not gathered, because it cannot wait for the end of the turn.
  write(ops: readonly RemoteOp[], withinMs?: number): Promise<readonly RemoteResult[]> {
    const op = ops[0]
    if (op?.kind === 'set' && ops.length === 1 && this.#gathersFor !== undefined && withinMs === undefined)
      return this.#sets.add(op, this.#entries.lengthOf(op.stored), this.#gathersFor(op.key))
    return this.#write(ops, withinMs)
  }

  async #write(ops: readonly RemoteOp[], withinMs?: number): Promise<readonly RemoteResult[]> {
    if (ops.length > LONGEST_PLAN) return this.#writeMany(ops, withinMs)
    const plan = this.#writes.plan(ops)
    const { runs, failures } = plan
    // A single script gives the results of the whole call.
    if (runs.length === 1 && failures.size === 0) {
      const { call, form, results: resultsOf } = runs[0]!
      try {
        return resultsOf(await this.#client.connectionFor(call.route).run(call.command, form, withinMs))
      } catch (error) {
        return ops.map(() => unanswered(error))
      }
    }
    return this.#execute(plan, new Exchange(this.#client), withinMs)
  }

  // Works in parts, so that the first is sent before all are encoded.
  async #writeMany(ops: readonly RemoteOp[], withinMs?: number): Promise<readonly RemoteResult[]> {
    const sending = new Exchange(this.#client)
    const results: RemoteResult[] = []
    for (const part of slices(ops, LONGEST_PLAN)) {
      for (const result of await this.#execute(this.#writes.plan(part), sending, withinMs))
        results.push(result)
    }
    return results
  }

  async #execute(
    { runs, failures }: Plan,
    sending: Exchange,
    withinMs: number | undefined,
  ): Promise<readonly RemoteResult[]> {
    const replies = await sending.send(
      runs.map(({ call }) => call),
      'bytes',
      withinMs,
    )
    const results: RemoteResult[] = []
    for (const [index, failure] of failures) results[index] = unanswered(failure)
    for (const [position, run] of runs.entries()) {
      const ofRun = run.results(replies[position]!)
      for (const [at, index] of run.indexes.entries()) results[index] = ofRun[at]!
    }
    return results
  }

  scan(
    prefix: string,
  ): AsyncIterable<{ readonly key: string; readonly generations?: Generations | undefined }> {
    return this.#reads.scan(prefix)
  }

  async deleteByPrefix(prefix: string): Promise<PrefixResult> {
    const { count, calls, read } = await this.#logs.deleteByPrefix(prefix)
    return { count, heads: read(await exchange(this.#client, calls, 'text')) }
  }

  survey(partition: string, visit: (items: readonly string[]) => Promise<void>): Promise<readonly string[]> {
    return this.#scans.survey(partition, visit)
  }

  async generations(
    tags: readonly string[],
    ifNone: readonly string[],
    livesMs: readonly number[],
    withinMs?: number,
  ): Promise<readonly GenerationRecord[]> {
    const { call, read } = this.#tags.generations(tags, ifNone, livesMs)
    const [reply] = await exchange(this.#client, [call], 'text', withinMs)
    return read(reply!)
  }

  async invalidateTags(
    tags: readonly string[],
    generations: readonly string[],
    options: { readonly keepStale?: boolean | undefined } = {},
  ): Promise<TagResult> {
    const { call, read } = this.#tags.invalidate(tags, generations, options.keepStale === true)
    const [reply] = await exchange(this.#client, [call], 'text')
    return read(reply!)
  }

  heads(partitions?: readonly string[]): Promise<ReadonlyMap<string, RemoteHead>> {
    return this.#logs.heads(partitions)
  }

  sync(partition: string, since: Head | undefined, ifNone: EpochId): Promise<SyncReply> {
    return this.#logs.sync(partition, since, ifNone)
  }

  rotate(partition: string, seen: Epoch, next: EpochId): Promise<Rotation> {
    return this.#logs.rotate(partition, seen, next)
  }

  replay(partition: string, epoch: Epoch, entries: readonly Replayable[]): Promise<Head | undefined> {
    return this.#logs.replay(partition, epoch, entries)
  }

  onReconnect(listener: () => void): () => void {
    return this.#client.onReconnect(listener)
  }

  get place(): { readonly host: string; readonly database: number; readonly prefix: string } {
    const { place = 'a server', database } = this.#owned
    return { host: place, database, prefix: this.#prefix }
  }

  get servers(): readonly ServerHealth[] {
    return this.#owned.nodes?.all ?? []
  }

  async check(): Promise<void> {
    const routes = new Map<object, string>()
    for (const partition of this.#names.partitions) {
      const name = this.#names.probe(partition)
      routes.set(this.#client.connectionFor(name).server, name)
    }
    // A server that is full or read-only refuses it, although nothing is written. The states of the servers tell.
    const asked = Array.from(routes.values(), (name) =>
      this.#client.connectionFor(name).run({ args: ['SET', name, '', 'XX'] }, 'text'),
    )
    await Promise.allSettled(asked)
  }

  openBoard(): Board {
    return new RedisBoard(this.#client, this.#names, this.#random)
  }

  bytesOf(stored: Stored): number {
    return this.#entries.lengthOf(stored)
  }

  observe(observer: Observer | undefined, clock: Clock): void {
    this.#client.observe(observer, clock)
    this.atomic?.observe?.(observer, clock)
    this.#unlisten?.()
    this.#unlisten = observer && this.#client.nodes?.listen((...change) => observer.connection?.(...change))
  }

  addQueue(count: () => number): () => void {
    return this.#client.addQueue(count)
  }

  close(): Promise<void> {
    this.atomic?.close?.()
    this.#sets.flush()
    return this.#owned.close()
  }
}
