import type { GenerationRecord, Generations, TagResult } from '../../src/core/remote/generations.ts'
import type {
  Epoch,
  EpochId,
  Head,
  Message,
  Replayable,
  Rotation,
  SyncReply,
} from '../../src/core/remote/log.ts'
import type { LeaseRequest } from '../../src/core/remote/operations.ts'
import type { Cooldown } from '../../src/core/store.ts'
import type { KeptWatch } from '../judge/kept-watch.ts'
import { Keyspace, LEDGER } from './keyspace.ts'
import { Names } from '../world/names.ts'
import {
  ServerEntries,
  type LeaseEvents,
  type ServerFound,
  type ServerOp,
  type ServerResult,
} from './server-entries.ts'
import { ServerLogs, type LogLimits } from './server-logs.ts'
import { GENERATION_PARTITION, ServerTags } from './server-tags.ts'

/** Scans that have removed the keys of a prefix: their server, their beginning, and the number of keys. */
export interface Scanned {
  /** The server that executed all of them; `undefined` = there were several. */
  readonly server: string | undefined
  readonly atMs: number
  readonly count: number
}

/** An invalidation that a server has executed. */
export interface Invalidated {
  readonly kind: 'key' | 'tag' | 'prefix'
  readonly item: string
  readonly partition: string
  readonly server: SimulatedServer
  /** The moment after which commits may not be covered, because a prefix is scanned before it is logged. */
  readonly atMs: number
}

/** Options of a simulated server, and receivers of its events. */
export interface ServerOptions extends LogLimits {
  readonly now: () => number
  readonly partitions: number
  readonly publish: (message: Message) => void
  /** The id, which differs for each server and each start of one. */
  readonly id?: string
  /** The data at its start. The server goes on working on this object. */
  readonly items?: Keyspace
  /** Receives every invalidation that is executed, logged or not. */
  readonly onInvalidated?: (invalidated: Invalidated) => void
  /** Receives every fill that is accepted and will be seen. */
  readonly onFilled?: (key: string, text: string, server: SimulatedServer, token: string) => void
  /** Receives every `expire` that gave an entry a nearer end. */
  readonly onShortened?: (key: string, ttlMs: number) => void
  /** Receives the values that are set, and every request to end them. */
  readonly kept?: KeptWatch | undefined
  /** Receives a partition whose sequence has expired. */
  readonly onSequenceExpired?: (partition: string) => void
  /** Receives the events of leases. */
  readonly leases?: LeaseEvents
}

/**
 * A server like Redis, as the reference model of the remote store. Its flat keyspace has expiry. Values, leases,
 * sequences and logs are keys like others, and any of them may be evicted at any time. Each method is one script: an
 * atomic step.
 */
export class SimulatedServer {
  readonly items: Keyspace
  /** The id, which differs for each server and each start of one. */
  readonly id: string
  /** Whether it has stopped. Requests that arrive now are not executed. */
  down = false
  readonly #options: ServerOptions
  readonly #names: Names
  readonly #logs: ServerLogs
  readonly #tags: ServerTags
  readonly #entries: ServerEntries
  #stamps = 0

