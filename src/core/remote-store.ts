import type { AtomicStore } from './atomic-store.ts'
import type { SerializationError } from './errors.ts'
import type { BusState, ServerHealth } from './health.ts'
import type { Observer } from './observing/observer.ts'
import type { Clock } from './time/clock.ts'
import type { Cooldown, CounterBounds, Stored, ValueFormat } from './store.ts'

/**
 * The identity of an epoch, which is a history of a partition's log. The higher ordinal is the newer one. Two epochs
 * with the same ordinal and different randoms were made at the same time.
 */
export interface EpochId {
  readonly ordinal: number
  readonly random: string
}

/** An epoch. It is *born* if there was no sequence, and *rotated* if a server had lost entries. */
export interface Epoch extends EpochId {
  /**
   * The ordinal of the born epoch in which the counter began. For a born epoch it is its own. A rotated epoch continues
   * the counter and log of the one before.
   */
  readonly birth: number
}

/** The position of a partition's log. */
export interface Head {
  readonly epoch: Epoch
  /** The number of the last logged operation; 0 before the first. */
  readonly counter: number
  /** The unique stamp of that operation; `''` before the first. */
  readonly stamp: string
}

/** One logged operation, which changed its key, tag or partition. */
export interface LogEntry {
  readonly counter: number
  /** A stamp that is unique in the world, so that two histories of the same length are told apart. */
  readonly stamp: string
  /** The stamp of the entry before it. */
  readonly previous: string
  /**
   * The reach of the operation: the item as a key, the item as a tag, or (`flush`, without an item) every key of the
   * partition.
   */
  readonly kind: 'key' | 'tag' | 'flush'
  readonly item: string
  /** The stamp that the operation had when it was first logged. Absent unless this is a replay of it. */
  readonly origin?: string
}

/** An operation that a node has applied. It is logged again if a server has lost it. A flush has nothing to repeat. */
export interface Replayable {
  readonly kind: 'key' | 'tag'
  readonly item: string
  /** The stamp with which it was first logged. A log that has it, as a stamp or an origin, needs no replay. */
  readonly stamp: string
  /** The number of the operation in the log. */
  readonly counter: number
}

/** A logged operation as the bus brings it. It may come late, twice, out of order, or not at all. */
export interface Message extends LogEntry {
  readonly partition: string
  readonly epoch: Epoch
}

/** The entries logged since a head that a follower names. */
export interface SyncReply {
  readonly head: Head
  /** The entries after the head that was sent. Empty if the log does not reach back to it or has another epoch. */
  readonly entries: readonly LogEntry[]
}

/**
 * The value that a tag had when the load or set of an entry began, 24 lower-case hexadecimal digits. The first 16 are
 * random: the entry is visible while the tag has the same. The last 8 change with each soft invalidation: the entry is
 * fresh while the tag has the same.
 */
export interface Generation {
  readonly tag: string
  readonly value: string
}

/** The record of a tag on the server. */
export interface GenerationRecord {
  readonly value: string
  /** The position of the log after the entry that gave the value, or when the record was made. Absent without a log. */
  readonly head?: Pick<Head, 'epoch' | 'counter'> | undefined
  /** Milliseconds for which the server still keeps the record; `Infinity` = until the tag is invalidated. */
  readonly remainingMs: number
  /** Milliseconds since the last soft invalidation; absent without one. The grace of stale entries counts from it. */
  readonly softenedMs?: number | undefined
}

/** The generations of all tags of an entry. Absent if it has no tags. */
export type Generations = readonly Generation[]

/** The generations of an entry whose header can't be read. Its reader finds that out. */
export const UNREADABLE: Generations = Object.freeze([])

/** An entry of the remote store. */
export interface RemoteFound {
  readonly generations?: Generations | undefined
  readonly stored: Stored
  /** Milliseconds that it had left when the server answered, grace included; `Infinity` = for ever. */
  readonly remainingMs: number
  /** The last milliseconds of its life, in which it is stale; default 0. */
  readonly graceMs?: number | undefined
  readonly rowVersion?: bigint | undefined
}

/** The answer to a short read if the entry must be read with its remaining time. */
export const IN_FULL: unique symbol = Symbol('in full')

