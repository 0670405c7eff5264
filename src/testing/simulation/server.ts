import type {
  Epoch,
  Head,
  LogEntry,
  Message,
  Replayable,
  Rotation,
  SyncReply,
} from '../../core/remote-store.ts'
import { sameEpoch } from '../../coherence/sightings.ts'
import { Keyspace, LEDGER, type Item } from './keyspace.ts'

/** A change of one key, as it travels to the server: values are text. */
export type ServerOp =
  | { readonly kind: 'set'; readonly key: string; readonly text: string; readonly ttlMs: number }
  | {
      readonly kind: 'fill'
      readonly key: string
      readonly token: string
      readonly text: string
      readonly ttlMs: number
    }
  | { readonly kind: 'delete' | 'take'; readonly key: string }
  | { readonly kind: 'expire'; readonly key: string; readonly ttlMs: number }
  | { readonly kind: 'increment'; readonly key: string; readonly by: number; readonly ttlMs: number }

/** What became of it. */
export interface ServerResult {
  readonly ok: boolean
  readonly text?: string
  readonly number?: number
  readonly head?: Head
  readonly logged?: boolean
}

/** An entry as the server answers it. */
export interface ServerFound {
  readonly text: string
  readonly remainingMs: number
}

/** Scans that have removed what a prefix covers: where they began, when, and how much it was. */
export interface Scanned {
  /** The server that did all of it; `undefined` = there were several. */
  readonly server: string | undefined
  readonly atMs: number
  readonly count: number
}

/** An invalidation that a server has executed. */
export interface Invalidated extends Pick<LogEntry, 'kind' | 'item'> {
  readonly partition: string
  readonly server: SimulatedServer
  /** What was committed after this moment, it may not cover: a prefix is scanned before it is logged. */
  readonly atMs: number
}

const LOG_LIFETIME_MS = 86_400_000

/**
 * A server like Redis, as the reference model of the remote store: a flat keyspace with expiry, in which values,
 * leases, sequences and logs are keys like others, and any of them may be evicted at any time. Each method is one
 * script: an atomic step.
 */
export class SimulatedServer {
  readonly items: Keyspace
  /** Another for each server and each start of one. */
  readonly id: string
  /** Whether it has stopped: what arrives now is not executed. */
  down = false
  readonly #now: () => number
  readonly #partitions: number
  readonly #logLimit: number
  readonly #publish: (message: Message) => void
  readonly #onFilled: ((key: string, text: string, server: SimulatedServer) => void) | undefined
  readonly #onInvalidated: ((invalidated: Invalidated) => void) | undefined
  #stamps = 0

  constructor(options: {
    readonly now: () => number
    readonly partitions: number
    /** The most entries that a partition's log keeps. */
    readonly logLimit: number
    readonly publish: (message: Message) => void
    readonly id?: string
    /** What it starts with; it goes on working on that. */
    readonly items?: Keyspace
    /** Hears of every invalidation that is executed, logged or not. */
    readonly onInvalidated?: (invalidated: Invalidated) => void
    /** Hears of every fill that is accepted. */
    readonly onFilled?: (key: string, text: string, server: SimulatedServer) => void
  }) {
    this.id = options.id ?? ''
    this.items = options.items ?? new Keyspace()
    this.#onFilled = options.onFilled
    this.#onInvalidated = options.onInvalidated
    this.#now = options.now
    this.#partitions = options.partitions
    this.#logLimit = options.logLimit
    this.#publish = options.publish
  }

