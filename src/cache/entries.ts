import type { Duration } from '../options/durations.ts'
import type { SetOptions } from '../options/entry-options.ts'
import { reading, unreadable } from '../options/checks.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { isList, isMap, isRecord } from '../internal/objects.ts'

/** One entry of {@link Entries}, optionally with options of its own. */
export type EntryTuple<V> = readonly [
  key: string,
  value: V,
  ttlOrOptions?: Duration | Omit<SetOptions, 'ifAbsent'>,
]

/** Several values by key: a record, a Map, or an iterable of `[key, value, ttlOrOptions?]`. */
export type Entries<V> = Readonly<Record<string, V>> | ReadonlyMap<string, V> | Iterable<EntryTuple<V>>

/** The answer of a loader of several keys: a Map or a record. */
export type LoadedMany<T> = ReadonlyMap<string, T> | Readonly<Record<string, T>>

/** Returns the entries as a list, in their order. @throws OptionsError for anything else. */
export function entriesOf<V>(entries: Entries<V>): readonly EntryTuple<V>[] {
  const list = listOf(entries)
  reading('entries', () => {
    for (const entry of list) {
      if (isList(entry) && (entry.length === 2 || entry.length === 3)) continue
      throw new OptionsError(`entries: ${inspect(entry)} is not [key, value] or [key, value, ttlOrOptions]`)
    }
  })
  return list
}

function listOf<V>(entries: Entries<V>): readonly EntryTuple<V>[] {
  try {
    if (typeof entries === 'object' && entries !== null && Symbol.iterator in entries)
      return [...(entries as Iterable<EntryTuple<V>>)]
    if (isRecord(entries)) return Object.entries(entries)
  } catch (error) {
    throw unreadable('entries', error)
  }
  throw new OptionsError(`entries: ${inspect(entries)} is not a record, a Map or a list of [key, value]`)
}

/** Returns the lookup of a loader's answer by key. @throws OptionsError for anything but a Map or a record. */
export function loadedValue<T>(loaded: LoadedMany<T>): (key: string) => T | undefined {
  if (isMap(loaded)) return (key) => loaded.get(key)
  if (!isRecord(loaded) || reading('getOrSetMany: answer', () => Symbol.iterator in loaded)) {
    throw new OptionsError(
      `getOrSetMany: the loader answered ${inspect(loaded)}, not a Map or a record by key`,
    )
  }
  const record: Readonly<Record<string, T>> = loaded
  return (key) => (Object.hasOwn(record, key) ? record[key] : undefined)
}
