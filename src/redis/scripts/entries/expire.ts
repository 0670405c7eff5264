import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'
import { frame, header, log } from '../parts.ts'

/**
 * Gives fresh entries another ttl. They keep their grace. A shorter ttl is logged and voids the lease.
 *
 * KEYS: sequence, log; for each key: value, lease.
 * ARGV: partition, unique text, channel, limit, bytes before the key in the name of a value; for each key: the ttl in
 * milliseconds or ''.
 * Result: epoch or ''; for each key: a list of 1 done, 0 there is no fresh entry, and its header or ''; head, '' unless
 * it was logged.
 * O(1) for each key.
 */
export const expire: Script = script(
  'expire',
  log,
  frame,
  header,
  `
local result, at = { epoch }, 5
for key = 3, #KEYS, 2 do
  local value, lease, ttl = KEYS[key], KEYS[key + 1], ARGV[at + 1]
  local before = headerOf(value)
  local left = redis.call('PTTL', value)
  local grace = before and graceOf(before) or 0
  local outcome, isLogged = { 0, '' }, false
  if before and left ~= -2 and (left == -1 or left > grace) then
    outcome = { 1, before or '' }
    if ttl == '' then
      redis.call('PERSIST', value)
    else
      local total = tonumber(ttl) + grace
      redis.call('PEXPIRE', value, string.format('%.0f', total))
      if left == -1 or total < left then
        isLogged = true
        redis.call('UNLINK', lease)
        append('k', string.sub(value, ARGV[5] + 1))
      end
    end
  end
  result[#result + 1] = outcome
  result[#result + 1] = isLogged and head(true) or ''
  at = at + 1
end
commit()
return result
`,
)
