import type { Cooldown, CounterBounds, Stored } from '../store.ts'
import type { Generations } from './generations.ts'
import type { Head } from './log.ts'

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

/** The result of a deletion by prefix. */
export interface PrefixResult {
  readonly count: number
  /** The position of each partition's log after it, by partition. A partition that no node follows is absent. */
  readonly heads: ReadonlyMap<string, Head>
}