/** The answer to an acquisition of a lease on the server. `unanswered`: perhaps granted, so it must be released. */
export type RemoteAcquired = RemoteFound | 'granted' | 'busy' | 'unanswered' | Cooldown

/** A change of one key on the server. */
export type RemoteOp =
  | {
      readonly kind: 'set'
      readonly key: string
      readonly stored: Stored
      readonly ttlMs: number
      readonly graceMs?: number | undefined
      readonly rowVersion?: bigint | undefined
      readonly generations?: Generations | undefined
    }
  /**
   * Stores as a set does, if there is no fresh entry, or one with the generations `hidden` (`'none'`: without any). Else
   * it changes nothing, and answers `differs`.
   */
  | {
      readonly kind: 'add'
      readonly key: string
      readonly stored: Stored
      readonly ttlMs: number
      readonly graceMs?: number | undefined
      readonly rowVersion?: bigint | undefined
      readonly generations?: Generations | undefined
      readonly hidden?: Generations | 'none' | undefined
    }
  /** With `rowVersion` it leaves a floor for a minute, and spares an entry with a higher version. */
  | { readonly kind: 'delete'; readonly key: string; readonly rowVersion?: bigint | undefined }
  | { readonly kind: 'take'; readonly key: string }
  /** Makes a fresh entry stale, so that it lives for its grace from now on. An entry without grace is removed. */
  | { readonly kind: 'stale'; readonly key: string; readonly rowVersion?: bigint | undefined }
  /** Does nothing to a stale entry. The entry keeps its grace. */
  | { readonly kind: 'expire'; readonly key: string; readonly ttlMs: number }
  /**
   * Leaves an entry whose tags have other generations as it is, and answers `differs`. If the entry has those of `seen`,
   * it is visible. If it has those of `hidden`, the counter starts anew instead.
   */
  | ({
      readonly kind: 'increment'
      readonly key: string
      readonly by: number
      readonly ttlMs: number
      readonly generations?: Generations | undefined
      readonly seen?: Generations | undefined
      readonly hidden?: Generations | 'none' | undefined
    } & CounterBounds)
  /** Stores only if `token` holds the key's lease, and ends the lease. */
  | {
      readonly kind: 'fill'
      readonly key: string
      readonly token: string
      readonly stored: Stored
      readonly ttlMs: number
      readonly graceMs?: number | undefined
      readonly rowVersion?: bigint | undefined
      readonly generations?: Generations | undefined
    }

/** The result of an operation on the server. */
export interface RemoteResult {
  /** As for the operations of a store. For a fill, whether the lease was held and the value stored. */
  readonly ok: boolean
  readonly stored?: Stored
  readonly number?: number
  /** The generations of the entry before the operation. */
  readonly generations?: Generations | undefined
  /** For a delete, stale or expire, the grace of the entry, which its ttl does not include. */
  readonly graceMs?: number | undefined
  /**
   * Whether an increment was not done because the entry has other generations than those named, or an add because there
   * is a fresh entry.
   */
  readonly differs?: boolean
  /** Whether the caller of an add sees that entry. */
  readonly present?: boolean
  /**
   * Whether a set, add, fill, delete or stale was not done because an entry or a floor has a higher row version. It is
   * logged nevertheless, except a fill.
   */
  readonly outdated?: boolean
  /**
   * The position of the partition's log after it. Absent if no node follows the partition, because there is no log
   * then.
   */
  readonly head?: Head
  /** Whether it was logged, as the last entry of that head. */
  readonly logged?: boolean
  /**
   * The reason why there is no answer, or why the server refused the operation. The server may have executed it
   * nevertheless.
   */
  readonly failure?: unknown
  /** Whether there is a {@link RemoteResult.failure}. */
  readonly unavailable?: boolean
}

/** Returns the result of an operation without an answer. */
export function unanswered(failure: unknown): RemoteResult {
  return { ok: false, unavailable: true, failure }
}

/** A request for a lease. */
export interface LeaseRequest {
  readonly key: string
  readonly token: string
  readonly hidden?: Generations | 'none' | undefined
  /** An entry that is fresh for no longer than this counts as absent. With the default 0 stale entries do. */
  readonly freshUpToMs?: number | undefined
  /** Whether to take the lease from its holder. */
  readonly force?: boolean | undefined
}

