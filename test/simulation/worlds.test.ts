import { describe, expect, test } from 'vitest'
import { FAULT_MIXES } from '../../src/testing/simulation/mixes.ts'
import { World } from '../../src/testing/simulation/world.ts'

const SEEDS = Number(process.env['CACHETTE_SIMULATION_SEEDS'] ?? 10)
const FIRST = Number(process.env['CACHETTE_SIMULATION_FIRST'] ?? 1)

describe.each(['strict', 'available'] as const)('a simulated fleet under policy %s', (policy) => {
  test.each(Object.entries(FAULT_MIXES))(
    'keeps its promises under %s',
    { timeout: 600_000 },
    async (mix, faults) => {
      let reads = 0
      let localHits = 0
      for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
        const report = await new World({ seed, faults, policy }).run()
        const [violation] = report.violations
        expect(violation, `npm run simulate -- --mix '${mix}' --policy ${policy} --seed ${seed}`).toBe(
          undefined,
        )
        reads += report.reads
        localHits += report.localHits
      }
      console.log(
        `${policy}, ${mix}: ${SEEDS} worlds from seed ${FIRST}, ${reads} reads, ${localHits} of them local`,
      )
      expect(localHits).toBeGreaterThan(0)
    },
  )
})

test('the same seed gives the same history, to the letter', async () => {
  const options = {
    seed: 7,
    faults: FAULT_MIXES['everything']!,
    policy: 'available',
    recording: true,
  } as const
  const once = await new World(options).run()
  const again = await new World(options).run()
  expect(once.happenings.length).toBeGreaterThan(100)
  expect(again).toEqual(once)
})
