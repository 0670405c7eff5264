import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'

/** Returns PTTL of each key. KEYS: any of one partition. Result: a list of numbers. O(1) for each key. */
export const timesLeft: Script = script(
  'times-left',
  `
local result = {}
for index, key in ipairs(KEYS) do result[index] = redis.call('PTTL', key) end
return result
`,
)
