// Measures awaited reads of one kind in one cache, and prints nanoseconds of CPU a hit. It runs in a process of its
// own, because earlier reads change the compiled code.
import type { BaseCache } from '../../src/cache/base-cache.ts'
import { systemClock } from '../../src/core/time/system.ts'
import { MemoryCache } from '../../src/memory/memory-cache.ts'
import { InstantFleet } from '../../simulator/world/instant-fleet.ts'
import { TieredCache } from '../../src/tiered/tiered-cache.ts'

const [name = '', kind = '', where = ''] = process.argv.slice(2)
const ENTRIES = 1_000
const HITS = 100_000
const ROUNDS = 8

const TTL = '30m'
const TWO_TAGS = { ttl: TTL, tags: ['users', 'team:7'] }

const caches: Readonly<Record<string, () => BaseCache>> = {
  memory: () => new MemoryCache({ maxEntries: ENTRIES * 2 }),
  tiered: () => {
    const fleet = new InstantFleet(systemClock, 1)
    const l1 = new MemoryCache({ maxEntries: ENTRIES * 2 })
    return new TieredCache({ l1, l2: fleet.sharedCache(), bus: fleet.bus })
  },
}

const kinds: Readonly<Record<string, (cache: BaseCache, key: string, value: unknown) => Promise<unknown>>> = {
  'no tags': (cache, key, value) => cache.set(key, value, TTL),
  'two tags': (cache, key, value) => cache.set(key, value, TWO_TAGS),
}

async function hit(cache: BaseCache, keys: readonly string[]): Promise<number> {
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage()
    for (let index = 0; index < HITS; index++) await cache.get(keys[index % ENTRIES]!)
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, ((user + system) * 1000) / HITS)
  }
  return best
}

const root = caches[name]!()
// The first sync has to be over, because entries that are written before it are not kept.
await new Promise((resolve) => setImmediate(resolve))
const cache = where === 'namespace' ? root.namespace('part') : root
const keys = Array.from({ length: ENTRIES }, (_, index) => `user:${index}`)
for (const [index, key] of keys.entries()) await kinds[kind]!(cache, key, `name of user ${index}`)
for (const key of keys) {
  if ((await cache.get(key)) === undefined) throw new Error(`${key} is not there`)
}
console.log(await hit(cache, keys))
process.exit(0)
