import type { AtomicStore } from './atomic-store.ts'
import type { SerializationError } from './errors.ts'
import type { Cooldown, CounterBounds, Stored, ValueFormat } from './store.ts'

/**
 * The identity of an epoch, which is a history of a partition's log. The higher ordinal is the newer one; two of one
 * ordinal and different randoms were made at the same time.
 */
export interface EpochId {
  readonly ordinal: number
  readonly random: string
}

/** An epoch, and its cause: it was *born* where no sequence was, or *rotated* because a server had lost entries. */
export interface Epoch extends EpochId {
  /**
   * The ordinal of the born epoch in which the counter began. It is the epoch's own ordinal for a born one. A rotated
   * epoch goes on with counter and log of the one before.
   */
  readonly birth: number
}

/** How far a partition's log has come. */
export interface Head {
  readonly epoch: Epoch
  /** The number of the last logged operation; 0 before the first. */
  readonly counter: number
  /** The unique stamp of that operation; `''` before the first. */
  readonly stamp: string
}

/** One logged operation: its key, tag or partition is not what it was. */
export interface LogEntry {
  readonly counter: number
  /** Unique in the world, so that two histories of the same length are told apart. */
  readonly stamp: string
  /** The stamp of the entry before it. */
  readonly previous: string
  /** Its reach: the item as a key, the item as a tag, or (`flush`, without an item) every key of the partition. */
  readonly kind: 'key' | 'tag' | 'flush'
  readonly item: string
  /** The stamp that the operation had when it was logged first; absent unless this is a replay of it. */
  readonly origin?: string
}

/** An operation that a node has applied, to be logged again if a server has lost it. A flush has nothing to repeat. */
export interface Replayable {
  readonly kind: 'key' | 'tag'
  readonly item: string
  /** The stamp it was first logged with: a log that has it, as a stamp or an origin, needs no replay. */
  readonly stamp: string
  /** Its number in the log. */
  readonly counter: number
}

/** A logged operation as the bus brings it: perhaps late, twice, out of order, or not at all. */
export interface Message extends LogEntry {
  readonly partition: string
  readonly epoch: Epoch
}

/** Everything logged since a head that a follower names. */
export interface SyncReply {
  readonly head: Head
  /** The entries after the head that was sent; none if the log does not reach back to it, or its epoch is another. */
  readonly entries: readonly LogEntry[]
}

/**
 * The value that a tag had when the load or set of an entry began: 24 lower-case hexadecimal digits. The entry is
 * visible while the tag has the same first 16, which are random, and fresh while it has the same last 8, which count.
 */
export interface Generation {
  readonly tag: string
  readonly value: string
}

/** What the server has of a tag. */
export interface GenerationRecord {
  readonly value: string
  /** Where the log was with the entry that gave it, or when it was made; absent without a log. */
  readonly head?: Pick<Head, 'epoch' | 'counter'> | undefined
  /** How long the server keeps it yet, in milliseconds; `Infinity` = until it is invalidated. */
  readonly remainingMs: number
}

/** The generations of all tags of an entry; absent where there are no tags. */
export type Generations = readonly Generation[]

/** The generations of an entry whose header can't be read: it is for its reader to find out. */
export const UNREADABLE: Generations = Object.freeze([])

/** An entry of the remote store. */
export interface RemoteFound {
  readonly generations?: Generations | undefined
  readonly stored: Stored
  /** Milliseconds it had left when the server answered, its grace included; `Infinity` = for ever. */
  readonly remainingMs: number
  /** The last milliseconds of its life, in which it is stale; default 0. */
  readonly graceMs?: number | undefined
  readonly rowVersion?: bigint | undefined
}

/** Answer to a short read: the entry has to be read with its remaining time. */
export const IN_FULL: unique symbol = Symbol('in full')

