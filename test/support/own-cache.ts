import { BaseCache } from '../../src/cache/base-cache.ts'
import type { Primitives, Slot } from '../../src/in-process/primitives.ts'
import { storeFrom, type StoreFromOptions } from '../../src/cache/store-from.ts'
import type { CacheOptions } from '../../src/options/options.ts'

/** Returns primitives over a Map, sync or (`later`) answering a turn of the event loop later. */
export function mapPrimitives(later = false): Primitives {
  const slots = new Map<string, Slot>()
  const primitives: Primitives = {
    read: (key) => slots.get(key),
    write: (key, slot) => slots.set(key, slot),
    remove: (key) => slots.delete(key),
    keys: () => [...slots.keys()],
  }
  if (!later) return primitives
  const turn = async <T>(work: () => T): Promise<T> => {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    return work()
  }
  return {
    read: async (key) => turn(() => slots.get(key)),
    write: async (key, slot) => turn(() => slots.set(key, slot)),
    remove: async (key) => turn(() => slots.delete(key)),
    async *keys() {
      yield* await turn(() => [...slots.keys()])
    },
  }
}

/** A user's own engine. */
export class OwnCache<V = unknown> extends BaseCache<V> {
  constructor(primitives: Primitives, options: CacheOptions & StoreFromOptions = {}) {
    super(storeFrom(primitives, options), options)
  }
}
