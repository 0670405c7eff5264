import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'

/**
 * Prolongs a lease, if it is held.
 *
 * KEYS: lease. ARGV: token, milliseconds. Result: 1 done, 0 it is not held. O(1).
 */
export const renew: Script = script(
  'renew',
  `
if redis.pcall('GET', KEYS[1]) ~= '=' .. ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`,
)
