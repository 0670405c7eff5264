import type { AtomicStore } from './atomic-store.ts'
import type { StoreStats } from './counters.ts'
import type { StoreExplanation } from './explanation.ts'
import type { SerializationError } from './errors.ts'
import type { MaybePromise } from './promise.ts'

/** A store asks for more keys than this in parts, each with a deadline of its own. */
export const KEYS_OF_A_QUESTION = 250

declare const storedBrand: unique symbol

/** A value in the form a store keeps it in (a private copy, bytes, or one of each tier). Never `undefined`. */
export interface Stored {
  readonly [storedBrand]: true
}

/** What a store has for a key. */
export interface Found {
  /** The value in the form the store keeps it in; `view` makes it readable. */
  readonly stored: Stored
  /** Milliseconds until the entry is no longer fresh; `Infinity` for an entry without ttl; 0 or less = it is stale. */
  readonly remainingMs: number
}

/**
 * The right to fill a key once. It serves as a marker from the moment it is opened: a write or an
 * invalidation of the key makes it `dead`, and then nothing read before is stored or shared any more.
 */
export interface Lease {
  /** The key that may be filled. */
  readonly key: string
  /** The tags that the entry will bear; `undefined` = not known yet. */
  readonly tags: readonly string[] | undefined
  /** Whether a write or an invalidation has voided it; the store sets it, once and for ever. */
  readonly dead: boolean
}

/**
 * Answer to an acquisition: the entry if somebody stored it meanwhile, else whether the lease was granted. `busy`:
 * somebody else holds it, ask again; `denied`: load, but the store will not keep it.
 */
export type Acquired = Found | 'granted' | 'busy' | 'denied' | Cooldown

/** Why nobody loads a key for a while: the last load has failed. */
export interface Cooldown {
  /** The message of the loader's error. */
  readonly cooldown: string
}

/** How leases are acquired; all of it optional. */
export interface AcquireOptions {
  /**
   * An entry that is fresh for no longer than this counts as nothing. Default 0: only what is stale or absent is
   * loaded; `Infinity` loads whatever there is.
   */
  readonly freshUpToMs?: number | undefined
  /** Whether to take the lease from whoever holds it, and end a cool-down. */
  readonly force?: boolean | undefined
  /** By when it must be answered, on the store's clock. Default: within the store's own deadline. */
  readonly untilMs?: number | undefined
  /** For how long at most the lease is held. Default: the store's own limit. */
  readonly longestMs?: number | undefined
}

/** A place where entries are kept: `l1` in the process, `l2` on the server that several processes share. */
export type Tier = 'l1' | 'l2'

/** What a reader asks of an entry beyond none of its tags being invalidated. */
export interface Reading {
  /** Whether a stale entry, within its grace, will do: {@link Found.remainingMs} tells. */
  readonly stale?: boolean | undefined
  /** Tags as the reader would write them: the entry must bear those that begin with `!`, which stand for a namespace. */
  readonly tags?: readonly string[] | undefined
  /** A token: what was invalidated before it was made must not be read, on whatever node. */
  readonly after?: string | undefined
  /** A tier that is not to be looked at. */
  readonly skip?: Tier | undefined
  /** For how many milliseconds that which is loaded for the reader will live, its grace included. */
  readonly lifeMs?: number | undefined
}

/** How long an entry lives, and how it can be invalidated besides by its key. */
export interface EntrySettings {
  /** Milliseconds from the write until the entry is no longer fresh, above 0; `Infinity` = for ever. */
  readonly ttlMs: number
  /** Milliseconds after that in which it may still be served as stale; default 0. */
  readonly graceMs?: number | undefined
  /** Its tags; it is visible while none of them is invalidated. */
  readonly tags?: readonly string[] | undefined
  /** The caller's version of the value, an unsigned 64-bit number: an older one never replaces a newer. */
  readonly rowVersion?: bigint | undefined
  /** What it weighs in a store that is bounded by weight; default: the store's weigher decides. */
  readonly weight?: number | undefined
}

