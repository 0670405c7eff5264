/** A change of a key, or of one of its tags, that this process has applied. */
export interface AppliedChange {
  readonly kind: 'key' | 'tag'
  /** The full key, or the tag. */
  readonly item: string
  /** Its number in the log. */
  readonly counter: number
  /** Milliseconds since this process first learned of it. */
  readonly ageMs: number
}

/** The knowledge of this process about the changes of a key on the shared server. */
export interface Trail {
  /** The longest time for which the memory of this process serves without news of changes, and by the policy in force. */
  readonly maxLagMs: number
  readonly boundMs: number
  /** Milliseconds since all changes of the key, and of its tags, were known; 0 = the server is asked for each read. */
  readonly syncAgeMs: number
  /** The number of the last change of the key's partition that this process has applied. */
  readonly applied: number | undefined
  /** The number of the last change of tags that it has applied. */
  readonly tagsApplied: number | undefined
  /** The number of the change by which this process's memory has its entry of the key, if it wrote that itself. */
  readonly keptAt: number | undefined
  /** Whether a tag of that entry is known to have been invalidated since. */
  readonly isHidden: boolean
  /** Whether an invalidation of this process waits for the server. */
  readonly isQueued: boolean
  /** The changes of the last minute, the newest last. */
  readonly changes: readonly AppliedChange[]
}
