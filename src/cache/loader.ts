import type { LoadedMany } from './entries.ts'

/** What a loader may answer for "there is none": `null` is stored, `undefined` is not. */
export type Absent = null | undefined

/** What a read-through returns: on an untyped cache what the loader makes, else V and the loader's null or undefined. */
export type Loaded<V, T> = unknown extends V ? T : V | Extract<T, Absent>

/** What a loader is told. */
export interface LoadContext {
  /** The key as the caller gave it. */
  readonly key: string
}

/** Makes the value of a key; called on a miss, once for all who wait. May be sync or async. */
export type Loader<T> = (context: LoadContext) => T | PromiseLike<T>

/** Makes the values of the keys that are missing; a key left out, or `undefined`, has no value. */
export type ManyLoader<T> = (keys: readonly string[]) => LoadedMany<T> | PromiseLike<LoadedMany<T>>