/** A loaded value to be stored under its lease. Its tags are those of the lease, and those that the loader named. */
export interface Fill extends EntrySettings {
  /** The right under which it was loaded. */
  readonly lease: Lease
  /** The loaded value, admitted. */
  readonly stored: Stored
  /** A tier in which it is not to be stored. */
  readonly skip?: Tier | undefined
}

/**
 * What a counter does not cross: a step that would take it below `min` ends there, and one that would take it above
 * `max` ends there. A counter that is beyond already stays where it is.
 */
export interface CounterBounds {
  readonly min?: number | undefined
  readonly max?: number | undefined
}

/**
 * A change of one key. All but a lengthening `expire` void the key's leases. An entry that the caller could not see
 * (see {@link Reading}) does not exist for it; a deletion removes it all the same.
 */
export type Op =
  | ({ readonly kind: 'set'; readonly key: string; readonly stored: Stored } & EntrySettings)
  | ({ readonly kind: 'take'; readonly key: string } & Pick<EntrySettings, 'tags'>)
  | ({ readonly kind: 'delete'; readonly key: string } & Pick<EntrySettings, 'tags'> & InvalidateOptions)
  | ({ readonly kind: 'expire'; readonly key: string } & EntrySettings)
  /** The ttl and the tags apply only when the increment creates the key. */
  | ({ readonly kind: 'increment'; readonly key: string; readonly by: number } & CounterBounds &
      EntrySettings)

/** How keys or tags are invalidated. */
export interface InvalidateOptions {
  /** What has grace becomes stale rather than gone. */
  readonly keepStale?: boolean | undefined
  /** For a minute, what has an older row version than this is refused. For keys only. */
  readonly rowVersion?: bigint | undefined
}

/** What became of an {@link Op}. */
export interface OpResult {
  /** There is something newer by its row version: the operation was refused, which is no trouble. */
  readonly outdated?: boolean
  /** set: stored; delete, take: existed; expire: existed; increment: done. */
  readonly ok: boolean
  /** The store could not even try, or nothing was answered; `ok` is `false`. */
  readonly unavailable?: boolean
  /** Why nothing was answered, if other operations of the same call were. */
  readonly failure?: unknown
  /** take: what was removed. */
  readonly stored?: Stored
  /** increment: the new value. Absent with `ok: false`: the stored value is no safe integer, or would become none. */
  readonly number?: number
}

/** How an invalidation ended in a tier; `none`: there is no such tier. */
export type InvalidationOutcome = 'acked' | 'queued' | 'dropped' | 'none'

/** What became of an invalidation. */
export interface Invalidation {
  /**
   * In this process: `acked` = no call that begins from now on gets what was invalidated; `dropped` = the store
   * failed.
   */
  readonly l1: InvalidationOutcome
  /**
   * On the server that several processes share. `acked` = executed there; `queued` = no answer: this process takes it for executed and repeats it until it is; `dropped` = not even that;
   * `none` = there is no server.
   */
  readonly l2: InvalidationOutcome
  /** Gives whoever reads with it, on any node, at least what is valid now; see `after`. */
  readonly token: string
}

/** What a store answers to an invalidation. */
export interface Invalidated extends Invalidation {
  /** Keys that existed. */
  readonly removed: number
  /** Why it is queued or dropped. */
  readonly error?: unknown
}

/** Values as bytes. What is encrypted is bound to a key: it can be read under that alone. */
export interface ValueFormat {
  /** @throws SerializationError for what can't be stored. */
  serialize(value: unknown, key?: string): Uint8Array
  /** @throws SerializationError for bytes that can't be read. */
  deserialize(bytes: Uint8Array, key?: string): unknown
}

/** The stored form of a value, or why it can't have one. */
export type Admitted =
  | { readonly stored: Stored; readonly refused?: never }
  | { readonly refused: SerializationError; readonly stored?: never }

