// The face that every compared cache has here. A missing method is a feature that the library does not have.

/** The settings that a cache is opened with. */
export interface Settings {
  readonly port: number
  /** Whether the connections have the time limits that the library and its client document for production. */
  readonly isTuned: boolean
  /** Whether tags are turned on, where they have a price for every call. */
  readonly hasTags: boolean
}

/** Times are milliseconds, and each candidate converts them. A text is handed over as it is. */
export interface EntryOptions {
  readonly ttl?: number | string
  readonly tags?: readonly string[]
  /** How long a stale value may be served. */
  readonly graceMs?: number
  /** The longest time that a load may take. */
  readonly limitMs?: number
}

export type Loader = () => Promise<unknown>

export interface Candidate {
  /** Answers `undefined` for a miss. */
  get(key: string): unknown
  set(key: string, value: unknown, options: EntryOptions): unknown
  delete(key: string): unknown
  /** Gets a value and begins its ttl anew. */
  getAndProlong?(key: string): unknown
  /** Returns the value, or loads and stores it. */
  load?(key: string, loader: Loader, options: EntryOptions): unknown
  invalidateTag?(tag: string): unknown
  increment?(key: string): unknown
  /** Sets a value if there is none, and answers whether it did. */
  setIfAbsent?(key: string, value: unknown): Promise<boolean>
  /** Returns a part of the cache that can be cleared alone. */
  namespace?(name: string): Pick<Candidate, 'get' | 'set'> & { clear(): unknown }
  /** Returns whether a value is handed over by `get` itself, without a promise. */
  readonly isSynchronous: boolean
}

/** A library, or code by hand, that is compared. */
export interface Library {
  readonly name: string
  /** The package whose version the table names. */
  readonly packages: readonly string[]
  /** Whether it has a tier on a server. */
  readonly hasServer: boolean
  /** Whether it has a tier in the memory of the process. */
  readonly hasMemory: boolean
  /** Why a feature is missing, by the name of the method or the row. */
  readonly lacks: Readonly<Record<string, string>>
  open(settings: Settings): Promise<Candidate>
}

/** The ttl of entries whose row says nothing of time. */
export const TTL_MS = 600_000

// The type is loose, because the libraries are not installed for the type check.
export async function peer<T>(name: string): Promise<T> {
  return (await import(name)) as T
}
