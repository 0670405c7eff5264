/**
 * What a tier has for a read. `'fresh'` and `'stale'`: an entry within its ttl, or within its grace. `'absent'`: none.
 * `'invalidated'`: one that a tag, or the namespace it is not of, hides. `'unsynced'`: one that is not served, since
 * something may have been missed. `'skipped'`: not asked, since the token of the reader has not been reached.
 * `'queued'`: not asked, since an invalidation waits for the server. `'unavailable'`: it did not answer.
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

/** A tag of an entry: as it was when the entry was made, softly or for good invalidated since, or not known here. */
export interface TagExplanation {
  /** The tag; one that begins with `!ns:` stands for a namespace. */
  readonly tag: string
  /** What has become of it. */
  readonly state: 'current' | 'stale' | 'invalidated' | 'unknown'
}

/** What one tier contributes to a read. Times are in seconds. */
export interface TierExplanation {
  /** The memory of this process, or the server that others share. */
  readonly tier: 'l1' | 'l2'
  /** What it has. */
  readonly state: TierState
  /** How long the entry is fresh yet, by its ttl; 0 or less = it is not. `Infinity` = for ever. Absent without one. */
  readonly ttl?: number
  /** The tags of the entry, where it has any and the tier knows them. */
  readonly tags?: readonly TagExplanation[]
  /** How long ago nothing was missing of what others did to the key. Absent where the tier does not follow that. */
  readonly syncAge?: number
  /** The same for tags. */
  readonly tagSyncAge?: number
}

/** A load or a change of the key that is under way in this process. Times are in seconds. */
export interface WorkExplanation {
  /** How long it has been under way. */
  readonly age: number
  /** Whether it holds the key's lease on the server. */
  readonly hasLease: boolean
  /** Whether something has invalidated the key meanwhile: what it brings is shared with nobody who comes later. */
  readonly voided: boolean
}

/** What a read of a key would do now. */
export interface Explanation {
  /** The key as stores have it. */
  readonly key: string
  /** What the read would give: a fresh value, a stale one to those who take it, or nothing. */
  readonly outcome: 'fresh' | 'stale' | 'miss'
  /** The tier it would come from. */
  readonly servedBy: 'l1' | 'l2' | undefined
  /** The tiers in the order in which they are asked. */
  readonly tiers: readonly TierExplanation[]
  /** What is under way with the key in this process, where the store knows. */
  readonly underWay: readonly WorkExplanation[]
}

/** What a store tells of a read. */
export type StoreExplanation = Pick<Explanation, 'tiers' | 'underWay'>
