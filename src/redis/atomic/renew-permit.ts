import type { Script } from '../connection/client.ts'
import { script } from '../scripts/script.ts'
import { FENCE_KEPT_MS, time } from './parts.ts'

/**
 * Prolongs a holding of a lock or semaphore from now on, if it has not ended.
 *
 * KEYS: state. ARGV: token, milliseconds.
 * Result: 1 it is held, 0 it is not. O(1).
 */
export const renewPermit: Script = script(
  'renew-permit',
  time,
  `
local field = 'h' .. ARGV[1]
local ends, fence = string.match(tostring(redis.pcall('HGET', KEYS[1], field)), '^(%d+) (%d+)$')
if not ends or tonumber(ends) <= now then return 0 end
redis.call('HSET', KEYS[1], field, string.format('%.0f', now + ARGV[2]) .. ' ' .. fence)
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ARGV[2] + ${FENCE_KEPT_MS}), 'GT')
return 1
`,
)
