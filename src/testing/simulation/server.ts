import type {
  Epoch,
  Generations,
  Head,
  LeaseRequest,
  LogEntry,
  Message,
  RemoteOp,
  Replayable,
  Rotation,
  SyncReply,
} from '../../core/remote-store.ts'
import { sameEpoch } from '../../coherence/sightings.ts'
import { isNamespaceTag } from '../../core/tags.ts'
import { Keyspace, LEDGER, type Item } from './keyspace.ts'

/** A change of one key, as it travels to the server: values are text. */
export type ServerOp =
  | {
      readonly kind: 'set'
      readonly key: string
      readonly text: string
      readonly ttlMs: number
      readonly generations?: Generations | undefined
    }
  | {
      readonly kind: 'fill'
      readonly key: string
      readonly token: string
      readonly text: string
      readonly ttlMs: number
      readonly generations?: Generations | undefined
    }
  | { readonly kind: 'delete' | 'take'; readonly key: string }
  | { readonly kind: 'expire'; readonly key: string; readonly ttlMs: number }
  | Extract<RemoteOp, { readonly kind: 'increment' }>

/** What became of it. */
export interface ServerResult {
  readonly ok: boolean
  readonly text?: string
  readonly number?: number
  readonly generations?: Generations | undefined
  readonly differs?: boolean
  readonly head?: Head
  readonly logged?: boolean
}

/** An entry as the server answers it. */
export interface ServerFound extends ServerValue {
  readonly remainingMs: number
}

interface ServerValue {
  readonly text: string
  readonly generations?: Generations | undefined
}

