import type { SerializationError } from './errors.ts'
import type { Stored } from './store.ts'

/**
 * The identity of a partition's sequence: it changes when the sequence was lost. The higher ordinal is the newer
 * one; two of one ordinal and different randoms were made at the same time.
 */
export interface Epoch {
  readonly ordinal: number
  readonly random: string
}

/** How far a partition's log has come. */
export interface Head {
  readonly epoch: Epoch
  /** The number of the last logged operation; 0 before the first. */
  readonly counter: number
  /** The unique stamp of that operation; `''` before the first. */
  readonly stamp: string
}

/** One logged operation: whatever it covers is not what it was. */
export interface LogEntry {
  readonly counter: number
  /** Unique in the world, so that two histories of the same length are told apart. */
  readonly stamp: string
  /** The stamp of the entry before it. */
  readonly previous: string
  /** What it covers: one key, every key that begins with the item, or whatever bears the item as a tag. */
  readonly kind: 'key' | 'prefix' | 'tag'
  readonly item: string
  /** The stamp that the operation had when it was logged first; absent unless this is a replay of it. */
  readonly origin?: string
}

/** An operation that a node has applied, to be logged again should a server have lost it. */
export interface Replayable extends Pick<LogEntry, 'kind' | 'item'> {
  /** The stamp it was first logged with: a log that has it, as a stamp or an origin, needs no replay. */
  readonly stamp: string
}

/** A logged operation as the bus brings it: perhaps late, twice, out of order, or not at all. */
export interface Message extends LogEntry {
  readonly partition: string
  readonly epoch: Epoch
}

/** What has been logged since a head that a follower names. */
export interface SyncReply {
  readonly head: Head
  /** What follows the head that was sent, as far as the log reaches back. */
  readonly entries: readonly LogEntry[]
  /** The log has another history than the one the follower saw. */
  readonly diverged: boolean
}

/** The random value that a tag had when the load or set of an entry began: the entry is visible while it has that. */
export interface Generation {
  readonly tag: string
  readonly value: string
}

/** The generations of all tags of an entry; absent where there are no tags. */
export type Generations = readonly Generation[]

/** An entry of the remote store. */
export interface RemoteFound {
  readonly generations?: Generations | undefined
  readonly stored: Stored
  /** Milliseconds it had left when the server answered; `Infinity` = for ever. */
  readonly remainingMs: number
}

/** Answer to an acquisition of a lease on the server. */
export type RemoteAcquired = RemoteFound | 'granted' | 'busy'

/** A change of one key on the server. */
export type RemoteOp =
  | {
      readonly kind: 'set'
      readonly key: string
      readonly stored: Stored
      readonly ttlMs: number
      readonly generations?: Generations | undefined
    }
  | { readonly kind: 'delete' | 'take'; readonly key: string }
  | { readonly kind: 'expire'; readonly key: string; readonly ttlMs: number }
  /**
   * An entry that lacks one of the generations is left as it is, and the answer is `differs`; but if it has those of
   * `hidden`, the counter starts anew.
   */
  | {
      readonly kind: 'increment'
      readonly key: string
      readonly by: number
      readonly ttlMs: number
      readonly generations?: Generations | undefined
      readonly hidden?: Generations | 'none' | undefined
    }
  /** Stores only if `token` holds the key's lease, and ends the lease. */
  | {
      readonly kind: 'fill'
      readonly key: string
      readonly token: string
      readonly stored: Stored
      readonly ttlMs: number
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
  /** increment: not done, for the entry has not the generations named. */
  readonly differs?: boolean
  /** Where the partition's log was after it; absent when nobody follows the partition, so that there is no log. */
  readonly head?: Head
  /** Whether it was logged, as the last entry of that head. */
  readonly logged?: boolean
  /** Whether as many replicas as were asked for have acknowledged it in time. */
  readonly replicated?: boolean
}

/** What asks for a lease. */
export interface LeaseRequest {
  readonly key: string
  readonly token: string
  readonly hidden?: Generations | 'none' | undefined
}

/** What an invalidation of tags came to. */
export interface TagResult {
  /** Where the log was after each; absent when nobody follows the generation partition. */
  readonly heads: readonly (Head | undefined)[]
  readonly replicated?: boolean
}

