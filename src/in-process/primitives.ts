import type { Labels } from './tag-table.ts'

/** What an engine of one's own keeps for a key. */
export interface Slot {
  /** Opaque: to be kept and given back as it is. */
  readonly value: unknown
  /** When it expires, in milliseconds of the cache's monotonic clock; `Infinity` = never. */
  readonly expiresAtMs: number
  /** The entry's tags, plain data; absent on one without. To be kept and given back, or `invalidateTag` does nothing. */
  readonly labels?: Labels
  /** Of an entry with grace; to be kept and given back, or the entry is never stale. */
  readonly grace?: Grace
  /** The version that its writer gave it; to be kept and given back. */
  readonly rowVersion?: bigint
}

/** The last part of an entry's life, in which it is stale. */
export interface Grace {
  /** When it begins, in milliseconds of the cache's monotonic clock. */
  readonly freshUntilMs: number
  /** How long it lasts, in milliseconds. */
  readonly lengthMs: number
}

/** The four operations that an engine of one's own consists of; each may be sync or async. */
export interface Primitives {
  /** The slot of a key, `undefined` when there is none; an expired one may be given or dropped. */
  read(key: string): Slot | undefined | PromiseLike<Slot | undefined>
  /** Keeps a slot in place of the one before; its answer is waited for and ignored. */
  write(key: string, slot: Slot): unknown
  /** Whether it existed. */
  remove(key: string): boolean | PromiseLike<boolean>
  /** Every key that is kept. */
  keys(): Iterable<string> | AsyncIterable<string>
  /** Frees what the engine holds; its answer is waited for and ignored. */
  close?(): unknown
}
