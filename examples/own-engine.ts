// An engine of one's own: four functions over a Map, and it keeps every promise of the contract.
import { BaseCache, type CacheOptions, type Slot, storeFrom } from 'cachette'
import { conformanceCases } from 'cachette/testing'

class MapCache<V = unknown> extends BaseCache<V> {
  constructor(options: CacheOptions = {}) {
    const slots = new Map<string, Slot>()
    const primitives = {
      read: (key: string) => slots.get(key),
      write: (key: string, slot: Slot) => slots.set(key, slot),
      remove: (key: string) => slots.delete(key),
      keys: () => slots.keys(),
    }
    super(storeFrom(primitives, options), options)
  }
}

const cache = new MapCache<number>()
const loads = Array.from({ length: 100 }, () => cache.getOrSet('k', async () => 42))
console.log(new Set(await Promise.all(loads)), 'from', cache.stats().loads, 'load')
await cache.close()

let kept = 0
for (const { name, run } of conformanceCases({ create: (options) => new MapCache(options) })) {
  await run().then(
    () => kept++,
    (error: unknown) => console.log('broken:', name, error),
  )
}
console.log(kept > 20 ? 'every promise kept' : `only ${kept} promises looked at`)
