import type { AtomicStore } from './atomic-store.ts'
import type { Board } from './board.ts'
import type { StoreStats } from './counters.ts'
import type { StoreExplanation } from './explanation.ts'
import type { SerializationError } from './errors.ts'
import type { StoreHealth } from './health.ts'
import type { Observer } from './observing/observer.ts'
import type { Clock } from './time/clock.ts'
import type { MaybePromise } from './promise.ts'
import type { InvalidationOutcome, Stored, Tier } from './stored.ts'
import type { Trail } from './trail.ts'

export type { InvalidationOutcome, Stored, Tier } from './stored.ts'

/** The most keys of one request. A store asks for more keys in parts, each with a deadline of its own. */
export const KEYS_OF_A_QUESTION = 250

/** An entry that a store has found. */
export interface Found {
  /** The value in the store's form, which `view` makes readable. */
  readonly stored: Stored
  /** Milliseconds until the entry is no longer fresh; `Infinity` for an entry without ttl; 0 or less = it is stale. */
  readonly remainingMs: number
}

/**
 * The right to fill a key once. From the moment it is opened it is also a marker: a write or an invalidation of the key
 * makes it `dead`. After that no value read before is stored or shared.
 */
export interface Lease {
  /** The key that may be filled. */
  readonly key: string
  /** The tags that the entry will bear; `undefined` = not known yet. */
  readonly tags: readonly string[] | undefined
  /** Whether a write or an invalidation has voided it. The store sets this once and for ever. */
  readonly dead: boolean
}

/**
 * The answer to an acquisition: the entry if it was stored meanwhile, else whether the lease was granted. `busy`:
 * another load holds it, so ask again. `denied`: load, but the store will not keep the value.
 */
export type Acquired = Found | 'granted' | 'busy' | 'denied' | Cooldown

/** The pause in the loads of a key after its last load has failed. */
export interface Cooldown {
  /** The message of the loader's error. */
  readonly cooldown: string
}

/** Options of an acquisition of leases. */
export interface AcquireOptions {
  /**
   * An entry that is fresh for no longer than this counts as absent. With the default 0 only stale or absent entries
   * are loaded. `Infinity` loads in any case.
   */
  readonly freshUpToMs?: number | undefined
  /** Whether to take the lease from its holder, and end a cool-down. */
  readonly force?: boolean | undefined
  /** The time by which it must be answered, on the store's clock. Default: within the store's own deadline. */
  readonly untilMs?: number | undefined
  /** The longest time for which the lease is held. Default: the store's own limit. */
  readonly longestMs?: number | undefined
}

/** The conditions of a reader on an entry, besides that none of its tags is invalidated. */
export interface Reading {
  /** Whether a stale entry, within its grace, is accepted. {@link Found.remainingMs} shows it. */
  readonly stale?: boolean | undefined
  /**
   * Tags with which the reader would write. The entry must bear those that begin with `!`, which stand for a namespace.
   */
  readonly tags?: readonly string[] | undefined
  /** A token. Nothing may be read that was invalidated before it was made, on any node. */
  readonly after?: string | undefined
  /** A tier that is not read. */
  readonly skip?: Tier | undefined
  /** The life in milliseconds, grace included, of a value that is loaded for the reader. */
  readonly lifeMs?: number | undefined
}

/** The life of an entry, and the data by which it is invalidated. */
export interface EntrySettings {
  /** Milliseconds from the write until the entry is no longer fresh, above 0; `Infinity` = for ever. */
  readonly ttlMs: number
  /** Milliseconds after the ttl in which the entry may still be served as stale; default 0. */
  readonly graceMs?: number | undefined
  /** The tags of the entry, which is visible while none of them is invalidated. */
  readonly tags?: readonly string[] | undefined
  /** The caller's version of the value, an unsigned 64-bit number. An older one never replaces a newer. */
  readonly rowVersion?: bigint | undefined
  /** The weight in a store that is bounded by weight; default: the store's weigher decides. */
  readonly weight?: number | undefined
}

/** A loaded value to be stored under its lease. Its tags are those of the lease and those that the loader named. */
export interface Fill extends EntrySettings {
  /** The lease of the load. */
  readonly lease: Lease
  /** The loaded value, admitted. */
  readonly stored: Stored
  /** A tier in which the value is not stored. */
  readonly skip?: Tier | undefined
}

/**
 * The bounds of a counter. A step that would cross `min` downwards or `max` upwards ends at it. A counter that is
 * already beyond stays where it is.
 */
export interface CounterBounds {
  readonly min?: number | undefined
  readonly max?: number | undefined
}

/**
 * A change of one key. All but an `expire` that prolongs void the key's leases. For a change, an entry that the caller
 * could not see (see {@link Reading}) does not exist, but a deletion removes it.
 */
