import { storeOf } from '../../../src/cache/stores.ts'
import { MemoryCache } from '../../../src/memory/memory-cache.ts'
import { InstantFleet } from '../../../simulator/world/instant-fleet.ts'
import { TieredCache } from '../../../src/tiered/tiered-cache.ts'
import { contextTimelines } from '../loading/timelines/contexts.ts'
import { limitTimelines } from '../loading/timelines/limits.ts'
import { pairwiseTimelines } from '../loading/timelines/pairwise.ts'
import type { Engine } from '../loading/timelines/stage.ts'
import { staleTimelines } from '../loading/timelines/stale.ts'

/** The store that several processes share, over the simulated server. */
const ENGINES: readonly Engine[] = [
  {
    name: 'a simulated server',
    tier: 'l2',
    makeStore: (clock) => storeOf(new InstantFleet(clock).sharedCache({ clock }))!,
  },
  {
    name: 'two tiers over a simulated server',
    tier: 'both',
    timers: 1,
    makeStore: (clock) => {
      const fleet = new InstantFleet(clock)
      const l2 = fleet.sharedCache({ clock })
      return storeOf(new TieredCache({ clock, l1: new MemoryCache({ clock }), l2, bus: fleet.bus }))!
    },
  },
]

for (const engine of ENGINES) {
  staleTimelines(engine)
  limitTimelines(engine)
  contextTimelines(engine)
  pairwiseTimelines(engine)
}
