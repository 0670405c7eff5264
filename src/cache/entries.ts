import type { Duration } from '../core/duration.ts'
import type { SetOptions } from '../core/entry-options.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/inspect.ts'

/** One entry of {@link Entries}, with options of its own if need be. */
export type EntryTuple<V> = readonly [key: string, value: V, ttlOrOptions?: Duration | SetOptions]

/** Several values by key: a record, a Map, or an iterable of `[key, value, ttlOrOptions?]`. */
export type Entries<V> = Readonly<Record<string, V>> | ReadonlyMap<string, V> | Iterable<EntryTuple<V>>

/** What a loader of several keys answers: a Map or a record. */
export type LoadedMany<T> = ReadonlyMap<string, T> | Readonly<Record<string, T>>

/** The entries as a list, in their order. @throws OptionsError for anything else. */
export function entriesOf<V>(entries: Entries<V>): readonly EntryTuple<V>[] {
  if (typeof entries !== 'object' || entries === null) {
    throw new OptionsError(`entries: ${inspect(entries)} is not a record, a Map or a list of [key, value]`)
  }
  if (!(Symbol.iterator in entries)) return Object.entries(entries)
  const list = [...(entries as Iterable<EntryTuple<V>>)]
  for (const entry of list) {
    if (Array.isArray(entry) && (entry.length === 2 || entry.length === 3)) continue
    throw new OptionsError(`entries: ${inspect(entry)} is not [key, value] or [key, value, ttlOrOptions]`)
  }
  return list
}

/** The values a loader of several keys gave for the keys it was asked. @throws OptionsError for no Map or record. */
export function loadedValue<T>(loaded: LoadedMany<T>): (key: string) => T | undefined {
  if (isMap(loaded)) return (key) => loaded.get(key)
  if (typeof loaded !== 'object' || loaded === null || Symbol.iterator in loaded) {
    throw new OptionsError(
      `getOrSetMany: the loader answered ${inspect(loaded)}, not a Map or a record by key`,
    )
  }
  const record: Readonly<Record<string, T>> = loaded
  return (key) => (Object.hasOwn(record, key) ? record[key] : undefined)
}

function isMap<T>(loaded: LoadedMany<T>): loaded is ReadonlyMap<string, T> {
  return loaded instanceof Map
}