/** The result of an invalidation of tags. */
export interface TagResult {
  /** The position of the log after each tag. Absent if no node follows the generation partition. */
  readonly heads: readonly (Head | undefined)[]
  /** The present generation of each tag, with `keepStale`. */
  readonly generations?: readonly string[]
  /** The generation of each tag before, `undefined` if it had none. */
  readonly former: readonly (string | undefined)[]
}

/** The result of a deletion by prefix. */
export interface PrefixResult {
  readonly count: number
  /** The position of each partition's log after it, by partition. A partition that no node follows is absent. */
  readonly heads: ReadonlyMap<string, Head>
}

/** The result of an attempt to give a partition another epoch. */
export interface Rotation {
  /** Whether the epoch was the one seen and is now the one given. */
  readonly won: boolean
  /** The head afterwards. Absent if there is no sequence. */
  readonly head: Head | undefined
}

/**
 * A store on a server that several processes share. Each call is one step of the server for each key. It settles within
 * the deadline of the implementation, or within `withinMs` if that is less. It rejects if the server did not answer in
 * time, but the server may have executed the call. A call may be repeated, unless its docs say that it is executed at
 * most once.
 */
export interface RemoteStore {
  /** The number of keys that held something other than an entry when they were read. */
  readonly unreadable?: number | undefined
  /** The number of entries that a partition's log holds, if known. */
  readonly logLength?: number | undefined
  /** Milliseconds within which a call settles, if known. */
  readonly deadlineMs?: number | undefined
  /** The store of limits and locks, which is on the server even if a tier is in front of it. */
  readonly atomic?: AtomicStore | undefined
  admit(value: unknown): { readonly stored: Stored } | { readonly refused: SerializationError }
  /** Returns a value of the reader's own. @throws whatever makes the stored form unreadable. */
  view(stored: Stored): unknown
  /** The format of the bytes, if the store keeps bytes. */
  readonly format?: ValueFormat | undefined
  /** Returns the partition whose log has the changes of a key. */
  partitionOf(key: string): string
  readonly partitions: readonly string[]
  /** The partition whose log has the changes of tags. It has no keys and is none of `partitions`. */
  readonly generationPartition: string
  /**
   * Whether calls are executed in the order in which they are made, because there is one connection and no redirection.
   */
  readonly isOrdered: boolean
  /** Whether a call was made of which only a part is sent; absent where calls are sent at once. */
  readonly hasUnsent?: boolean | undefined
  read(keys: readonly string[], withinMs?: number): Promise<ReadonlyMap<string, RemoteFound>>
  /**
   * Reads one entry in one request, if there is a quicker way than {@link RemoteStore.read}. The remaining time of an
   * entry without grace may be left out, as `Infinity`. `IN_FULL` = the entry needs a {@link RemoteStore.read}.
   */
  readOne?(key: string): Promise<RemoteFound | typeof IN_FULL | undefined>
  /** Reads several entries in the same way, in the order of `keys`. */
  readMany?(keys: readonly string[]): Promise<readonly (RemoteFound | typeof IN_FULL | undefined)[]>
  /**
   * Reads again and, if there is no entry, takes the lease for `leaseMs`, in one step for each key. An entry with the
   * generations `hidden` (`'none'`: without any) counts as absent, because the node knows that it will never be
   * visible.
   * Rejects if none of the requests is answered. Executed at most once for each token, because a lease taken again
   * after its fill would let a repeated fill in.
   */
  acquire(
    requests: readonly LeaseRequest[],
    leaseMs: number,
    withinMs?: number,
  ): Promise<readonly RemoteAcquired[]>
  /** Prolongs a lease. `false` = it is no longer held. */
  renew(key: string, token: string, leaseMs: number): Promise<boolean>
  /**
   * Ends leases that are held, and stores nothing. With a cool-down, each lease becomes a cool-down for `forMs`. A
   * request for the lease is then answered with its message. A cool-down ends by everything that voids a lease.
   */
  release(
    leases: readonly { readonly key: string; readonly token: string }[],
    cooldown?: Cooldown & { readonly forMs: number },
  ): Promise<void>
  /**
   * Executes changes. It never rejects. An operation without an answer has a `failure`, and the others have their
   * results.
   */
  write(ops: readonly RemoteOp[], withinMs?: number): Promise<readonly RemoteResult[]>
  scan(
    prefix: string,
  ): AsyncIterable<{ readonly key: string; readonly generations?: Generations | undefined }>
  /**
   * Deletes keys in two complete scans, first the leases, then the values. Afterwards it logs a flush in every
   * partition. Rejects if one server did not do all of it.
   */
  deleteByPrefix(prefix: string): Promise<PrefixResult>
  /**
   * Shows every key with a lease or a value on the server of a partition in batches, leases first. For the generation
   * partition it shows every tag with a record. Returns the partitions that are complete by this. Rejects if another
   * server may have answered meanwhile, or if `visit` does.
   */
  survey(partition: string, visit: (items: readonly string[]) => Promise<void>): Promise<readonly string[]>
  /**
   * Returns the records of tags. A tag without a readable record gets its own of `ifNone`, which is not logged. Each
   * record then lives for at least the milliseconds in `livesMs`. Executed at most once: if the record were lost,
   * `ifNone` again would make entries visible that were invalidated in between.
   */
  generations(
    tags: readonly string[],
    ifNone: readonly string[],
    livesMs: readonly number[],
    withinMs?: number,
  ): Promise<readonly GenerationRecord[]>
  /**
   * Gives tags new generations and logs them, in one step. Returns the position of the log after each, absent without a
   * log. With `keepStale` a tag with a record keeps its random part and counts one up, and a tag without one gets the
   * given generation. Executed at most once: the given generation again, after another one, would make entries visible
   * that the other one has hidden.
   */
  invalidateTags(
    tags: readonly string[],
    generations: readonly string[],
    options?: { readonly keepStale?: boolean | undefined },
  ): Promise<TagResult>
  /**
   * Returns the heads of the partitions, by partition, in one round trip. A partition that no node follows is absent.
   * Without `partitions` it returns those of all, the generation partition included.
   */
  heads(partitions?: readonly string[]): Promise<ReadonlyMap<string, Head>>
  /**
   * Returns the entries logged in a partition since `since`, and renews sequence and log. Without a sequence an epoch
   * is born, with an empty log. Its ordinal is that of `ifNone` or the server's time in milliseconds, whichever is
   * higher.
   */
  sync(partition: string, since: Head | undefined, ifNone: EpochId): Promise<SyncReply>
  /** Gives a partition another epoch if its epoch is `seen`. Counter, log and birth stay. */
  rotate(partition: string, seen: Epoch, next: EpochId): Promise<Rotation>
  /**
   * Invalidates and logs anew the entries that the log has surely lost. Its head is then below the entry's counter, or
   * it reaches back to that counter and lacks the entry. Returns the head afterwards, or `undefined` if the partition
   * has another epoch.
   */
  replay(partition: string, epoch: Epoch, entries: readonly Replayable[]): Promise<Head | undefined>
  /**
   * Calls `listener` whenever another server, or a restarted one, may answer calls from now on. No earlier call will be
   * answered any more.
   */
  onReconnect(listener: () => void): () => void
  /** The place of the store, for messages, and the prefix of its keys there. */
  readonly place?: { readonly host: string; readonly database: number; readonly prefix: string } | undefined
  /** The known states of the servers. */
  readonly servers?: readonly ServerHealth[] | undefined
  /**
   * Asks each server for a sign of life and whether it would write, for {@link RemoteStore.servers}. It changes nothing,
   * and never rejects.
   */
  check?(): Promise<void>
  /** Returns about the size of a value in bytes. */
  bytesOf?(stored: Stored): number
  /** Tells an observer of the calls and connections of the server; `undefined` = no more. The clock measures calls. */
  observe?(observer: Observer | undefined, clock: Clock): void
  /**
   * Adds a queue of invalidations that wait for the server. `count` returns their number, for the log line when the
   * server is back.
   */
  addQueue?(count: () => number): () => void
  close(): Promise<void>
}

/** Carries the messages of a remote store's log to its followers, sooner than their heartbeat. */
export interface Bus {
  /** Begins to receive. `onReady` is called whenever messages from now on should arrive. Earlier ones may be lost. */
  subscribe(onMessage: (message: Message) => void, onReady: () => void): () => void
  /** The state of the bus, while somebody receives. */
  readonly state?: BusState | undefined
  /** Sends a text and expects it back, for {@link Bus.state}. Never rejects. */
  check?(): Promise<void>
}
