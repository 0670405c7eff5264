import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, test } from 'vitest'
import { BaseCache, storeFrom, type CacheOptions, type Primitives, type Slot } from '../../../src/index.ts'
import type { NamespaceMode } from '../../../src/options/options.ts'
import { MemoryCache } from '../../../src/memory/index.ts'
import { MockCache, conformanceCases } from '../../../src/testing/index.ts'

// An engine of a user's own, in full: what a Map has, and nothing else.
class MapCache<V = unknown> extends BaseCache<V> {
  constructor(options: CacheOptions = {}) {
    const map = new Map<string, Slot>()
    super(
      storeFrom(
        {
          read: (key) => map.get(key),
          write: (key, slot) => map.set(key, slot),
          remove: (key) => map.delete(key),
          keys: () => map.keys(),
        },
        options,
      ),
      options,
    )
  }
}

// The same with every primitive slow, as a file or a server is.
class SlowMapCache<V = unknown> extends BaseCache<V> {
  constructor(options: CacheOptions = {}) {
    const map = new Map<string, Slot>()
    const later = <A extends unknown[], R>(step: (...args: A) => R) => {
      return async (...args: A): Promise<R> => {
        await nextTurn()
        const result = step(...args)
        await nextTurn()
        return result
      }
    }
    const primitives: Primitives = {
      read: later((key: string) => map.get(key)),
      write: later((key: string, slot: Slot) => map.set(key, slot)),
      remove: later((key: string) => map.delete(key)),
      keys: () => map.keys(),
    }
    super(storeFrom(primitives, options), options)
  }
}

const engines: Record<string, (options: CacheOptions) => BaseCache> = {
  MemoryCache: (options) => new MemoryCache(options),
  'MemoryCache with a prefix': (options) => new MemoryCache({ ...options, prefix: 'app:' }),
  'a MemoryCache namespace': (options) => rooted(new MemoryCache(options), 'generation'),
  'a physical MemoryCache namespace': (options) => rooted(new MemoryCache(options), 'physical'),
  'a user engine over a Map': (options) => new MapCache(options),
  'a user engine over a slow Map': (options) => new SlowMapCache(options),
  MockCache: (options) => new MockCache(options),
}

// A namespace does not close its cache: the suite's last case closes what it was given.
function rooted(cache: BaseCache, mode: NamespaceMode): BaseCache {
  const view = cache.namespace('tenant', { mode })
  return Object.defineProperty(view, 'close', { value: () => cache.close() })
}

describe.each(Object.entries(engines))('%s', (engine, create) => {
  for (const { name, run } of conformanceCases({ create })) {
    // A physical namespace in one that is cleared by its generation is refused: the clear would not reach it.
    const isPossible = engine !== 'a MemoryCache namespace' || !name.includes('physical namespace')
    if (isPossible) test(name, run)
  }
})
