import type { AtomicStore } from '../atomic-store.ts'
import type { Board } from '../board.ts'
import type { SerializationError } from '../errors.ts'
import type { ServerHealth } from '../health.ts'
import type { Observer } from '../observing/observer.ts'
import type { Cooldown, Stored, ValueFormat } from '../store.ts'
import type { Clock } from '../time/clock.ts'
import type { GenerationRecord, Generations, TagResult } from './generations.ts'
import type { Epoch, EpochId, Head, RemoteHead, Replayable, Rotation, SyncReply } from './log.ts'
import type {
  IN_FULL,
  LeaseRequest,
  PrefixResult,
  RemoteAcquired,
  RemoteFound,
  RemoteOp,
  RemoteResult,
} from './operations.ts'

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
   * Without `partitions` it returns those of all, the generation partition included. Rejects if no server has answered.
   */
  heads(partitions?: readonly string[]): Promise<ReadonlyMap<string, RemoteHead>>
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
  /** Returns a place where processes put up texts for each other, for one author. */
  openBoard?(): Board
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
