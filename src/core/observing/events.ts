import type { InvalidationOutcome, Tier } from '../stored.ts'

/** The outcome of a read: a fresh value, a stale one, or none. */
export type ReadOutcome = 'hit' | 'stale' | 'miss'

/**
 * The outcome of a load. `stored`: the value is in the store. `refused`: the key was written or invalidated during the
 * load. `unstored`: it was not to be kept, or the store failed. `unchanged`: the loader answered `notModified()`.
 * `absent`: it had no value. `failed`: it threw. `timeout`: it took longer than `hardTimeout`.
 */
export type LoadOutcome = 'stored' | 'refused' | 'unstored' | 'unchanged' | 'absent' | 'failed' | 'timeout'

/** The outcome of a write; see `SetResult`. */
export type WriteOutcome = 'stored' | 'present' | 'outdated' | 'unstorable' | 'refused' | 'unavailable'

/** The reason why an entry left the memory of this process. */
export type RemoveCause = 'evicted' | 'expired' | 'deleted' | 'replaced' | 'cleared'

/**
 * The outcome of a call of a server. `timeout`: no answer within the deadline. `unavailable`: not sent, because there
 * is no connection or the breaker is open. `refused`: an error as the answer.
 */
export type CallOutcome = 'ok' | 'timeout' | 'unavailable' | 'refused'

/**
 * The state of the connections to a server. `connected`: it answers. `lost`: there is no connection. `silent`: it does
 * not answer, and the breaker is open. `denied`: it refuses the login. `refusing`: it refuses commands, because it is
 * full or read-only.
 */
export type ConnectionState = 'connected' | 'lost' | 'silent' | 'denied' | 'refusing'

/** The part that is common to events of keys. */
export interface FamilyEvent {
  /** The `name` of the cache. */
  readonly cache: string
  /** The namespace or the wrapped function; `''` for the root of the cache. At most 256, the rest is `other`. */
  readonly family: string
  /** The template of the key, such as `user:{id}`, or the name of the wrapped function. At most 256, the rest is `other`. */
  readonly template: string
  /** The key, with the names of namespaces, without the prefix of the cache. */
  readonly key: string
}

/**
 * The events of a cache by name, for `cache.on(name, listener)`. The same objects are published on the channels
 * `cachette:read` and so on of `node:diagnostics_channel`. All times are in milliseconds.
 */
export interface CacheEvents {
  /** A caller has read a key; once for each key. */
  readonly read: FamilyEvent & {
    readonly outcome: ReadOutcome
    /** The tier that served it; absent for a miss. */
    readonly tier?: Tier | undefined
    /** The milliseconds until the value is no longer fresh, 0 or less for a stale one; absent where it is not known. */
    readonly remainingMs?: number | undefined
    /** The milliseconds that have passed of the default ttl; absent without one, and where it is not known. */
    readonly ageMs?: number | undefined
  }
  /** A loader has ended; once for each of its keys. */
  readonly load: FamilyEvent & {
    readonly outcome: LoadOutcome
    /** Whether no caller waits for it: a refresh of a stale value, or ahead of its end. */
    readonly background: boolean
    /** The milliseconds that the loader took. */
    readonly durationMs: number
    /** The number of keys that the same call of the loader was to load. */
    readonly keys: number
    /** The size of the value in bytes, if the store keeps bytes. */
    readonly bytes?: number | undefined
    /** The error of the loader. */
    readonly error?: unknown
  }
  /** A value was set by `set` or `setMany`; once for each key. Loads have events of their own. */
  readonly write: FamilyEvent & {
    readonly outcome: WriteOutcome
    /** The milliseconds for which it is fresh; `Infinity` = for ever. */
    readonly ttlMs: number
    /** The size of the value in bytes, if the store keeps bytes. */
    readonly bytes?: number | undefined
  }
  /** Keys, tags or a prefix were invalidated, by this process. */
  readonly invalidate: Pick<FamilyEvent, 'cache' | 'family'> & {
    /** The method: `delete`, `invalidateTag`, `clear` and so on. */
    readonly operation: string
    /** The keys, with the names of namespaces, without the prefix of the cache. */
    readonly keys: readonly string[]
    readonly tags: readonly string[]
    /** The literal beginning of the keys, of a `deleteByPrefix` or a physical `clear`. */
    readonly prefix?: string | undefined
    /** The number of keys that existed. */
    readonly removed: number
    /** The outcome in this process; see `Invalidation`. */
    readonly l1: InvalidationOutcome
    /** The outcome on the shared server; see `Invalidation`. */
    readonly l2: InvalidationOutcome
  }
  /** An entry has left the memory of this process. */
  readonly remove: Pick<FamilyEvent, 'cache' | 'key'> & {
    readonly cause: RemoveCause
  }
  /** A call has left the process, and has ended. */
  readonly call: Pick<FamilyEvent, 'cache'> & {
    /** The command, or the name of the script. */
    readonly operation: string
    /** The server, such as `127.0.0.1:6379`. */
    readonly node: string
    /** The number of commands that were sent together. */
    readonly commands: number
    /** The milliseconds until the answer, or until the deadline. */
    readonly durationMs: number
    readonly outcome: CallOutcome
    readonly error?: unknown
  }
  /** The connections to a server have another state. */
  readonly connection: Pick<FamilyEvent, 'cache'> & {
    /** The server, such as `127.0.0.1:6379`. */
    readonly node: string
    readonly state: ConnectionState
    /** The reason, if there is one. */
    readonly error?: unknown
  }
}
