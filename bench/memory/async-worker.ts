// Measures `await get` of one library in a process of its own, and prints nanoseconds of CPU a hit as JSON.
const [name = ''] = process.argv.slice(2)
const ENTRIES = 1000
const HITS = 100_000
const ROUNDS = 6

interface AsyncCache {
  get(key: string): unknown
  set(key: string, value: unknown): unknown
}

async function peer<T>(name: string): Promise<T> {
  return (await import(name)) as T
}

const makers: Readonly<Record<string, () => Promise<AsyncCache>>> = {
  async MemoryCache() {
    const { MemoryCache } = await import('../../src/memory/memory-cache.ts')
    return new MemoryCache({ maxEntries: ENTRIES * 2 })
  },
  async 'MemoryCache frozen'() {
    const { MemoryCache } = await import('../../src/memory/memory-cache.ts')
    return new MemoryCache({ maxEntries: ENTRIES * 2, isolation: 'freeze' })
  },
  async bentocache() {
    interface Bento {
      get(options: { key: string }): Promise<unknown>
      set(options: { key: string; value: unknown }): Promise<unknown>
    }
    const { BentoCache, bentostore } = await peer<{
      BentoCache: new (options: object) => Bento
      bentostore: () => { useL1Layer(driver: unknown): unknown }
    }>('bentocache')
    const { memoryDriver } = await peer<{ memoryDriver: (options: object) => unknown }>(
      'bentocache/drivers/memory',
    )
    const store = bentostore().useL1Layer(memoryDriver({ maxItems: ENTRIES * 2 }))
    const bento = new BentoCache({ default: 'memory', stores: { memory: store } })
    return { get: (key) => bento.get({ key }), set: (key, value) => bento.set({ key, value }) }
  },
  async 'cache-manager'() {
    const { createCache } = await peer<{ createCache: () => AsyncCache }>('cache-manager')
    return createCache()
  },
  // Its documentation shows this way to bound it.
  async 'cache-manager, bounded'() {
    const { createCache } = await peer<{ createCache: (options: object) => AsyncCache }>('cache-manager')
    const { Keyv } = await peer<{ Keyv: new (options: object) => object }>('keyv')
    const { CacheableMemory } = await peer<{ CacheableMemory: new (options: object) => object }>(
      '@cacheable/memory',
    )
    return createCache({ stores: [new Keyv({ store: new CacheableMemory({ lruSize: ENTRIES * 2 }) })] })
  },
  async '@cacheable/memory'() {
    const { CacheableMemory } = await peer<{ CacheableMemory: new () => AsyncCache }>('@cacheable/memory')
    return new CacheableMemory()
  },
}

// Returns about 1 KB of JSON, such as a row of a database with a few relations.
function record(i: number): object {
  return {
    id: i,
    name: `name of number ${i}`,
    email: `someone.${i}@example.com`,
    active: i % 2 === 0,
    score: i / 7,
    tags: ['alpha', 'beta', 'gamma', `tag ${i}`],
    address: { street: `street ${i}`, city: 'Lyon', zip: `${69_000 + i}`, position: [45.76, 4.83] },
    orders: Array.from({ length: 8 }, (_, n) => ({
      id: i * 10 + n,
      total: n * 9.99,
      state: 'shipped',
      items: n,
    })),
    notes: 'x'.repeat(200),
  }
}

const kinds: Readonly<Record<string, (i: number) => unknown>> = {
  string: (i) => `value of number ${i}`,
  number: (i) => i,
  'object of 1 KB': record,
}

async function measure(run: () => Promise<void> | void): Promise<number> {
  let least = Infinity
  for (let round = 0; round <= ROUNDS; round++) {
    const before = process.cpuUsage()
    await run()
    const { user, system } = process.cpuUsage(before)
    if (round > 0) least = Math.min(least, ((user + system) * 1000) / HITS)
  }
  return least
}

let sink: unknown
const results: Record<string, number> = {}
const keys = Array.from({ length: ENTRIES }, (_, i) => `key:${i}`)
for (const [kind, make] of Object.entries(kinds)) {
  if (name === 'structuredClone') {
    if (!kind.startsWith('object')) continue
    const values = keys.map((_, i) => make(i))
    results[kind] = await measure(() => {
      for (let i = 0; i < HITS; i++) sink = structuredClone(values[i % ENTRIES])
    })
    continue
  }
  const cache = await makers[name]!()
  for (let i = 0; i < ENTRIES; i++) await cache.set(keys[i]!, make(i))
  if ((await cache.get(keys[7]!)) === undefined) throw new Error(`${name} lost an entry`)
  results[kind] = await measure(async () => {
    for (let i = 0; i < HITS; i++) sink = await cache.get(keys[i % ENTRIES]!)
  })
}
process.stdout.write(JSON.stringify({ ...results, sink: typeof sink }))
process.exit(0)
