import type { Duration } from './duration.ts'
import type { Tier } from './store.ts'

/** Options of an entry. */
export interface EntryOptions {
  /** How long it is fresh; default: the cache's, whose own default is `Infinity`. A `Date` is the time when it ends. */
  readonly ttl?: Duration
  /**
   * Labels by which `invalidateTag` finds the entry: at most 32, text by the rules of keys; in addition
   * to the tags of the cache and the namespace.
   */
  readonly tags?: readonly string[]
  /** Time after its ttl in which it may still be served as stale; default `false`, none. */
  readonly grace?: Duration | false
  /** What it weighs in a cache bounded by `maxWeight`; default: the cache's `weigher` decides. */
  readonly weight?: number
}

/** Options of a write. */
export interface SetOptions extends EntryOptions {
  /**
   * The version of the value in its source, from 0 to 2^64 - 1, such as a row version: an older one never replaces a
   * newer. Without it the value replaces whatever there is.
   */
  readonly rowVersion?: bigint | number
  /**
   * `'full'`: `set` answers a {@link SetResult} that says why a value was not stored, and `setMany` a
   * {@link SetManyResult} that counts them. Only for a whole call, not for one of its entries.
   */
  readonly result?: 'stored' | 'full'
}

/** Options of `increment` and `decrement`. */
export interface CounterOptions extends Pick<EntryOptions, 'ttl' | 'tags'> {
  /** A step down ends here rather than below; a safe integer. */
  readonly min?: number
  /** A step up ends here rather than above; a safe integer. */
  readonly max?: number
}

/** Options of loads, which can be given to a cache, to a namespace and to a call. */
export interface LoadOptions {
  /** How long a caller waits who could have a stale value; then he gets that. Default `false`: he gets it at once. */
  readonly softTimeout?: Duration | false
  /**
   * How long a load may take, from the first call on. Then its loader's signal is aborted and who waits gets a stale
   * value, else a LoaderTimeoutError. Default `false`: as long as the loader takes.
   */
  readonly hardTimeout?: Duration | false
  /**
   * The part of the ttl, between 0 and 1, after which the next caller has the entry loaded anew in the background.
   * Default `false`: when the ttl has ended.
   */
  readonly refreshAhead?: number | false
  /** By which part of itself the ttl of a loaded value varies at random, both ways; from 0 to 1, default 0. */
  readonly jitter?: number
  /** The ttl of `null`; default: as of any value. */
  readonly negativeTtl?: Duration | false
  /** Whether a loaded `null` is stored; default `true`. */
  readonly cacheNull?: boolean
  /**
   * For how long no process loads a key again whose loader failed: meanwhile callers get a stale value, else a
   * LoadCooldownError. Default `false`: the next caller tries again.
   */
  readonly loadErrorTtl?: Duration | false
  /** How long to wait for another process that loads the key; then the value is loaded and not stored. Default 10 s. */
  readonly lockTimeout?: Duration
  /**
   * How many loads of the whole cache may be under way when this one begins; it waits for its turn. A load that a
   * loader asks for does not wait. Default `Infinity`.
   */
  readonly maxConcurrentLoads?: number
  /** Whether a load is given up, and its loader's signal aborted, when all who waited have left. Default `false`. */
  readonly abortWhenAbandoned?: boolean
  /** Whether a load in the background runs in the async context of the call that caused it. Default `false`. */
  readonly keepContext?: boolean
  /** A tier that is not looked at: `'l1'` is the memory of the process, `'l2'` the server. */
  readonly skipRead?: Tier | false
  /** A tier in which a loaded value is not stored. */
  readonly skipWrite?: Tier | false
}

/** Options of calls that wait for the store. */
export interface WaitOptions {
  /** Ends the waiting of this caller: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /**
   * A token of an invalidation, or several merged: nothing is read that was invalidated before it was made, on whatever
   * node. What is no token of this cache costs a question to the server.
   */
  readonly after?: string
}

/** Options of a read. */
export interface ReadOptions extends WaitOptions {
  /** Whether a stale value, within its grace, will do. Default `false`. */
  readonly stale?: boolean
  /** A tier that is not looked at: `'l1'` is the memory of the process, `'l2'` the server. */
  readonly skipRead?: Tier | false
}

/** Options of a read-through. */
export interface GetOrSetOptions extends Omit<SetOptions, 'result'>, LoadOptions, WaitOptions {
  /** Whether to load whatever is stored, and in place of a load that is under way. Default `false`. */
  readonly forceRefresh?: boolean
}

/** The names of {@link EntryOptions}. */
export const ENTRY_OPTIONS: readonly (keyof EntryOptions)[] = ['ttl', 'tags', 'grace', 'weight']
/** The names of {@link LoadOptions}. */
export const LOAD_OPTIONS: readonly (keyof LoadOptions)[] = [
  'softTimeout',
  'hardTimeout',
  'refreshAhead',
  'jitter',
  'negativeTtl',
  'cacheNull',
  'loadErrorTtl',
  'lockTimeout',
  'maxConcurrentLoads',
  'abortWhenAbandoned',
  'keepContext',
  'skipRead',
  'skipWrite',
]
/** The names of {@link ReadOptions}. */
export const READ_OPTIONS: readonly (keyof ReadOptions)[] = ['signal', 'after', 'stale', 'skipRead']
/** The names of {@link SetOptions}, but for what the answer is to be. */
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
/** What may be given to a cache or a namespace as a default of calls. */
export const DEFAULT_OPTIONS: readonly (keyof EntryOptions | keyof LoadOptions)[] = [
  ...ENTRY_OPTIONS,
  ...LOAD_OPTIONS,
]
