// Measures awaited hits of two caches by turns, one of them observed, in a process of its own. Prints the CPU nanoseconds
// of a hit of each as JSON. Sums count, not the least chunks, because some observers work in stretches.
import { MemoryCache } from '../../src/memory/memory-cache.ts'
import { CASES } from './cases.ts'

const [name = ''] = process.argv.slice(2)
const ENTRIES = 1000
const HITS = 50_000
const WARM_UP = 20
const PAIRS = 100

const keys = Array.from({ length: ENTRIES }, (_, index) => `user:${index}`)
let sink: unknown

async function cacheOf(observe: (cache: MemoryCache) => unknown): Promise<MemoryCache> {
  const cache = new MemoryCache()
  for (const [id, key] of keys.entries()) await cache.set(key, { id, name: `user ${id}` })
  observe(cache)
  return cache
}

async function nanoseconds(cache: MemoryCache): Promise<number> {
  const before = process.cpuUsage()
  for (let hit = 0; hit < HITS; hit++) sink = await cache.get(keys[hit % ENTRIES]!)
  const { user, system } = process.cpuUsage(before)
  // Timers have their turn, because some observers have work once a second.
  await new Promise((resolve) => setImmediate(resolve))
  return ((user + system) * 1000) / HITS
}

const plain = await cacheOf(() => undefined)
const observed = await cacheOf(CASES[name]!.observe)
const sums = { plain: 0, observed: 0 }
for (let pair = 0; pair < WARM_UP + PAIRS; pair++) {
  const caches = { plain, observed }
  const order = pair % 2 === 0 ? (['plain', 'observed'] as const) : (['observed', 'plain'] as const)
  for (const which of order) {
    const took = await nanoseconds(caches[which])
    if (pair >= WARM_UP) sums[which] += took / PAIRS
  }
}
process.stdout.write(JSON.stringify({ ...sums, sink: typeof sink }))
process.exit(0)
