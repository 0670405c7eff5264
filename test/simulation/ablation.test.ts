import { describe, expect, test } from 'vitest'
import { FAULT_MIXES } from '../../src/testing/simulation/mixes.ts'
import { World } from '../../src/testing/simulation/world.ts'
import { RULES } from './rules.ts'

const SEEDS = 100

describe('without a rule of coherence', () => {
  test.each(RULES)(
    '$rule, some seed shows a violation: $without',
    { timeout: 300_000 },
    async ({ rule, mix, rewire, patch }) => {
      const restore = patch?.()
      try {
        for (let seed = 1; seed <= SEEDS; seed++) {
          const options = {
            seed,
            faults: FAULT_MIXES[mix]!,
            policy: 'strict',
            ...(rewire && { rewire }),
          } as const
          const { violations } = await new World(options).run()
          const stale = violations.find(({ invariant }) => invariant !== 'I13')
          if (stale === undefined) continue
          console.log(`${rule}: ${stale.invariant} with seed ${seed}`)
          return
        }
        expect.fail(`${SEEDS} seeds show no violation`)
      } finally {
        restore?.()
      }
    },
  )
})