/** What a tag's key holds: its generation, and where the log was with the entry that gave it. */
interface GenerationRecord {
  readonly value: string
  readonly epoch: Epoch | undefined
  readonly counter: number
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

/** Hears what a server does with leases. */
export interface LeaseEvents {
  granted(key: string, token: string): void
  renewed(key: string, token: string): void
  expired(token: string): void
}

const LOG_LIFETIME_MS = 86_400_000
const RECORD_LIFETIME_MS = 30 * 86_400_000
const GENERATION_PARTITION = '!tags'

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
  readonly #onFilled:
    | ((key: string, text: string, server: SimulatedServer, token: string) => void)
    | undefined
  readonly #leases: LeaseEvents | undefined
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
    readonly onFilled?: (key: string, text: string, server: SimulatedServer, token: string) => void
    /** Hears what becomes of leases. */
    readonly leases?: LeaseEvents
  }) {
    this.id = options.id ?? ''
    this.items = options.items ?? new Keyspace()
    this.#onFilled = options.onFilled
    this.#leases = options.leases
    this.#onInvalidated = options.onInvalidated
    this.#now = options.now
    this.#partitions = options.partitions
    this.#logLimit = options.logLimit
    this.#publish = options.publish
  }

  get generationPartition(): string {
    return GENERATION_PARTITION
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
    return item && { ...(item.value as ServerValue), remainingMs: item.expiresAtMs - this.#now() }
  }

  acquire({ key, token, hidden }: LeaseRequest, leaseMs: number): ServerFound | 'granted' | 'busy' {
    const found = this.read(key)
    if (found !== undefined && !isHidden(found, hidden)) return found
    const holder = this.#get(`l:${key}`)
    if (holder !== undefined && holder.value !== token) return 'busy'
    this.#set(`l:${key}`, token, leaseMs)
    this.#leases?.granted(key, token)
    return 'granted'
  }

  renew(key: string, token: string, leaseMs: number): boolean {
    if (this.#get(`l:${key}`)?.value !== token) return false
    this.#set(`l:${key}`, token, leaseMs)
    this.#leases?.renewed(key, token)
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
        if (this.#isVisible(op.generations)) this.#onFilled?.(op.key, op.text, this, op.token)
        this.#setValue(op.key, op, op.ttlMs)
        this.items.delete(`l:${op.key}`)
        return { ok: true, ...(before === undefined ? this.#head(op.key) : this.#log(op.key)) }
      case 'set':
        this.#invalidated(this.partitionOf(op.key), 'key', op.key)
        this.#setValue(op.key, op, op.ttlMs)
        this.items.delete(`l:${op.key}`)
        return { ok: true, ...this.#log(op.key) }
      case 'delete':
      case 'take':
        this.#invalidated(this.partitionOf(op.key), 'key', op.key)
        this.items.delete(`v:${op.key}`)
        this.items.delete(`l:${op.key}`)
        return {
          ok: before !== undefined,
          ...(before && { text: before.text, generations: before.generations }),
          ...this.#log(op.key),
        }
      case 'expire':
        return this.#expire(op.key, op.ttlMs, before)
      case 'increment':
        return this.#increment(op, before)
    }
  }

  /** The generations of tags; those that have none get their own of `ifNone`, and the log does not hear of it. */
  generations(tags: readonly string[], ifNone: readonly string[]): readonly string[] {
    return tags.map((tag, index) => {
      const record = this.#get(`t:${tag}`)?.value as GenerationRecord | undefined
      const head = this.#get(`s:${GENERATION_PARTITION}`)?.value as Head | undefined
      const present = record ?? { value: ifNone[index]!, epoch: head?.epoch, counter: head?.counter ?? 0 }
      this.#set(`t:${tag}`, present, RECORD_LIFETIME_MS)
      return present.value
    })
  }

  invalidateTags(tags: readonly string[], generations: readonly string[]): readonly (Head | undefined)[] {
    return tags.map((tag, index) => this.#invalidateTag(tag, generations[index]!, undefined))
  }

  // Whether an entry that is stored now with these generations will be seen by anybody.
  #isVisible(generations: Generations = []): boolean {
    return generations.every(({ tag, value }) => {
      return (this.#get(`t:${tag}`)?.value as GenerationRecord | undefined)?.value === value
    })
  }

  #invalidateTag(tag: string, value: string, origin: string | undefined): Head | undefined {
    this.#invalidated(GENERATION_PARTITION, 'tag', tag)
    const head = this.#append(GENERATION_PARTITION, 'tag', tag, origin)
    this.#set(`t:${tag}`, { value, epoch: head?.epoch, counter: head?.counter ?? 0 }, RECORD_LIFETIME_MS)
    return head
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
    for (const partition of [...this.partitions, GENERATION_PARTITION]) {
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
      if (kind === 'tag') {
        this.#invalidateTag(item, `${this.id}!${this.#stamps}`, stamp)
        continue
      }
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
    const { generations } = before
    this.#setValue(key, before, ttlMs)
    if (ttlMs >= before.remainingMs) return { ok: true, generations }
    this.items.delete(`l:${key}`)
    return { ok: true, generations, ...this.#log(key) }
  }

  #increment(
    { key, by, ttlMs, generations, hidden }: Extract<ServerOp, { kind: 'increment' }>,
    found: ServerFound | undefined,
  ): ServerResult {
    const before = found !== undefined && isHidden(found, hidden) ? undefined : found
    if (before !== undefined && differs(before.generations, generations))
      return { ok: false, differs: true, generations: before.generations }
    const number = before === undefined ? by : /^-?\d+$/.test(before.text) ? Number(before.text) + by : NaN
    if (!Number.isSafeInteger(number)) return { ok: false }
    const labels = before === undefined ? generations : before.generations
    this.#setValue(key, { text: String(number), generations: labels }, before?.remainingMs ?? ttlMs)
    this.items.delete(`l:${key}`)
    return { ok: true, number, ...(before === undefined ? this.#log(key) : {}) }
  }

  #setValue(key: string, { text, generations }: ServerValue, ttlMs: number): void {
    const isTagged = generations !== undefined && generations.length > 0
    this.#set(`v:${key}`, isTagged ? { text, generations } : { text }, ttlMs)
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
    if (name.startsWith('l:')) this.#leases?.expired(item.value as string)
    return undefined
  }

  #set(name: string, value: unknown, ttlMs: number): void {
    this.items.set(name, { value, expiresAtMs: this.#now() + ttlMs })
  }
}

// Whether the entry is the one that the node knows to be invisible.
function isHidden({ generations }: ServerFound, hidden: Generations | 'none' | undefined): boolean {
  if (hidden === undefined) return false
  if (hidden === 'none') return generations === undefined
  return (
    generations?.length === hidden.length &&
    generations.every(({ tag, value }, index) => tag === hidden[index]!.tag && value === hidden[index]!.value)
  )
}

// Judged by the tags that both name, and by those of namespaces, which every entry there must have.
function differs(present: Generations | undefined, wanted: Generations | undefined): boolean {
  return (wanted ?? []).some(({ tag, value }) => {
    const own = present?.find((one) => one.tag === tag)
    return own === undefined ? isNamespaceTag(tag) : own.value !== value
  })
}
