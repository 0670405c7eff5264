import { expect, it } from 'vitest'
import { slotOf } from '../../../src/redis/connection/slot.ts'

// The slots are those of `CLUSTER KEYSLOT`.
it.each([
  ['', 0],
  ['123456789', 12_739],
  ['foo', 12_182],
  ['{foo}bar', 12_182],
  ['x{foo}{bar}', 12_182],
  ['{}foo', 9500],
  ['{foo', 13_308],
  ['é', 10_180],
])('the slot of %j is %i', (key, slot) => {
  expect(slotOf(key)).toBe(slot)
})
