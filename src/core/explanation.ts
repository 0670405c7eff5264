/**
 * The state of a tier for a read. `'fresh'` and `'stale'`: an entry within its ttl, or within its grace. `'absent'`: no
 * entry. `'invalidated'`: an entry hidden by a tag, or by a namespace that it does not belong to. `'unsynced'`: an
 * entry that is not served because an invalidation may have been missed. `'skipped'`: not asked because the reader's
 * token has not been reached. `'queued'`: not asked because an invalidation waits for the server. `'unavailable'`: no
 * answer.
 */
export type TierState =
  | 'fresh'
  | 'stale'
  | 'absent'
  | 'invalidated'
  | 'unsynced'
  | 'skipped'
  | 'queued'
  | 'unavailable'

/** A tag of an entry and its state. */
export interface TagExplanation {
  /** The tag. One that begins with `!ns:` stands for a namespace. */
  readonly tag: string
  /**
   * `'current'`: as it was when the entry was made. `'stale'` or `'invalidated'`: invalidated since, softly or for
   * good. `'unknown'`: not known here.
   */
  readonly state: 'current' | 'stale' | 'invalidated' | 'unknown'
}

/** The contribution of one tier to a read. */
export interface TierExplanation {
  /** `'l1'` is the memory of this process, `'l2'` the shared server. */
  readonly tier: 'l1' | 'l2'
  /** The state of the tier. */
  readonly state: TierState
  /**
   * The seconds for which the entry is still fresh; 0 or less = it is not, `Infinity` = for ever. Absent without an
   * entry.
   */
  readonly ttl?: number
  /** The tags of the entry, if it has any and the tier knows them. */
  readonly tags?: readonly TagExplanation[]
  /** The seconds since the tier last knew all changes of the key by others. Absent if the tier does not follow them. */
  readonly syncAge?: number
  /** The seconds since the tier last knew all changes of tags by others. */
  readonly tagSyncAge?: number
}

/** A load or a change of the key that is under way in this process. */
export interface WorkExplanation {
  /** The seconds since it began. */
  readonly age: number
  /** Whether it holds the key's lease on the server. */
  readonly hasLease: boolean
  /** Whether the key was invalidated meanwhile. Callers that arrive later do not share its value. */
  readonly voided: boolean
}

/** The course of a read of a key, if it began now. */
export interface Explanation {
  /** The key within the cache, the same on every engine: with the names of namespaces, without the prefix. */
  readonly key: string
  /** The result of the read: a fresh value, a stale one for callers that accept it, or nothing. */
  readonly outcome: 'fresh' | 'stale' | 'miss'
  /** The tier that would serve the read. */
  readonly servedBy: 'l1' | 'l2' | undefined
  /** The tiers, in the order in which they are asked. */
  readonly tiers: readonly TierExplanation[]
  /** Loads and changes of the key that are under way in this process, if the store knows them. */
  readonly underWay: readonly WorkExplanation[]
}

/** The part of an explanation that a store gives. */
export type StoreExplanation = Pick<Explanation, 'tiers' | 'underWay'>
