import type { Script } from '../connection/client.ts'
import { script } from '../scripts/script.ts'
import { time } from './parts.ts'

/**
 * Ends a holding of a lock or semaphore, or leaves its queue. The last fencing number stays.
 *
 * KEYS: state. ARGV: token.
 * Result: 1 it was held, 0 it was not. O(1).
 */
export const releasePermit: Script = script(
  'release-permit',
  time,
  `
local held = redis.pcall('HGET', KEYS[1], 'h' .. ARGV[1])
if type(held) == 'table' then return 0 end
redis.call('HDEL', KEYS[1], 'h' .. ARGV[1], 'w' .. ARGV[1])
if held and (tonumber(string.match(held, '^%d+')) or 0) > now then return 1 end
return 0
`,
)