export type Op =
  | ({ readonly kind: 'set'; readonly key: string; readonly stored: Stored } & EntrySettings)
  /** Stores the value as a set does, but only if there is no fresh entry. Else it changes and voids nothing. */
  | ({ readonly kind: 'add'; readonly key: string; readonly stored: Stored } & EntrySettings)
  | ({ readonly kind: 'take'; readonly key: string } & Pick<EntrySettings, 'tags'>)
  | ({ readonly kind: 'delete'; readonly key: string } & Pick<EntrySettings, 'tags'> & InvalidateOptions)
  | ({ readonly kind: 'expire'; readonly key: string } & EntrySettings)
  /** The ttl and the tags apply only if the increment creates the key. */
  | ({ readonly kind: 'increment'; readonly key: string; readonly by: number } & CounterBounds &
      EntrySettings)

/** Options of an invalidation of keys or tags. */
export interface InvalidateOptions {
  /** Whether entries with grace become stale rather than gone. */
  readonly keepStale?: boolean | undefined
  /** The row version below which values are refused for a minute. For keys only. */
  readonly rowVersion?: bigint | undefined
}

/** The result of an {@link Op}. */
export interface OpResult {
  /** Whether the operation was refused because of a newer row version, which is no trouble. */
  readonly outdated?: boolean
  /** Whether an add stored nothing because there is a fresh entry, which is no trouble. */
  readonly present?: boolean
  /** Whether a set or an add stored the value, a delete, take or expire found the entry, or an increment was done. */
  readonly ok: boolean
  /** Whether the store could not even try, or gave no answer; `ok` is then `false`. */
  readonly unavailable?: boolean
  /** The reason why there is no answer, if other operations of the same call were answered. */
  readonly failure?: unknown
  /** The value that a take removed. */
  readonly stored?: Stored
  /**
   * The new value of an increment. Absent if `ok` is `false`: the stored value is, or would become, no safe integer.
   */
  readonly number?: number
}

/** The result of an invalidation. */
export interface Invalidation {
  /**
   * The outcome in this process. `acked` = no call that begins from now on gets an invalidated value; `dropped` = the
   * store failed.
   */
  readonly l1: InvalidationOutcome
  /**
   * The outcome on the shared server. `acked` = executed there. `queued` = no answer, so this process takes it for
   * executed and repeats it until it is. `dropped` = not even that. `none` = there is no server.
   */
  readonly l2: InvalidationOutcome
  /** The token of the present state. A read with it, on any node, returns nothing older; see `after`. */
  readonly token: string
}

/** A store's answer to an invalidation. */
export interface Invalidated extends Invalidation {
  /** The number of keys that existed. */
  readonly removed: number
  /** The reason why the invalidation is queued or dropped. */
  readonly error?: unknown
}

/** Conversion of values to bytes and back. Encrypted bytes are bound to a key and readable under that key alone. */
export interface ValueFormat {
  /** Returns the bytes of a value. @throws SerializationError for a value that can't be stored. */
  serialize(value: unknown, key?: string): Uint8Array
  /** Returns the value of bytes. @throws SerializationError for bytes that can't be read. */
  deserialize(bytes: Uint8Array, key?: string): unknown
}

/** The stored form of a value, or the reason why it has none. */
export type Admitted =
  | { readonly stored: Stored; readonly refused?: never }
  | { readonly refused: SerializationError; readonly stored?: never }

/** The answer to a fill. */
export type Filled = boolean | 'outdated'

/**
 * The port that every engine implements. It holds entries and knows leases, but neither options, loaders nor callers.
 * Every call is atomic for its key. A store in trouble throws or rejects. The cache above turns that into a miss, a
 * `false` and a log line.
 */