/** Answer to an acquisition of a lease on the server. `unanswered`: perhaps granted, and to be released. */
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
  /** With `rowVersion` it leaves a floor for a minute, and spares an entry with a higher one. */
  | { readonly kind: 'delete'; readonly key: string; readonly rowVersion?: bigint | undefined }
  | { readonly kind: 'take'; readonly key: string }
  /** Makes an entry stale: it lives for its grace from now on, if it was fresh; without grace it is removed. */
  | { readonly kind: 'stale'; readonly key: string; readonly rowVersion?: bigint | undefined }
  /** Does nothing to an entry that is stale. It keeps its grace. */
  | { readonly kind: 'expire'; readonly key: string; readonly ttlMs: number }
  /**
   * An entry whose tags have other generations is left as it is, and the answer is `differs`; but if it has those of
   * `seen`, it is visible, and if it has those of `hidden`, the counter starts anew.
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

/** What the server did. */
export interface RemoteResult {
  /** As for the operations of a store; fill: whether the lease was held and the value stored. */
  readonly ok: boolean
  readonly stored?: Stored
  readonly number?: number
  /** Of the entry that was there before. */
  readonly generations?: Generations | undefined
  /** delete, stale, expire: the grace of the entry, which its ttl does not include. */
  readonly graceMs?: number | undefined
  /** increment: not done, because the entry has other generations than those named. */
  readonly differs?: boolean
  /**
   * set, fill, delete, stale: not done, for there is an entry or a floor with a higher row version; logged all the same,
   * but for a fill.
   */
  readonly outdated?: boolean
  /** Where the partition's log was after it; absent when nobody follows the partition, so that there is no log. */
  readonly head?: Head
  /** Whether it was logged, as the last entry of that head. */
  readonly logged?: boolean
  /** Why there is no answer, or why the server refused the operation. The server may have executed it nevertheless. */
  readonly failure?: unknown
  /** Set with {@link RemoteResult.failure}. */
  readonly unavailable?: boolean
}

/** The result of an operation without an answer. */
export function unanswered(failure: unknown): RemoteResult {
  return { ok: false, unavailable: true, failure }
}

/** What asks for a lease. */
export interface LeaseRequest {
  readonly key: string
  readonly token: string
  readonly hidden?: Generations | 'none' | undefined
  /** An entry that is fresh for no longer than this counts as nothing; default 0: what is stale does. */
  readonly freshUpToMs?: number | undefined
  /** Whether to take the lease from whoever holds it. */
  readonly force?: boolean | undefined
}

/** What an invalidation of tags came to. */
export interface TagResult {
  /** Where the log was after each; absent when nobody follows the generation partition. */
  readonly heads: readonly (Head | undefined)[]
  /** With `keepStale`: what each tag has now. */
  readonly generations?: readonly string[]
}

/** What a deletion by prefix came to. */
export interface PrefixResult {
  readonly count: number
  /** Where each partition's log was with it, by partition; one that nobody follows is absent. */
  readonly heads: ReadonlyMap<string, Head>
}

/** What came of an attempt to give a partition another epoch. */
export interface Rotation {
  /** Whether the epoch was the one seen, and is now the one given. */
  readonly won: boolean
  /** The head afterwards; absent when there is no sequence. */
  readonly head: Head | undefined
}

/**
 * A store on a server that several processes share. Each call is one step of the server for each key; each
 * settles within the deadline that the implementation sets, or within `withinMs` if less of it is left, and rejects when the server did not answer in time
 * (it may have executed the call all the same). What is sent is executed at most once where that is said; all else
 * may be repeated.
 */
