// Measures awaited hits of two caches by turns, one of them observed, in a process of its own. Prints the CPU nanoseconds
// of a hit of each as JSON, and the loads a second of an auditor. Sums count, not the least chunks, because some observers
// work in stretches.
import { MemoryCache } from '../../src/memory/memory-cache.ts'
import { CASES } from './cases.ts'
import { memoryWithout } from './without.ts'

const [name = ''] = process.argv.slice(2)
const ENTRIES = 1000
const HITS = 50_000
const WARM_UP = 20
const PAIRS = 100

const { call = 'get', without, observe } = CASES[name]!
const keys = Array.from({ length: ENTRIES }, (_, index) => `user:${index}`)
let sink: unknown

// Each loader answers what the cache has, so that an auditor finds nothing wrong.
const loaders = keys.map((_, id) => async () => ({ id, name: `user ${id}` }))

async function filled<Cache extends MemoryCache>(cache: Cache): Promise<Cache> {
  for (const [id, key] of keys.entries()) await cache.set(key, await loaders[id]!())
  return cache
}

async function nanoseconds(cache: MemoryCache): Promise<number> {
  const before = process.cpuUsage()
  if (call === 'get') for (let hit = 0; hit < HITS; hit++) sink = await cache.get(keys[hit % ENTRIES]!)
  else
    for (let hit = 0; hit < HITS; hit++)
      sink = await cache.getOrSet(keys[hit % ENTRIES]!, loaders[hit % ENTRIES]!)
  const { user, system } = process.cpuUsage(before)
  // Timers have their turn, because some observers have work once a second.
  await new Promise((resolve) => setImmediate(resolve))
  return ((user + system) * 1000) / HITS
}

// Both caches come out of a bundle if one of them does, so that they differ in nothing else.
const real = without === undefined ? MemoryCache : (await memoryWithout([])).MemoryCache
const other = without === undefined ? MemoryCache : (await memoryWithout(without)).MemoryCache
const caches = { plain: await filled(new other()), observed: await filled(new real()) }
const beganMs = performance.now()
const auditor = observe?.(caches.observed)
const sums = { plain: 0, observed: 0 }
for (let pair = 0; pair < WARM_UP + PAIRS; pair++) {
  const order = pair % 2 === 0 ? (['plain', 'observed'] as const) : (['observed', 'plain'] as const)
  for (const which of order) {
    const took = await nanoseconds(caches[which])
    if (pair >= WARM_UP) sums[which] += took / PAIRS
  }
}
const seconds = (performance.now() - beganMs) / 1000
const loads = typeof auditor === 'object' ? auditor.report().loads : undefined
process.stdout.write(JSON.stringify({ ...sums, loads, seconds, sink: typeof sink }))
process.exit(0)
