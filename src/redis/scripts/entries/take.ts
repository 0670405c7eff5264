import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'
import { frame, log } from '../parts.ts'

/**
 * Removes entries, voids their leases, and returns those that were fresh.
 *
 * KEYS: sequence, log; for each key: value, lease.
 * ARGV: partition, unique text, channel, limit, bytes before the key in the name of a value.
 * Result: epoch or ''; for each key: the bytes of a fresh entry or null; head.
 * O(1) for each key.
 */
export const take: Script = script(
  'take',
  log,
  frame,
  `
local result = { epoch }
for key = 3, #KEYS, 2 do
  local value, lease = KEYS[key], KEYS[key + 1]
  local left = redis.call('PTTL', value)
  local bytes = redis.pcall('GETDEL', value)
  if type(bytes) == 'table' then
    if not isWrongType(bytes) then return bytes end
    redis.call('UNLINK', value)
    bytes = false
  end
  redis.call('UNLINK', lease)
  if bytes and left ~= -1 then
    local grace = graceOf(bytes)
    if grace > 0 and left <= grace then bytes = false end
  end
  append('k', string.sub(value, ARGV[5] + 1))
  result[#result + 1] = bytes
  result[#result + 1] = head(true)
end
commit()
return result
`,
)
