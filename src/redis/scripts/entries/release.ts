import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'

/**
 * Ends leases that are held. With a message, each becomes a cool-down.
 *
 * KEYS: leases. ARGV: the milliseconds of the cool-down or '', its message; a token for each lease.
 * Result: the number of leases that were held. O(1) for each lease.
 */
export const release: Script = script(
  'release',
  `
local count = 0
for index, lease in ipairs(KEYS) do
  if redis.pcall('GET', lease) == '=' .. ARGV[index + 2] then
    redis.call('UNLINK', lease)
    if ARGV[1] ~= '' then redis.call('SET', lease, '!' .. ARGV[2], 'PX', ARGV[1]) end
    count = count + 1
  end
end
return count
`,
)
