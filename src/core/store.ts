import type { StoreStats } from './counters.ts'
import type { SerializationError } from './errors.ts'
import type { MaybePromise } from './promise.ts'

declare const storedBrand: unique symbol

/** A value in the form a store keeps it in (a private copy, bytes, or one of each tier). Never `undefined`. */
export interface Stored {
  readonly [storedBrand]: true
}

/** What a store has for a key. */
export interface Found {
  /** The value in the form the store keeps it in; `view` makes it readable. */
  readonly stored: Stored
  /** Milliseconds until the entry is no longer fresh; `Infinity` for an entry without ttl. */
  readonly remainingMs: number
}

/**
 * The right to fill a key once. It serves as a marker from the moment it is opened: a write or an
 * invalidation of the key makes it `dead`, and then nothing read before is stored or shared any more.
 */
export interface Lease {
  /** The key that may be filled. */
  readonly key: string
  /** Whether a write or an invalidation has voided it; the store sets it, once and for ever. */
  readonly dead: boolean
}

/**
 * Answer to an acquisition: the entry if somebody stored it meanwhile, else whether the lease was granted. `busy`:
 * somebody else holds it, ask again; `denied`: load, but the store will not keep it.
 */
export type Acquired = Found | 'granted' | 'busy' | 'denied'

/** How long an entry lives. */
export interface EntrySettings {
  /** Milliseconds from the write until the entry is no longer fresh, above 0; `Infinity` = for ever. */
  readonly ttlMs: number
}

/** A loaded value to be stored under its lease. */
export interface Fill extends EntrySettings {
  /** The right under which it was loaded. */
  readonly lease: Lease
  /** The loaded value, admitted. */
  readonly stored: Stored
}

/** A change of one key. All but a lengthening `expire` void the key's leases. */
export type Op =
  | { readonly kind: 'set'; readonly key: string; readonly stored: Stored; readonly ttlMs: number }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'take'; readonly key: string }
  | { readonly kind: 'expire'; readonly key: string; readonly ttlMs: number }
  /** `ttlMs` applies only when the increment creates the key. */
  | { readonly kind: 'increment'; readonly key: string; readonly by: number; readonly ttlMs: number }

/** What became of an {@link Op}. */
export interface OpResult {
  /** set: stored; delete, take: existed; expire: existed; increment: done. */
  readonly ok: boolean
  /** The store could not even try; `ok` is `false`. */
  readonly unavailable?: boolean
  /** Whether as many replicas as the store waits for have acknowledged it. */
  readonly replicated?: boolean
  /** take: what was removed. */
  readonly stored?: Stored
  /** increment: the new value. Absent with `ok: false`: the stored value is no safe integer, or would become none. */
  readonly number?: number
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
  /** The stored form of `value`: private to the store, whatever the caller does to the value afterwards. */
  admit(value: unknown): Admitted
  /** A value of the reader's own, made from the stored form. */
  view(stored: Stored): unknown
  /** The fresh entry of a key, or `undefined`: the plain read, with nothing but the value. */
  get(key: string): MaybePromise<Stored | undefined>
  /** The fresh entries among `keys`, with their remaining time. */
  read(keys: readonly string[]): MaybePromise<ReadonlyMap<string, Found>>
  /** Opens a marker for a load of `key`; to be settled by `fill` or `release`. */
  open(key: string): Lease
  /** Reads again and grants in one step, in the order of `leases`. `busy`: another load holds the key. */
  acquire(leases: readonly Lease[]): MaybePromise<readonly Acquired[]>
  /** Stores loaded values whose lease is still alive and settles the leases; `false` where it was refused. */
  fill(fills: readonly Fill[]): MaybePromise<readonly boolean[]>
  /** Settles leases without storing anything. */
  release(leases: readonly Lease[]): MaybePromise<void>
  /** Whether a caller that arrives now may share the load of this lease, which began at `startedAtMs`. */
  joinable(lease: Lease, startedAtMs: number): boolean
  /** Executes changes, in order for each key, and answers in the order of `ops`. */
  write(ops: readonly Op[]): MaybePromise<readonly OpResult[]>
  /** The keys that begin with the literal text `prefix`, in no particular order. */
  scan(prefix: string): AsyncIterable<string>
  /** Removes every key that begins with the literal text `prefix`, voids their leases, and counts. */
  deleteByPrefix(prefix: string): MaybePromise<number>
  /** What the store holds and what has left it since it was made. */
  stats(): StoreStats
  /** Frees what the store holds. */
  close(): MaybePromise<void>
}
