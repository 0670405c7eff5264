import type { Stored } from '../core/store.ts'
import type { Labels } from '../core/tag-table.ts'

/** A stored value with what is to be known of it besides its deadline; one of which nothing is is kept as it is. */
export class MemoryEntry {
  readonly stored: Stored
  readonly labels: Labels | undefined
  readonly rowVersion: bigint | undefined
  readonly graceMs: number
  /** By the monotonic clock; tells only of an entry with grace. */
  freshUntilMs: number

  constructor(
    stored: Stored,
    labels: Labels | undefined,
    rowVersion: bigint | undefined,
    graceMs: number,
    freshUntilMs: number,
  ) {
    this.stored = stored
    this.labels = labels
    this.rowVersion = rowVersion
    this.graceMs = graceMs
    this.freshUntilMs = freshUntilMs
  }

  /** The same for another value. */
  with(stored: Stored): MemoryEntry {
    return new MemoryEntry(stored, this.labels, this.rowVersion, this.graceMs, this.freshUntilMs)
  }
}

/** The value in what a map of the memory store keeps. */
export function unwrapped(kept: Stored): Stored {
  const entry: unknown = kept
  return entry instanceof MemoryEntry ? entry.stored : kept
}