/** What a deletion by prefix came to. */
export interface PrefixResult {
  readonly count: number
  /** Where each partition's log was with it, by partition; one that nobody follows is absent. */
  readonly heads: ReadonlyMap<string, Head>
  readonly replicated?: boolean
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
 * settles within the deadline that the implementation sets, and rejects when the server did not answer in time
 * (it may have executed the call all the same).
 */
export interface RemoteStore {
  admit(value: unknown): { readonly stored: Stored } | { readonly refused: SerializationError }
  /** A value of the reader's own. @throws whatever makes the stored form unreadable. */
  view(stored: Stored): unknown
  /** The partition whose log tells of the key's changes. */
  partitionOf(key: string): string
  readonly partitions: readonly string[]
  /** The partition whose log tells of the changes of tags: it has no keys, and is none of `partitions`. */
  readonly generationPartition: string
  read(keys: readonly string[]): Promise<ReadonlyMap<string, RemoteFound>>
  /**
   * Reads again and, if there is nothing, takes the lease for `leaseMs`, in one step for each key. An entry with the
   * generations `hidden` (`'none'`: without any) counts as nothing: the node knows that it will never be visible.
   * Executed at most once for each token: taken again after its fill, a lease would let a repeated fill in. All else
   * may be repeated.
   */
  acquire(requests: readonly LeaseRequest[], leaseMs: number): Promise<readonly RemoteAcquired[]>
  /** Prolongs a lease; `false` = it is no longer held. */
  renew(key: string, token: string, leaseMs: number): Promise<boolean>
  /** Ends leases that are held, storing nothing. */
  release(leases: readonly { readonly key: string; readonly token: string }[]): Promise<void>
  /** With `replicas`, it answers when that many have acknowledged the operations, or in time that they have not. */
  write(ops: readonly RemoteOp[], replicas?: number): Promise<readonly RemoteResult[]>
  scan(
    prefix: string,
  ): AsyncIterable<{ readonly key: string; readonly generations?: Generations | undefined }>
  /**
   * Two complete scans, first the leases, then the values; afterwards logs the prefix in every partition. Rejects
   * when not all of it was done by one server.
   */
  deleteByPrefix(prefix: string, replicas?: number): Promise<PrefixResult>
  /** The generations of tags; a tag that has none gets its own of `ifNone`, which is not logged. */
  generations(tags: readonly string[], ifNone: readonly string[]): Promise<readonly string[]>
  /** Gives tags new generations, in one step, and logs them: where the log was after each; absent without a log. */
  invalidateTags(
    tags: readonly string[],
    generations: readonly string[],
    replicas?: number,
  ): Promise<TagResult>
  /** The heads of all partitions, by partition, in one round trip; one that nobody follows is absent. */
  heads(): Promise<ReadonlyMap<string, Head>>
  /**
   * What was logged in a partition since `since`. Makes the sequence, with the epoch given and an empty log, if
   * there is none.
   */
  sync(partition: string, since: Head | undefined, ifNone: Epoch): Promise<SyncReply>
  /** Gives a partition another epoch, if its epoch is `seen`; counter and log stay. */
  rotate(partition: string, seen: Epoch, next: Epoch): Promise<Rotation>
  /**
   * Invalidates what the entries cover and logs them anew, but for those that the log has; the head of the log that
   * now has them all. `undefined`: the partition's epoch is another, or not all of it was done by one server.
   */
  replay(partition: string, epoch: Epoch, entries: readonly Replayable[]): Promise<Head | undefined>
  /**
   * `listener` is called whenever what is sent from now on may be answered by another server than what was sent
   * before, or by one that has started anew, and nothing sent before will be answered any more.
   */
  onReconnect(listener: () => void): () => void
  close(): Promise<void>
}

/** Carries the messages of a remote store's log to those who follow it, sooner than their heartbeat. */
export interface Bus {
  /** Begins to receive. `onReady` is called whenever messages from now on should arrive: messages before may be lost. */
  subscribe(onMessage: (message: Message) => void, onReady: () => void): () => void
}
