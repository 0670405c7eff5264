import type { BaseCache } from '../../cache/base-cache.ts'
import type { Duration } from '../../options/durations.ts'
import { textNamespace } from '../shared/text-key.ts'

/** A stored value of Keyv: text that it has serialized, or the object `{ value, expires }` if it does not serialize. */
export type Opaque = string | object

/** The namespaces of one cache, by the names that Keyv gives them. */
export class Spaces {
  readonly #cache: BaseCache<Opaque>
  readonly #spaces = new Map<string, BaseCache<Opaque>>()

  constructor(cache: BaseCache<Opaque>) {
    this.#cache = cache
  }

  /** Returns the namespace of a name, or the whole cache if there is none. */
  of(name: string | undefined): BaseCache<Opaque> {
    if (name === undefined || name === '') return this.#cache
    let space = this.#spaces.get(name)
    if (space === undefined) {
      space = this.#cache.namespace<Opaque>(textNamespace(name))
      this.#spaces.set(name, space)
    }
    return space
  }
}

/** Returns the values of keys in the order of the keys, `undefined` for each that is missing. */
export async function valuesOf<T>(
  space: BaseCache<Opaque>,
  keys: readonly string[],
): Promise<(T | undefined)[]> {
  const found = await space.getMany(keys)
  return keys.map((key) => (found.get(key) ?? undefined) as T | undefined)
}

/** Stores a value. A duration that has ended already removes what was there. `undefined` = the cache's own default. */
export async function store(
  space: BaseCache<Opaque>,
  key: string,
  value: unknown,
  ttl: Duration | undefined,
): Promise<boolean> {
  if (value === undefined || value === null) {
    await space.delete(key)
    return true
  }
  return space.set(key, value, ttl === undefined ? undefined : { ttl })
}
