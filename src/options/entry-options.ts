import type { Duration } from './durations.ts'
import type { WaitUntil } from '../core/background.ts'
import type { Tier } from '../core/store.ts'

/** Options of an entry. */
export interface EntryOptions {
  /**
   * The time for which it is fresh; default: the cache's, whose own default is `Infinity`. A `Date` is the time when it
   * ends.
   */
  readonly ttl?: Duration | undefined
  /**
   * Labels by which `invalidateTag` finds the entry, in addition to the tags of the cache and the namespace. At most
   * 32, text by the rules of keys.
   */
  readonly tags?: readonly string[] | undefined
  /** The time after its ttl in which it may still be served as stale; default `false`, none. */
  readonly grace?: Duration | false | undefined
  /** The weight in a cache bounded by `maxWeight`; default: the cache's `weigher` decides. */
  readonly weight?: number | undefined
}

/** Options of a write. */
export interface SetOptions extends EntryOptions {
  /**
   * The version of the value in its source, from 0 to 2^64 - 1, such as a row version. An older version never replaces
   * a newer one. A value without a version replaces any entry.
   */
  readonly rowVersion?: bigint | number | undefined
  /**
   * Whether the value is stored only if the key has no fresh entry that the caller can see. It is one step among all
   * processes, so that one of several callers gets `true`. `null` is an entry. Only `set` takes it. Default `false`.
   */
  readonly ifAbsent?: boolean | undefined
  /**
   * The form of the answer. `'full'`: `set` answers a {@link SetResult} with the reason why a value was not stored, and
   * `setMany` a {@link SetManyResult} that counts the reasons. It applies only to a whole call, not to one of its
   * entries.
   */
  readonly result?: 'stored' | 'full' | undefined
}

/** Options of `increment` and `decrement`. */
export interface CounterOptions extends Pick<EntryOptions, 'ttl' | 'tags'> {
  /** The bound of steps down, which end there rather than below; a safe integer. */
  readonly min?: number | undefined
  /** The bound of steps up, which end there rather than above; a safe integer. */
  readonly max?: number | undefined
}

/** Options of loads, for a cache, a namespace or a call. */
export interface LoadOptions {
  /**
   * The time for which a caller waits for a load before it gets the stale value. Default `false`: it gets it at once.
   */
  readonly softTimeout?: Duration | false | undefined
  /**
   * The time limit of a load, from the first call on. At its end the loader's signal is aborted, and waiting callers
   * get a stale value or else a LoaderTimeoutError. Default `false`: no limit.
   */
  readonly hardTimeout?: Duration | false | undefined
  /**
   * The part of the ttl, between 0 and 1, after which the next caller triggers a refresh in the background. Default
   * `false`: after the whole ttl.
   */
  readonly refreshAhead?: number | false | undefined
  /**
   * The part of itself, from 0 to below 1, by which the ttl of a loaded value varies at random, both ways; default 0.
   */
  readonly jitter?: number | undefined
  /** The ttl of a loaded `null`; default: that of any value. `false`: it is not stored. */
  readonly negativeTtl?: Duration | false | undefined
  /**
   * The time for which no process loads a key again after its loader failed. Meanwhile callers get a stale value or
   * else a LoadCooldownError. Default `false`: the next caller loads again.
   */
  readonly loadErrorTtl?: Duration | false | undefined
  /**
   * The time to wait for another process that loads the key; default 10 s. After it the value is loaded and not stored.
   */
  readonly leaseWait?: Duration | undefined
  /**
   * The most loads of the whole cache that may be under way. If there are as many, this load waits for its turn. A load
   * from within a loader does not wait. Default `Infinity`.
   */
  readonly maxConcurrentLoads?: number | undefined
  /** A tier that is not read: `'l1'` is the memory of the process, `'l2'` the server. */
  readonly skipRead?: Tier | false | undefined
  /** A tier in which a loaded value is not stored. */
  readonly skipWrite?: Tier | false | undefined
  /**
   * Keeps the host alive, such as `ctx.waitUntil` of a serverless platform. It is called with a promise of each work that
   * goes on after the answer: refreshes, loads that a caller does not wait for to the end, and (only as an option of the
   * cache) the repetition of what a server has not acknowledged. The promise never rejects. Default: none.
   */
  readonly waitUntil?: WaitUntil | undefined
}

/** Options of calls that wait for the store. */
export interface WaitOptions {
  /** Ends the waiting of this caller. The call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /**
   * A token of an invalidation, or several merged. The read returns nothing that was invalidated before the token was
   * made, on any node. Text that is no token of this cache costs a request to the server.
   */
  readonly after?: string | undefined
}

/** Options of a read. */
export interface ReadOptions extends WaitOptions {
  /** Whether a stale value, within its grace, is accepted. Default `false`. */
  readonly stale?: boolean | undefined
  /** A tier that is not read: `'l1'` is the memory of the process, `'l2'` the server. */
  readonly skipRead?: Tier | false | undefined
}

/** Options of `get`. */
export interface GetOptions extends ReadOptions {
  /** The form of the answer. `'full'`: a {@link GetResult} with the value and what is known of its entry. */
  readonly result?: 'value' | 'full' | undefined
}

/** Options of a read-through. */
export interface GetOrSetOptions extends Omit<SetOptions, 'result' | 'ifAbsent'>, LoadOptions, WaitOptions {
  /** Whether to load even if a value is stored, and in place of a load that is under way. Default `false`. */
  readonly forceRefresh?: boolean | undefined
}

/** The names of {@link EntryOptions}. */
const ENTRY_OPTIONS: readonly (keyof EntryOptions)[] = ['ttl', 'tags', 'grace', 'weight']
/** The names of {@link LoadOptions}. */
const LOAD_OPTIONS: readonly (keyof LoadOptions)[] = [
  'softTimeout',
  'hardTimeout',
  'refreshAhead',
  'jitter',
  'negativeTtl',
  'loadErrorTtl',
  'leaseWait',
  'maxConcurrentLoads',
  'skipRead',
  'skipWrite',
  'waitUntil',
]
/** The names of {@link ReadOptions}. */
export const READ_OPTIONS: readonly (keyof ReadOptions)[] = ['signal', 'after', 'stale', 'skipRead']
/** The names of {@link GetOptions}. */
export const GET_OPTIONS: readonly (keyof GetOptions)[] = [...READ_OPTIONS, 'result']
/** The names of {@link SetOptions}, except `ifAbsent` and `result`. */
export const SET_OPTIONS: readonly (keyof SetOptions)[] = [...ENTRY_OPTIONS, 'rowVersion']
/** The names of {@link GetOrSetOptions}. */
export const GET_OR_SET_OPTIONS: readonly (keyof GetOrSetOptions)[] = [
  ...ENTRY_OPTIONS,
  'rowVersion',
  ...LOAD_OPTIONS,
  'forceRefresh',
  'signal',
  'after',
]
/** The names of the options that a cache or a namespace takes as defaults of calls. */
export const DEFAULT_OPTIONS: readonly (keyof EntryOptions | keyof LoadOptions)[] = [
  ...ENTRY_OPTIONS,
  ...LOAD_OPTIONS,
]
