import type { InvalidationOutcome, Stored, Tier } from '../stored.ts'
import type {
  CallOutcome,
  ConnectionState,
  LoadOutcome,
  ReadOutcome,
  RemoveCause,
  WriteOutcome,
} from './events.ts'
import type { Family } from './family.ts'

/** A call of a loader that begins. */
export interface LoadStart {
  readonly family: Family
  /** Full keys. */
  readonly keys: readonly string[]
  /** Whether no caller waits for it. */
  readonly background: boolean
}

/** A load that has ended, for one of its keys. */
export interface LoadReport {
  /** The call of the loader, as `around` got it; absent if no observer has that method. */
  readonly start?: LoadStart | undefined
  readonly family: Family
  /** The full key. */
  readonly key: string
  readonly outcome: LoadOutcome
  /** Whether no caller waits for it. */
  readonly background: boolean
  /** The milliseconds that the loader took. */
  readonly durationMs: number
  /** The number of keys of the same call of the loader. */
  readonly keys: number
  /** The default time for which its entries are fresh, in milliseconds. */
  readonly ttlMs: number
  /** The loaded value in the store's form, if it has one, whether or not it was stored. */
  readonly stored: Stored | undefined
  /** The entry that the key held before, if the load read it; it is stale, or about to be. */
  readonly present: Stored | undefined
  /** The error of the loader, in a list, because any value can be thrown. */
  readonly failure?: readonly [error: unknown] | undefined
}

/** An invalidation by this process. */
export interface InvalidationReport {
  readonly family: Family
  readonly operation: string
  /** Full keys. */
  readonly keys: readonly string[]
  readonly tags: readonly string[]
  /** The full form of the literal beginning. */
  readonly prefix?: string | undefined
  readonly removed: number
  readonly l1: InvalidationOutcome
  readonly l2: InvalidationOutcome
}

/** A call of a server that has ended. */
export interface CallReport {
  readonly operation: string
  readonly node: string
  readonly commands: number
  readonly durationMs: number
  readonly outcome: CallOutcome
  readonly error?: unknown
}

/**
 * The one hook of a cache: everything that shows what a cache does is an observer. `Runtime.observe` adds one. Its
 * methods are called synchronously, in the caller's async context where there is a caller; keys are full keys, and a
 * copy of `Family.keyOf` is what callers know. They must be quick and must not throw, and what they are given is only
 * to be read. Without an observer a read costs one check.
 */
export interface Observer {
  /**
   * A caller has read a key. `tier` is absent for a miss. `remainingMs` is the time for which the value is still fresh,
   * 0 or less for a stale one; `undefined` = not known, and `Store.remainingMs` may know it of `stored`. A load that
   * follows a miss is reported apart.
   */
  read?(
    family: Family,
    key: string,
    outcome: ReadOutcome,
    tier: Tier | undefined,
    remainingMs: number | undefined,
    stored: Stored | undefined,
  ): void
  /** A background load of a key begins because a caller has read it; in the context of that caller. */
  refreshing?(family: Family, key: string): void
  /**
   * Calls a loader by `run`, and returns its answer. It may do so in an async context of its own. Of several observers
   * only the first that has this method is asked.
   */
  around?<T>(start: LoadStart, run: () => T): T
  /** A load has ended; once for each key whose loader was called. */
  load?(report: LoadReport): void
  /** A caller has joined the load of another, or its failure. */
  coalesced?(family: Family, key: string): void
  /** A caller has set a value. `ttlMs` is how long it is fresh. */
  write?(family: Family, key: string, outcome: WriteOutcome, ttlMs: number, stored: Stored | undefined): void
  /** A caller has invalidated something. */
  invalidate?(report: InvalidationReport): void
  /** An entry has left the memory of this process, for that cause. */
  remove?(key: string, cause: RemoveCause): void
  /** A call has left the process and has ended; in the context of its caller. */
  call?(report: CallReport): void
  /** The connections to a server have another state. */
  connection?(node: string, state: ConnectionState, error: unknown): void
}
