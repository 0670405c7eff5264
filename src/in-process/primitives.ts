import type { Labels } from './tag-table.ts'

/** The slot that an engine of one's own keeps for a key. */
export interface Slot {
  /** The opaque value. The engine keeps it and gives it back as it is. */
  readonly value: unknown
  /** The time at which it expires, in milliseconds of the cache's monotonic clock; `Infinity` = never. */
  readonly expiresAtMs: number
  /** The entry's tags as plain data; absent without tags. `invalidateTag` does nothing if they are not given back. */
  readonly labels?: Labels | undefined
  /** The grace of the entry; absent without grace. The entry is never stale if it is not given back. */
  readonly grace?: Grace | undefined
  /** The row version that its writer gave it. The engine keeps it and gives it back. */
  readonly rowVersion?: bigint | undefined
}

/** The last part of an entry's life, in which it is stale. */
export interface Grace {
  /** The time at which it begins, in milliseconds of the cache's monotonic clock. */
  readonly freshUntilMs: number
  /** Its length in milliseconds. */
  readonly lengthMs: number
}

/** The four operations that an engine of one's own consists of; each may be sync or async. */
export interface Primitives {
  /** Returns the slot of a key, or `undefined` if there is none. An expired slot may be returned or dropped. */
  read(key: string): Slot | undefined | PromiseLike<Slot | undefined>
  /** Keeps a slot in place of the one before. The store waits for the answer and ignores it. */
  write(key: string, slot: Slot): unknown
  /** Removes a slot and returns whether it existed. */
  remove(key: string): boolean | PromiseLike<boolean>
  /** Returns every key that is kept. */
  keys(): Iterable<string> | AsyncIterable<string>
  /** Frees the engine's resources. The store waits for the answer and ignores it. */
  close?(): unknown
}
