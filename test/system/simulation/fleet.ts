import { expect, test } from 'vitest'
import type { Policy } from '../../../src/coherence/settings.ts'
import { FAULT_MIXES } from '../../../simulator/world/mixes.ts'
import { World } from '../../../simulator/world/world.ts'

/**
 * Number of worlds of each mix and policy: 1 in `npm test`, 6 in `npm run test:long`. `npm run simulate` plays more.
 */
const SEEDS = Number(
  process.env['CACHETTE_SIMULATION_SEEDS'] ?? (process.env['CACHETTE_TESTS'] === undefined ? 1 : 6),
)

/** Tests every mix of faults under one policy, from a seed on. Each policy has a file, so that two cores have work. */
export function testFleet(policy: Policy, firstSeed: number): void {
  test.each(Object.entries(FAULT_MIXES))(
    'keeps its promises under %s',
    { timeout: 600_000 },
    async (mix, faults) => {
      let reads = 0
      let localHits = 0
      for (let seed = firstSeed; seed < firstSeed + SEEDS; seed++) {
        const report = await new World({ seed, faults, policy, extended: seed % 2 === 0 }).run()
        const [violation] = report.violations
        expect(violation, `npm run simulate -- --mix '${mix}' --policy ${policy} --seed ${seed}`).toBe(
          undefined,
        )
        reads += report.reads
        localHits += report.localHits
      }
      console.log(`${policy}, ${mix}: ${SEEDS} worlds, ${reads} reads, ${localHits} of them local`)
      expect(localHits).toBeGreaterThan(0)
    },
  )
}