export interface RemoteStore {
  /** Keys that held something else than an entry when they were read. */
  readonly unreadable?: number | undefined
  /** How many entries a partition's log holds, if that is known. */
  readonly logLength?: number | undefined
  /** Milliseconds within which a call settles, if that is known. */
  readonly deadlineMs?: number | undefined
  /** Where limits and locks are kept: on the server, whatever tier is in front of it. */
  readonly atomic?: AtomicStore | undefined
  admit(value: unknown): { readonly stored: Stored } | { readonly refused: SerializationError }
  /** A value of the reader's own. @throws whatever makes the stored form unreadable. */
  view(stored: Stored): unknown
  /** The bytes that it keeps for a value, if it keeps bytes. */
  readonly format?: ValueFormat | undefined
  /** The partition whose log tells of the key's changes. */
  partitionOf(key: string): string
  readonly partitions: readonly string[]
  /** The partition whose log tells of the changes of tags: it has no keys, and is none of `partitions`. */
  readonly generationPartition: string
  /** Whether calls are executed in the order in which they are made: nothing redirects them, and there is one line. */
  readonly isOrdered: boolean
  /** Whether a call was made of which only a part is sent; absent where calls are sent at once. */
  readonly hasUnsent?: boolean | undefined
  read(keys: readonly string[], withinMs?: number): Promise<ReadonlyMap<string, RemoteFound>>
  /**
   * A shorter way, where there is one, to read what nobody will ask the remaining time of: it may be left out, as
   * `Infinity`, where there is no grace. One question; `IN_FULL` = it takes a {@link RemoteStore.read}.
   */
  readOne?(key: string): Promise<RemoteFound | typeof IN_FULL | undefined>
  /** The same for several keys, in their order. */
  readMany?(keys: readonly string[]): Promise<readonly (RemoteFound | typeof IN_FULL | undefined)[]>
  /**
   * Reads again and, if there is nothing, takes the lease for `leaseMs`, in one step for each key. An entry with the
   * generations `hidden` (`'none'`: without any) counts as nothing: the node knows that it will never be visible.
   * Rejects if none of the requests is answered. Executed at most once for each token: taken again after its fill, a lease would let a repeated fill in.
   */
  acquire(
    requests: readonly LeaseRequest[],
    leaseMs: number,
    withinMs?: number,
  ): Promise<readonly RemoteAcquired[]>
  /** Prolongs a lease; `false` = it is no longer held. */
  renew(key: string, token: string, leaseMs: number): Promise<boolean>
  /**
   * Ends leases that are held, storing nothing. With a cool-down, each of them becomes that for `forMs`: whoever asks
   * for the lease is answered the message; whatever voids a lease ends it.
   */
  release(
    leases: readonly { readonly key: string; readonly token: string }[],
    cooldown?: Cooldown & { readonly forMs: number },
  ): Promise<void>
  /** It never rejects: an operation without an answer has a `failure`, and the others have their results. */
  write(ops: readonly RemoteOp[], withinMs?: number): Promise<readonly RemoteResult[]>
  scan(
    prefix: string,
  ): AsyncIterable<{ readonly key: string; readonly generations?: Generations | undefined }>
  /**
   * Two complete scans, first the leases, then the values; afterwards logs a flush in every partition. Rejects
   * when not all of it was done by one server.
   */
  deleteByPrefix(prefix: string): Promise<PrefixResult>
  /**
   * Shows, in batches, every key with a lease or a value that the server of a partition has, leases first; of the
   * generation partition, every tag with a record. Answers the partitions that this was all of. Rejects when another
   * server may have answered meanwhile, or when `visit` does.
   */
  survey(partition: string, visit: (items: readonly string[]) => Promise<void>): Promise<readonly string[]>
  /**
   * The records of tags; a tag that has none, or one that can't be read, gets its own of `ifNone`, which is not logged.
   * Each then lives for at least as many milliseconds as `livesMs` says. Executed at most once: should the record be
   * lost, `ifNone` again would make visible what has been invalidated in between.
   */
  generations(
    tags: readonly string[],
    ifNone: readonly string[],
    livesMs: readonly number[],
    withinMs?: number,
  ): Promise<readonly GenerationRecord[]>
  /**
   * Gives tags new generations, in one step, and logs them: where the log was after each; absent without a log. With
   * `keepStale` a tag that has a record keeps its random part and counts one up; one that has none gets the given.
   * Executed at most once: the given generation again, after another one, would make visible what that one has hidden.
   */
  invalidateTags(
    tags: readonly string[],
    generations: readonly string[],
    options?: { readonly keepStale?: boolean | undefined },
  ): Promise<TagResult>
  /**
   * The heads of the partitions, by partition, in one round trip; one that nobody follows is absent. Those of all,
   * that of generations included, unless some are named.
   */
  heads(partitions?: readonly string[]): Promise<ReadonlyMap<string, Head>>
  /**
   * Returns what was logged in a partition since `since`, and renews sequence and log. Without a sequence an epoch is
   * born, with an empty log: its ordinal is that of `ifNone` or the server's time in milliseconds, whichever is higher.
   */
  sync(partition: string, since: Head | undefined, ifNone: EpochId): Promise<SyncReply>
  /** Gives a partition another epoch, if its epoch is `seen`; counter, log and birth stay. */
  rotate(partition: string, seen: Epoch, next: EpochId): Promise<Rotation>
  /**
   * Invalidates and logs anew the entries that the log is known to have lost: its head is below the entry's counter,
   * or it reaches back to that counter and has the entry nowhere. Returns the head afterwards; `undefined` if the
   * partition has another epoch.
   */
  replay(partition: string, epoch: Epoch, entries: readonly Replayable[]): Promise<Head | undefined>
  /**
   * `listener` is called whenever what is sent from now on may be answered by another server than what was sent
   * before, or by one that has started anew, and nothing sent before will be answered any more.
   */
  onReconnect(listener: () => void): () => void
  /** `count` tells how many invalidations wait for the server, for what the log says when it is back. */
  addQueue?(count: () => number): () => void
  close(): Promise<void>
}

/** Carries the messages of a remote store's log to those who follow it, sooner than their heartbeat. */
export interface Bus {
  /** Begins to receive. `onReady` is called whenever messages from now on should arrive: messages before may be lost. */
  subscribe(onMessage: (message: Message) => void, onReady: () => void): () => void
}
