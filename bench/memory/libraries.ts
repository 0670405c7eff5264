// Peers are installed in bench/ only, so the root's type check has no types of them. The used parts are declared here.

/** The part of a synchronous cache that a benchmark uses. */
export interface SyncCache {
  get(key: string): unknown
  set(key: string, value: unknown): unknown
  /** Sets with the ttl of an hour that the cache was made with. */
  readonly setTtl?: (key: string, value: unknown) => unknown
  /** Whether it removes entries to stay within its bound. */
  readonly bounded: boolean
}

export interface Library {
  readonly name: string
  readonly make: (entries: number, ttlMs: number | undefined) => Promise<SyncCache>
  /** Whether its ttl can be measured. Other libraries skip those columns. */
  readonly ttl: boolean
}

async function peer<T>(name: string): Promise<T> {
  return (await import(name)) as T
}

type Maker<O> = new (options: O) => { get(key: string): unknown; set(key: string, value: unknown): unknown }

export const libraries: readonly Library[] = [
  {
    name: 'BoundedMap',
    ttl: true,
    async make(entries, ttlMs) {
      const { BoundedMap } = await import('../../src/memory/bounded-map.ts')
      const ttl = ttlMs === undefined ? {} : { ttl: ttlMs / 1000 }
      return bounded(new BoundedMap<string, unknown>({ maxEntries: entries, ...ttl }))
    },
  },
  {
    name: 'lru-cache',
    ttl: true,
    async make(max, ttl) {
      const { LRUCache } = await peer<{ LRUCache: Maker<object> }>('lru-cache')
      return bounded(new LRUCache(ttl === undefined ? { max } : { max, ttl }))
    },
  },
  {
    name: 'tiny-lru',
    ttl: true,
    async make(max, ttl) {
      const { lru } = await peer<{ lru: (max: number, ttl: number) => SyncCache }>('tiny-lru')
      return bounded(lru(max, ttl ?? 0))
    },
  },
  {
    name: 'mnemonist',
    ttl: false,
    async make(max) {
      const { LRUMap } = await peer<{ LRUMap: Maker<number> }>('mnemonist')
      return bounded(new LRUMap(max))
    },
  },
  {
    name: 'quick-lru',
    ttl: true,
    async make(maxSize, maxAge) {
      const { default: QuickLRU } = await peer<{ default: Maker<object> }>('quick-lru')
      return bounded(new QuickLRU(maxAge === undefined ? { maxSize } : { maxSize, maxAge }))
    },
  },
  {
    // The limit for a cache with a Map for its index: the same operations on the Map, and an array of keys that tells
    // which entry is oldest.
    name: 'Map, fifo',
    ttl: false,
    make: (entries) => Promise.resolve(bounded(new Fifo(entries))),
  },
  {
    name: 'Map',
    ttl: false,
    make() {
      const map = new Map<string, unknown>()
      // A wrapper would distort the measurement, and a bare Map never evicts.
      return Promise.resolve(Object.assign(map, { bounded: false }))
    },
  },
]

class Fifo {
  readonly #index = new Map<string, number>()
  readonly #keys: string[] = []
  readonly #values: unknown[] = []
  readonly #entries: number
  #next = 0

  constructor(entries: number) {
    this.#entries = entries
  }

  get(key: string): unknown {
    const slot = this.#index.get(key)
    return slot === undefined ? undefined : this.#values[slot]
  }

  set(key: string, value: unknown): void {
    let slot = this.#index.get(key)
    if (slot === undefined) {
      slot = this.#next
      if (this.#index.size === this.#entries) this.#index.delete(this.#keys[slot]!)
      this.#index.set(key, slot)
      this.#keys[slot] = key
      this.#next = slot + 1 === this.#entries ? 0 : slot + 1
    }
    this.#values[slot] = value
  }
}

function bounded<T extends object>(cache: T): T & { readonly bounded: true } {
  return Object.assign(cache, { bounded: true as const })
}