  constructor(options: ServerOptions) {
    const { id = '', items = new Keyspace(), now, leases, publish } = options
    this.#options = options
    this.id = id
    this.items = items
    this.#names = new Names(items, now, (name, value) => {
      if (name.startsWith('l:') && typeof value === 'string') leases?.expired(value)
      if (name.startsWith('s:')) options.onSequenceExpired?.(name.slice(2))
    })
    this.#logs = new ServerLogs(this.#names, options, () => `${id}s${++this.#stamps}`, publish)
    this.#tags = new ServerTags(this.#names, this.#logs, now)
    this.#entries = new ServerEntries(this.#names, {
      log: (key) => this.#logs.append(this.partitionOf(key), 'key', key),
      head: (key) => this.#logs.head(this.partitionOf(key)),
      filled: (key, { text, generations }, token) => {
        if (this.#tags.agrees(generations)) options.onFilled?.(key, text, this, token)
      },
      invalidated: (key) => this.#invalidated(this.partitionOf(key), 'key', key),
      shortened: (key, ttlMs) => options.onShortened?.(key, ttlMs),
      leases,
    })
  }

  get generationPartition(): string {
    return GENERATION_PARTITION
  }

  get partitions(): readonly string[] {
    return Array.from({ length: this.#options.partitions }, (_, index) => String(index))
  }

  partitionOf(key: string): string {
    const { partitions } = this.#options
    if (partitions === 1) return '0'
    let hash = 0
    for (let index = 0; index < key.length; index++) hash = (Math.imul(hash, 31) + key.charCodeAt(index)) | 0
    return String((hash >>> 0) % partitions)
  }

  now(): number {
    return this.#options.now()
  }

  read(key: string): ServerFound | undefined {
    return this.#entries.read(key)
  }

  acquire(request: LeaseRequest, leaseMs: number): ServerFound | 'granted' | 'busy' | Cooldown {
    return this.#entries.acquire(request, leaseMs)
  }

  renew(key: string, token: string, leaseMs: number): boolean {
    return this.#entries.renew(key, token, leaseMs)
  }

  release(key: string, token: string, cooldown?: Cooldown & { readonly forMs: number }): void {
    this.#entries.release(key, token, cooldown)
  }

  write(op: ServerOp): ServerResult {
    const { kept } = this.#options
    kept?.judge(this, [op.key])
    const result = this.#entries.write(op)
    kept?.written(this, op, result)
    return result
  }

  /** Whether an entry that has these generations is fresh for reads that begin now. */
  agrees(generations: Generations): boolean {
    return this.#tags.agrees(generations)
  }

  generations(
    tags: readonly string[],
    ifNone: readonly string[],
    livesMs: readonly number[],
  ): readonly GenerationRecord[] {
    return this.#tags.records(tags, ifNone, livesMs)
  }

  invalidateTags(tags: readonly string[], given: readonly string[], keepStale = false): Required<TagResult> {
    const done = tags.map((tag, index) => {
      this.#options.kept?.goneByTag(tag)
      return this.#invalidateTag(tag, given[index]!, keepStale)
    })
    return {
      heads: done.map(({ head }) => head),
      generations: done.map(({ value }) => value),
      former: done.map(({ former }) => former),
    }
  }

  /**
   * Returns every key of the kind (`l`: leases, `v`: values) that begins with the prefix: one complete scan, not
   * atomic.
   */
  scan(kind: 'l' | 'v', prefix: string): readonly string[] {
    return this.#names.beginningWith(`${kind}:${prefix}`).map((name) => name.slice(2))
  }

  /** Deletes the leases or values of one batch of a scan, and returns the number that existed. */
  unlink(kind: 'l' | 'v', keys: readonly string[]): number {
    let count = 0
    for (const key of keys) {
      if (this.#names.get(`${kind}:${key}`) !== undefined) count++
      if (kind === 'v') this.#options.kept?.gone(key)
      this.#names.delete(`${kind}:${key}`)
    }
    return count
  }

  /** Logs a flush if the scans that removed the keys of the prefix ran on this server. */
  logFlush(partition: string, prefix: string, scanned: Scanned): Head | 'elsewhere' | undefined {
    if (scanned.server !== this.id) return 'elsewhere'
    this.#invalidated(partition, 'prefix', prefix, scanned.atMs)
    return this.#logs.append(partition, 'flush', '')
  }

  heads(
    partitions: readonly string[] = [...this.partitions, GENERATION_PARTITION],
  ): ReadonlyMap<string, Head> {
    const heads = new Map<string, Head>()
    for (const partition of partitions) {
      const head = this.#logs.head(partition)
      if (head !== undefined) heads.set(partition, head)
    }
    return heads
  }

  /** Returns the tags that have a record. */
  tags(): readonly string[] {
    return this.names().flatMap((name) => (name.startsWith('t:') ? name.slice(2) : []))
  }

  sync(partition: string, since: Head | undefined, ifNone: EpochId): SyncReply {
    return this.#logs.sync(partition, since, ifNone, this.now())
  }

  rotate(partition: string, seen: Epoch, next: EpochId): Rotation {
    return this.#logs.rotate(partition, seen, next)
  }

  /** Invalidates and logs the entries that the log has lost. `undefined`: the partition has another epoch. */
  replay(partition: string, epoch: Epoch, entries: readonly Replayable[]): Head | undefined {
    const lost = this.#logs.lost(partition, epoch, entries)
    if (lost === undefined) return undefined
    for (const { kind, item, stamp } of lost) {
      if (kind === 'tag') {
        this.#invalidateTag(item, this.#draw(), false, stamp)
        continue
      }
      this.#names.delete(`v:${item}`)
      this.#names.delete(`l:${item}`)
      this.#invalidated(partition, kind, item)
      this.#logs.append(partition, kind, item, stamp)
    }
    return this.#logs.head(partition)
  }

  /** Removes a key as a full server does, of any kind. */
  evict(choose: (names: readonly string[]) => string | undefined): string | undefined {
    const names = [...this.items.keys()].filter((name) => !name.startsWith(LEDGER))
    const name = names.length === 0 ? undefined : choose(names)
    if (name === undefined) return undefined
    if (name.startsWith('v:')) this.#options.kept?.gone(name.slice(2))
    if (name.startsWith('t:')) this.#options.kept?.goneByTag(name.slice(2))
    this.items.delete(name)
    return name
  }

  /** Returns the names of all keys that have not expired, for checks. */
  names(): readonly string[] {
    return this.#names.beginningWith('').filter((name) => !name.startsWith(LEDGER))
  }

  #invalidateTag(
    tag: string,
    given: string,
    keepStale: boolean,
    origin?: string,
  ): ReturnType<ServerTags['invalidate']> {
    this.#invalidated(GENERATION_PARTITION, 'tag', tag)
    return this.#tags.invalidate(tag, given, keepStale, origin)
  }

  #invalidated(partition: string, kind: Invalidated['kind'], item: string, atMs = this.now()): void {
    this.#options.onInvalidated?.({ partition, kind, item, server: this, atMs })
  }

  // Draws a generation of the server's own, which no node draws because nodes draw random ones.
  #draw(): string {
    let hash = 0x811c9dc5
    for (const char of this.id) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193)
    const hex = (number: number): string => (number >>> 0).toString(16).padStart(8, '0')
    return `${hex(hash)}${hex(++this.#stamps)}${hex(0)}`
  }
}