export interface Store {
  /** The store of limits and locks. Absent if the engine has no room for them. */
  readonly atomic?: AtomicStore | undefined
  /** Returns a place where processes put up texts for each other, for one author. Absent without a server. */
  openBoard?(): Board | undefined
  /**
   * Whether other processes void leases, too. Then only a fill shows whether a load has seen all earlier invalidations.
   * Default `false`.
   */
  readonly isShared?: boolean | undefined
  /** The bounds of the entries in the memory of this process. Absent if there is no such memory. */
  readonly bounds?:
    | {
        /** Default 10,000, if there is no bound by weight. */
        readonly maxEntries?: number | undefined
        readonly maxWeight?: number | undefined
        readonly maxBytes?: number | undefined
      }
    | undefined
  /** Milliseconds within which a request is answered or fails. Absent if answers need no time. */
  readonly deadlineMs?: number | undefined
  /**
   * Whether all keys of the store are its own. `false`: keys of others may be among them, so not all may be removed.
   */
  readonly ownsAll?: boolean | undefined
  /** Returns the stored form of `value`. It is private to the store, so later changes of the value do not affect it. */
  admit(value: unknown): Admitted
  /** Returns a value of the reader's own, made from the stored form. */
  view(stored: Stored): unknown
  /** Returns the tier of an entry that was found; absent if there is only the memory of the process. */
  tierOf?(stored: Stored): Tier
  /** The format of the bytes, if the store keeps bytes. */
  readonly format?: ValueFormat | undefined
  /** Returns the fresh value of a key, or `undefined`. This is the plain read. */
  get(key: string, reading?: Reading): MaybePromise<Stored | undefined>
  /** Returns the fresh values of several keys, in their order, if that is quicker than {@link Store.read}. */
  getMany?(keys: readonly string[], reading?: Reading): MaybePromise<readonly (Stored | undefined)[]>
  /** Returns the fresh entries among `keys`, with their remaining time. */
  read(keys: readonly string[], reading?: Reading): MaybePromise<ReadonlyMap<string, Found>>
  /**
   * Opens a marker for a load of `key`, whose entry will bear the tags of `reading`. `fill` or `release` must settle
   * it.
   */
  open(key: string, reading?: Reading): Lease
  /** Reads again and grants in one step, in the order of `leases`. `busy`: another load holds the key. */
  acquire(leases: readonly Lease[], options?: AcquireOptions): MaybePromise<readonly Acquired[]>
  /**
   * Stores loaded values whose lease is still alive, and settles the leases. `false` = the value was refused. A shared
   * store answers `'outdated'` if the lease was alive and the value's row version was the reason.
   */
  fill(fills: readonly Fill[]): MaybePromise<readonly Filled[]>
  /** Settles leases without storing anything. With a cool-down, no lease of the keys is granted for `forMs`. */
  release(leases: readonly Lease[], cooldown?: Cooldown & { readonly forMs: number }): MaybePromise<void>
  /** Whether a caller that arrives now may share this lease's load, which began at `startedAtMs`. */
  joinable(lease: Lease, startedAtMs: number, reading?: Reading): boolean
  /**
   * Executes changes, in order for each key, and answers in the order of `ops`. It rejects if none of them could be
   * executed. If only some could not, their results have a `failure`.
   */
  write(ops: readonly Op[]): MaybePromise<readonly OpResult[]>
  /**
   * Removes `keys`, and makes entries with one of `tags` invisible if they, or their loads or writes, began before. The
   * leases of the keys are void. Loads whose tags are unknown or include one of `tags` are not shared with later
   * callers.
   */
  invalidate(
    keys: readonly string[],
    tags: readonly string[],
    options?: InvalidateOptions,
  ): MaybePromise<Invalidated>
  /**
   * Returns the present place in the order of all invalidations of tags, as text for {@link Store.changedSince}. A
   * value that is read from its source from now on is newer than all invalidations up to there. Absent if the store
   * can't tell. It rejects if it is not known.
   */
  tagPlace?(): MaybePromise<string>
  /**
   * Returns those of `tags` that may have been invalidated since a place, with or without stale values. A place of
   * another history counts as one before all of them. Their records are kept for `lifeMs`.
   */
  changedSince?(tags: readonly string[], place: string, lifeMs: number): MaybePromise<readonly string[]>
  /** Returns the keys that begin with the literal text `prefix` and have a visible entry, in no particular order. */
  scan(prefix: string, reading?: Reading): AsyncIterable<string>
  /** Removes every key that begins with the literal text `prefix`, voids their leases, and counts the visible ones. */
  deleteByPrefix(prefix: string, reading?: Reading): MaybePromise<number>
  /** Returns the course of a read, if the store has more to tell than its entry. Never rejects. */
  explain?(key: string, reading?: Reading): MaybePromise<StoreExplanation>
  /** Returns what is known here of the changes of a key and its tags; absent if no other process makes any. */
  trail?(key: string, tags: readonly string[]): Trail
  /** Returns for how long an entry that was found is still fresh; `undefined` = not known without asking a server. */
  remainingMs?(key: string, stored: Stored): number | undefined
  /** Returns the size of a value, if the store keeps bytes. */
  bytesOf?(stored: Stored): number | undefined
  /**
   * Tells an observer of removals from memory, and of the calls and connections of a server; `undefined` = no more. The
   * clock measures calls.
   */
  observe?(observer: Observer | undefined, clock: Clock): void
  /**
   * Returns what the store knows of its state, at once. If a server was not asked for a while, it is asked, and a later
   * call knows the answer. Absent = it is in this process.
   */
  health?(): StoreHealth
  /** Returns the figures of the store since it was made. */
  stats(): StoreStats
  /** Frees the memory and connections of the store. */
  close(): MaybePromise<void>
}
