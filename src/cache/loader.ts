import type { LoadContext, NotModified } from '../loading/load-context.ts'
import type { LoadedMany } from './entries.ts'

/** The answers of a loader for "there is none": `null` is stored, `undefined` is not. */
export type Absent = null | undefined

/** The result of a read-through: the loader's type on an untyped cache, else V and the loader's null or undefined. */
export type Loaded<V, T> = unknown extends V ? T : V | Extract<T, Absent>

/** Makes the value of a key; called on a miss, once for all callers that wait. May be sync or async. */
export type Loader<T, V = unknown> = (
  context: LoadContext<V>,
) => T | NotModified | PromiseLike<T | NotModified>

/** Makes the values of the missing keys. A key that is left out, or `undefined`, has no value. */
export type ManyLoader<T> = (
  keys: readonly string[],
  context: Pick<LoadContext, 'signal' | 'audit'>,
) => LoadedMany<T> | PromiseLike<LoadedMany<T>>
