import { expect, test } from 'vitest'
import { FAULT_MIXES, World } from '../../../simulator/index.ts'

// Worlds in which the code was wrong once, each with its cause.
test.each([
  [
    'a prefix whose turn did not come in time left what the node kept of it',
    'bursts of calls',
    'available',
    163,
    false,
  ],
  ['a call that was given up was queued again when it failed', 'deaths', 'strict', 73, false],
  ['so was one with row versions', 'deaths', 'strict', 282, true],
  [
    'an item that a set under way made up for became suspect for want of room',
    'partial outages',
    'available',
    150,
    true,
  ],
  ['the judge took no account of a short suspension', 'suspended machines', 'available', 200, true],
  ['the judge did not wait for a load whose call had failed', 'suspended machines', 'strict', 248, true],
] as const)('finds nothing in the world in which %s', async (_, mix, policy, seed, extended) => {
  const report = await new World({ seed, faults: FAULT_MIXES[mix]!, policy, extended }).run()
  expect(report.violations).toEqual([])
})
