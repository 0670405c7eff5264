import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'
import { frame, log, rowVersion, store } from '../parts.ts'

/**
 * Stores loaded values under their leases, and ends these. A value that replaces another one is logged.
 *
 * KEYS: sequence, log; for each entry: value, lease, floor.
 * ARGV: partition, unique text, channel, limit, bytes before the key in the name of a value; for each entry: bytes,
 * milliseconds or '', row version (16 digits) or '', token.
 * Result: epoch or ''; for each entry: 1 stored, 0 refused (an invalidation), 2 outdated, 3 the lease is not held, or
 * the text of an error; head, '' for 2 and 3.
 * O(1) for each entry.
 */
export const fill: Script = script(
  'fill',
  log,
  frame,
  rowVersion,
  store,
  `
local result, at, full = { epoch }, 5, nil
for key = 3, #KEYS, 3 do
  local value, lease, floor = KEYS[key], KEYS[key + 1], KEYS[key + 2]
  local version, outcome, isLogged = ARGV[at + 3], 1, false
  if redis.pcall('GET', lease) ~= '=' .. ARGV[at + 4] then
    outcome = 3
  elseif version ~= '' and isOutdated(value, floor, version) then
    redis.call('UNLINK', lease)
    outcome = 2
  else
    isLogged = counter and redis.call('EXISTS', value) == 1
    local refused = full or store(value, ARGV[at + 1], ARGV[at + 2])
    if not refused then
      redis.call('UNLINK', lease)
    elseif type(redis.pcall('UNLINK', value, lease)) == 'table' then
      if key == 3 then return refused end
      outcome, isLogged = refused.err, false
    else
      outcome, isLogged, full = 0, true, refused
    end
    if isLogged then append('k', string.sub(value, ARGV[5] + 1)) end
  end
  result[#result + 1] = outcome
  result[#result + 1] = (outcome == 1 or isLogged) and head(isLogged) or ''
  at = at + 4
end
commit()
return result
`,
)
