import type { Stored } from '../core/store.ts'
import type { Life } from '../in-process/entry-rules.ts'
import type { Labels } from '../in-process/tag-table.ts'

/** A stored value with its attributes besides the deadline. A value without any is kept as it is. */
export class MemoryEntry implements Life {
  readonly stored: Stored
  readonly labels: Labels | undefined
  readonly rowVersion: bigint | undefined
  readonly graceMs: number
  /** The end of freshness by the monotonic clock. It matters only for an entry with grace. */
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

  /** Returns the same entry with another value. */
  with(stored: Stored): MemoryEntry {
    return new MemoryEntry(stored, this.labels, this.rowVersion, this.graceMs, this.freshUntilMs)
  }
}

/** Returns the value of an item in the map of the memory store. */
export function unwrapped(kept: Stored): Stored {
  const entry: unknown = kept
  return entry instanceof MemoryEntry ? entry.stored : kept
}
