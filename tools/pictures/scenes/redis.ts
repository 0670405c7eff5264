import { silentLogger, TieredCache, type BaseCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { InstantFleet } from '../../../simulator/world/instant-fleet.ts'
import type { Bar, Scene } from '../scene.ts'

const KEYS = Array.from({ length: 100 }, (_, id) => `user:${id}`)
const entries = KEYS.map((key) => [key, key, { tags: ['users'] }] as const)

/** What is done, and by what the cache is prepared for it. */
const CALLS: Readonly<Record<string, (cache: BaseCache) => Promise<unknown>>> = {
  'get, kept in memory': async (cache) => cache.get('kept'),
  get: async (cache) => cache.get('user:1'),
  'getMany of 100 keys': async (cache) => cache.getMany(KEYS),
  set: async (cache) => cache.set('one', 1, '1h'),
  '100 sets in one turn': async (cache) => Promise.all(KEYS.map(async (key) => cache.set(key, key, '1h'))),
  'getOrSet that loads': async (cache) => cache.getOrSet('rates', () => ({ EUR: 1.1 }), '1h'),
  'invalidateTag of 100 keys': async (cache) => cache.invalidateTag('users'),
}

/** The calls of the server that each call of a cache takes. */
export async function redis(): Promise<Scene> {
  const bars: Bar[] = []
  for (const [lane, call] of Object.entries(CALLS)) {
    const clock = new FakeClock()
    const fleet = new InstantFleet(clock, 1)
    const shared = (): BaseCache => fleet.sharedCache({ clock, logger: silentLogger })
    const other = shared()
    await other.setMany(entries, '1h')
    const cache = new TieredCache({
      clock,
      logger: silentLogger,
      l1: {},
      l2: fleet.sharedCache({ clock, logger: silentLogger }),
      bus: fleet.bus,
    })
    await clock.advance('10ms')
    await cache.set('kept', 'value', '1h')
    await cache.get('kept')
    fleet.calls.clear()
    await call(cache)
    const calls = [...fleet.calls].filter(([name]) => name !== 'heads')
    let from = 0
    for (const [name, count] of calls) {
      bars.push({
        lane,
        from,
        to: from + count,
        colour: 'work',
        label: count === 1 ? name : `${name} × ${count}`,
      })
      from += count
    }
    if (from === 0) bars.push({ lane, from: 0, to: 0, colour: 'fresh', label: 'none' })
    await cache.close()
    await other.close()
  }
  return {
    title: 'Calls of the server',
    lanes: Object.keys(CALLS),
    end: 4,
    tick: 1,
    unit: String,
    bars,
    marks: [],
  }
}