  get partitions(): readonly string[] {
    return Array.from({ length: this.#partitions }, (_, index) => String(index))
  }

  partitionOf(key: string): string {
    let hash = 0
    for (let index = 0; index < key.length; index++) hash = (Math.imul(hash, 31) + key.charCodeAt(index)) | 0
    return String((hash >>> 0) % this.#partitions)
  }

  read(key: string): ServerFound | undefined {
    const item = this.#get(`v:${key}`)
    return item && { text: item.value as string, remainingMs: item.expiresAtMs - this.#now() }
  }

  acquire(key: string, token: string, leaseMs: number): ServerFound | 'granted' | 'busy' {
    const found = this.read(key)
    if (found !== undefined) return found
    const holder = this.#get(`l:${key}`)
    if (holder !== undefined && holder.value !== token) return 'busy'
    this.#set(`l:${key}`, token, leaseMs)
    return 'granted'
  }

  renew(key: string, token: string, leaseMs: number): boolean {
    if (this.#get(`l:${key}`)?.value !== token) return false
    this.#set(`l:${key}`, token, leaseMs)
    return true
  }

  release(key: string, token: string): void {
    if (this.#get(`l:${key}`)?.value === token) this.items.delete(`l:${key}`)
  }

  write(op: ServerOp): ServerResult {
    const before = this.read(op.key)
    switch (op.kind) {
      case 'fill':
        if (this.#get(`l:${op.key}`)?.value !== op.token) return { ok: false }
        this.#onFilled?.(op.key, op.text, this)
        this.#set(`v:${op.key}`, op.text, op.ttlMs)
        this.items.delete(`l:${op.key}`)
        return { ok: true, ...(before === undefined ? this.#head(op.key) : this.#log(op.key)) }
      case 'set':
        this.#invalidated(this.partitionOf(op.key), 'key', op.key)
        this.#set(`v:${op.key}`, op.text, op.ttlMs)
        this.items.delete(`l:${op.key}`)
        return { ok: true, ...this.#log(op.key) }
      case 'delete':
      case 'take':
        this.#invalidated(this.partitionOf(op.key), 'key', op.key)
        this.items.delete(`v:${op.key}`)
        this.items.delete(`l:${op.key}`)
        return { ok: before !== undefined, ...(before && { text: before.text }), ...this.#log(op.key) }
      case 'expire':
        return this.#expire(op.key, op.ttlMs, before)
      case 'increment':
        return this.#increment(op.key, op.by, op.ttlMs, before)
    }
  }

  /** Every key of the kind (`l`: leases, `v`: values) that begins with the prefix: one complete scan, not atomic. */
  scan(kind: 'l' | 'v', prefix: string): readonly string[] {
    const found: string[] = []
    for (const name of this.items.keys()) {
      if (name.startsWith(`${kind}:${prefix}`) && this.#get(name) !== undefined) found.push(name.slice(2))
    }
    return found
  }

  /** Deletes leases or values, a batch of a scan; how many existed. */
  unlink(kind: 'l' | 'v', keys: readonly string[]): number {
    let count = 0
    for (const key of keys) {
      if (this.#get(`${kind}:${key}`) !== undefined) count++
      this.items.delete(`${kind}:${key}`)
    }
    return count
  }

  /** Logs a prefix, if it was this server on which the scans have removed what it covers. */
  logPrefix(partition: string, prefix: string, scanned: Scanned): Head | 'elsewhere' | undefined {
    if (scanned.server !== this.id) return 'elsewhere'
    this.#invalidated(partition, 'prefix', prefix, scanned.atMs)
    return this.#append(partition, 'prefix', prefix)
  }

  now(): number {
    return this.#now()
  }

  heads(): ReadonlyMap<string, Head> {
    const heads = new Map<string, Head>()
    for (const partition of this.partitions) {
      const head = this.#get(`s:${partition}`)
      if (head !== undefined) heads.set(partition, head.value as Head)
    }
    return heads
  }

  sync(partition: string, since: Head | undefined, ifNone: Epoch): SyncReply {
    const present = this.#get(`s:${partition}`)?.value as Head | undefined
    if (present === undefined) {
      const head = { epoch: ifNone, counter: 0, stamp: '' }
      this.#set(`s:${partition}`, head, LOG_LIFETIME_MS)
      this.items.delete(`g:${partition}`)
      return { head, entries: [], diverged: false }
    }
    this.#set(`s:${partition}`, present, LOG_LIFETIME_MS)
    if (since === undefined || !sameEpoch(since.epoch, present.epoch)) {
      return { head: present, entries: [], diverged: false }
    }
    const entries = this.#logOf(partition).filter((entry) => entry.counter > since.counter)
    const isLast = since.counter === present.counter
    const stampThere = isLast
      ? present.stamp
      : entries[0]?.counter === since.counter + 1 && entries[0].previous
    return { head: present, entries, diverged: stampThere !== since.stamp }
  }

  rotate(partition: string, seen: Epoch, next: Epoch): Rotation {
    const head = this.#get(`s:${partition}`)?.value as Head | undefined
    if (head === undefined || !sameEpoch(head.epoch, seen)) return { won: false, head }
    const rotated = { ...head, epoch: next }
    this.#set(`s:${partition}`, rotated, LOG_LIFETIME_MS)
    return { won: true, head: rotated }
  }

  /** The entries that the log lacks; `undefined` when the partition has another epoch. */
  missing(
    partition: string,
    epoch: Epoch,
    entries: readonly Replayable[],
  ): readonly Replayable[] | undefined {
    const head = this.#get(`s:${partition}`)?.value as Head | undefined
    if (head === undefined || !sameEpoch(head.epoch, epoch)) return undefined
    const logged = new Set(this.#logOf(partition).map(({ stamp, origin }) => origin ?? stamp))
    return entries.filter(({ stamp }) => !logged.has(stamp))
  }

  /**
   * Invalidates and logs what the log lacks; a prefix only if scans on this server have removed what it covers.
   * `undefined`: not all of it could be done here.
   */
  replay(
    partition: string,
    epoch: Epoch,
    entries: readonly Replayable[],
    scans: ReadonlyMap<string, Scanned>,
  ): Head | undefined {
    const missing = this.missing(partition, epoch, entries)
    if (missing === undefined) return undefined
    let isComplete = true
    for (const { kind, item, stamp } of missing) {
      const scanned = scans.get(item)
      if (kind === 'key') {
        this.items.delete(`v:${item}`)
        this.items.delete(`l:${item}`)
      } else if (scanned?.server !== this.id) {
        isComplete = false
        continue
      }
      this.#invalidated(partition, kind, item, kind === 'key' ? this.#now() : scanned!.atMs)
      this.#append(partition, kind, item, stamp)
    }
    return isComplete ? (this.#get(`s:${partition}`)?.value as Head) : undefined
  }

  /** Removes keys as a full server does, whatever they are. */
  evict(choose: (names: readonly string[]) => string): string | undefined {
    const names = [...this.items.keys()].filter((name) => !name.startsWith(LEDGER))
    if (names.length === 0) return undefined
    const name = choose(names)
    this.items.delete(name)
    return name
  }

  /** The names of all keys that have not expired, for checks. */
  names(): readonly string[] {
    return [...this.items.keys()].filter((name) => !name.startsWith(LEDGER) && this.#get(name) !== undefined)
  }

  #expire(key: string, ttlMs: number, before: ServerFound | undefined): ServerResult {
    if (before === undefined) return { ok: false }
    this.#set(`v:${key}`, before.text, ttlMs)
    if (ttlMs >= before.remainingMs) return { ok: true }
    this.items.delete(`l:${key}`)
    return { ok: true, ...this.#log(key) }
  }

  #increment(key: string, by: number, ttlMs: number, before: ServerFound | undefined): ServerResult {
    const number = before === undefined ? by : /^-?\d+$/.test(before.text) ? Number(before.text) + by : NaN
    if (!Number.isSafeInteger(number)) return { ok: false }
    this.#set(`v:${key}`, String(number), before?.remainingMs ?? ttlMs)
    this.items.delete(`l:${key}`)
    return { ok: true, number, ...(before === undefined ? this.#log(key) : {}) }
  }

  #invalidated(partition: string, kind: LogEntry['kind'], item: string, atMs = this.#now()): void {
    this.#onInvalidated?.({ partition, kind, item, server: this, atMs })
  }

  // Nobody follows the partition: there is nothing to log.
  #log(key: string): { readonly head?: Head; readonly logged?: boolean } {
    const head = this.#append(this.partitionOf(key), 'key', key)
    return head === undefined ? {} : { head, logged: true }
  }

  #head(key: string): { readonly head?: Head; readonly logged?: boolean } {
    const head = this.#get(`s:${this.partitionOf(key)}`)?.value as Head | undefined
    return head === undefined ? {} : { head, logged: false }
  }

  #append(partition: string, kind: LogEntry['kind'], item: string, origin?: string): Head | undefined {
    const before = this.#get(`s:${partition}`)
    if (before === undefined) return undefined
    const { epoch, counter, stamp: previous } = before.value as Head
    const stamp = `${this.id}s${++this.#stamps}`
    const again = origin === undefined ? {} : { origin }
    const entry: LogEntry = { counter: counter + 1, stamp, previous, kind, item, ...again }
    const head = { epoch, counter: entry.counter, stamp: entry.stamp }
    this.items.set(`s:${partition}`, { value: head, expiresAtMs: before.expiresAtMs })
    this.#set(`g:${partition}`, [...this.#logOf(partition), entry].slice(-this.#logLimit), LOG_LIFETIME_MS)
    this.#publish({ partition, epoch, ...entry })
    return head
  }

  #logOf(partition: string): readonly LogEntry[] {
    return (this.#get(`g:${partition}`)?.value ?? []) as readonly LogEntry[]
  }

  #get(name: string): Item | undefined {
    const item = this.items.get(name)
    if (item === undefined || item.expiresAtMs > this.#now()) return item
    this.items.delete(name)
    return undefined
  }

  #set(name: string, value: unknown, ttlMs: number): void {
    this.items.set(name, { value, expiresAtMs: this.#now() + ttlMs })
  }
}
