import type { Script } from '../connection/client.ts'
import { script } from '../scripts/script.ts'

/**
 * Blocks a key of a limit from now on, in place of an earlier block. Consumed quantities stay consumed.
 *
 * KEYS: state, as in limit.ts. ARGV: milliseconds of the block.
 * Result: 1. O(1).
 */
export const block: Script = script(
  'block',
  `
local time = redis.call('TIME')
local untilMs = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
local state = redis.pcall('GET', KEYS[1])
local tallies = type(state) == 'string' and string.match(state, '^%d+([%d ]*)$') or ''
local ttl = math.max(tonumber(ARGV[1]), redis.call('PTTL', KEYS[1]))
redis.call('SET', KEYS[1], string.format('%.0f', untilMs) .. tallies, 'PX', string.format('%.0f', ttl))
return 1
`,
)
