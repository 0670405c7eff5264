import { expect, test } from 'vitest'
import { FAULT_MIXES, World } from '../../simulator/index.ts'

// Worlds in which the code was wrong once, each with its cause.
test.each([
  [
    'a prefix whose turn did not come in time left what the node kept of it',
    'bursts of calls',
    'available',
    163,
    false,
  ],
] as const)('finds nothing in the world in which %s', async (_, mix, policy, seed, extended) => {
  const report = await new World({ seed, faults: FAULT_MIXES[mix]!, policy, extended }).run()
  expect(report.violations).toEqual([])
})
