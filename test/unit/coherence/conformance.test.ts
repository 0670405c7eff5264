import { describe, test } from 'vitest'
import { MemoryCache } from '../../../src/memory/memory-cache.ts'
import { conformanceCases } from '../../../src/testing/index.ts'
import { InstantFleet } from '../../../simulator/world/instant-fleet.ts'
import { TieredCache } from '../../../src/tiered/tiered-cache.ts'

// Its heartbeats would take 400 days.
const NOT_FOLLOWING = /2\^31/

describe('two tiers over the simulated server', () => {
  const cases = conformanceCases({
    countsHidden: true,
    create: (options) => {
      const { clock } = options
      const fleet = new InstantFleet(clock)
      return new TieredCache({
        ...options,
        l1: new MemoryCache({ clock }),
        l2: fleet.sharedCache({ clock }),
        bus: fleet.bus,
      })
    },
  })
  for (const { name, run } of cases) if (!NOT_FOLLOWING.test(name)) test(name, run)
})

describe('a cache on the simulated server alone', () => {
  const cases = conformanceCases({
    countsHidden: true,
    create: (options) => new InstantFleet(options.clock).sharedCache(options),
  })
  for (const { name, run } of cases) test(name, run)
})