/**
 * The port that every engine implements. It holds entries and knows leases; it knows nothing of options,
 * loaders or callers. Every call is atomic for its key. A store that is in trouble throws or rejects:
 * the cache above turns that into a miss, a `false` and a log line.
 */
export interface Store {
  /** Where limits and locks are kept; absent where the engine has no room for them. */
  readonly atomic?: AtomicStore | undefined
  /**
   * Whether other processes void leases, too, so that only a fill tells whether a load has seen what was invalidated
   * before. Default `false`.
   */
  readonly isShared?: boolean
  /** Milliseconds within which a question is answered or fails; absent where answers need no time. */
  readonly deadlineMs?: number | undefined
  /** `false`: there may be keys of others among its own, so that not all of them may be removed. */
  readonly ownsAll?: boolean
  /** The stored form of `value`: private to the store, whatever the caller does to the value afterwards. */
  admit(value: unknown): Admitted
  /** A value of the reader's own, made from the stored form. */
  view(stored: Stored): unknown
  /** The bytes that it keeps for a value, if it keeps bytes. */
  readonly format?: ValueFormat | undefined
  /** The fresh entry of a key, or `undefined`: the plain read, with nothing but the value. */
  get(key: string, reading?: Reading): MaybePromise<Stored | undefined>
  /** The same for several keys, in their order, where there is a shorter way than {@link Store.read}. */
  getMany?(keys: readonly string[], reading?: Reading): MaybePromise<readonly (Stored | undefined)[]>
  /** The fresh entries among `keys`, with their remaining time. */
  read(keys: readonly string[], reading?: Reading): MaybePromise<ReadonlyMap<string, Found>>
  /**
   * Opens a marker for a load of `key`, whose entry will bear the tags of `reading`; to be settled by `fill` or
   * `release`.
   */
  open(key: string, reading?: Reading): Lease
  /** Reads again and grants in one step, in the order of `leases`. `busy`: another load holds the key. */
  acquire(leases: readonly Lease[], options?: AcquireOptions): MaybePromise<readonly Acquired[]>
  /** Stores loaded values whose lease is still alive and settles the leases; `false` where it was refused. */
  fill(fills: readonly Fill[]): MaybePromise<readonly boolean[]>
  /** Settles leases without storing anything; with a cool-down, nobody is granted one of the keys for `forMs`. */
  release(leases: readonly Lease[], cooldown?: Cooldown & { readonly forMs: number }): MaybePromise<void>
  /** Whether a caller that arrives now may share the load of this lease, which began at `startedAtMs`. */
  joinable(lease: Lease, startedAtMs: number, reading?: Reading): boolean
  /**
   * Executes changes, in order for each key, and answers in the order of `ops`. If none of them could be executed it
   * rejects; if only some could not, their results have a `failure`.
   */
  write(ops: readonly Op[]): MaybePromise<readonly OpResult[]>
  /**
   * Removes `keys`, and makes invisible whatever bears one of `tags` and began before: entries, loads and writes
   * under way. The leases of the keys are void; loads whose tags are unknown or include one of `tags` are shared with
   * nobody who comes later.
   */
  invalidate(
    keys: readonly string[],
    tags: readonly string[],
    options?: InvalidateOptions,
  ): MaybePromise<Invalidated>
  /** The keys that begin with the literal text `prefix` and have a visible entry, in no particular order. */
  scan(prefix: string, reading?: Reading): AsyncIterable<string>
  /** Removes every key that begins with the literal text `prefix`, voids their leases, and counts the visible ones. */
  deleteByPrefix(prefix: string, reading?: Reading): MaybePromise<number>
  /** What a read would do now, if the store has more to tell than what it has; never rejects. */
  explain?(key: string, reading?: Reading): MaybePromise<StoreExplanation>
  /** What the store holds and what has left it since it was made. */
  stats(): StoreStats
  /** Frees what the store holds. */
  close(): MaybePromise<void>
}
