import type { LoadContext, NotModified } from '../loading/load-context.ts'
import type { LoadedMany } from './entries.ts'

/** What a loader may answer for "there is none": `null` is stored, `undefined` is not. */
export type Absent = null | undefined

/** What a read-through returns: on an untyped cache what the loader makes, else V and the loader's null or undefined. */
export type Loaded<V, T> = unknown extends V ? T : V | Extract<T, Absent>

/** Makes the value of a key; called on a miss, once for all who wait. May be sync or async. */
export type Loader<T, V = unknown> = (
  context: LoadContext<V>,
) => T | NotModified | PromiseLike<T | NotModified>

/** Makes the values of the keys that are missing; a key left out, or `undefined`, has no value. */
export type ManyLoader<T> = (
  keys: readonly string[],
  context: Pick<LoadContext, 'signal'>,
) => LoadedMany<T> | PromiseLike<LoadedMany<T>>
