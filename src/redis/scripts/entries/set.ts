import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'
import { frame, log, rowVersion, store } from '../parts.ts'

/**
 * Stores values and voids the leases. If the server refuses a value for lack of memory, this entry and all that follow
 * are invalidated instead. After its first write a script is refused nothing more.
 *
 * KEYS: sequence, log; for each entry: value, lease, floor.
 * ARGV: partition, unique text, channel, limit, bytes before the key in the name of a value; for each entry: bytes,
 * milliseconds or '', row version (16 digits) or ''.
 * Result: epoch or ''; for each entry: 1 stored, 0 refused, 2 outdated, or the text of an error; head, '' if the
 * operation is not logged. An outdated one is logged, because a node may keep an entry that is older than both.
 * O(1) for each entry.
 */
export const set: Script = script(
  'set',
  log,
  frame,
  rowVersion,
  store,
  `
local result, at, full = { epoch }, 5, nil
for key = 3, #KEYS, 3 do
  local value, lease, floor = KEYS[key], KEYS[key + 1], KEYS[key + 2]
  local version, outcome, isLogged = ARGV[at + 3], 1, true
  if version ~= '' and isOutdated(value, floor, version) then
    outcome = 2
    append('k', string.sub(value, ARGV[5] + 1))
  else
    local refused = full or store(value, ARGV[at + 1], ARGV[at + 2])
    if refused then
      if type(redis.pcall('UNLINK', value, lease)) == 'table' then
        if key == 3 then return refused end
        outcome, isLogged = refused.err, false
      else
        outcome, full = 0, refused
      end
    elseif version == '' then
      redis.call('UNLINK', lease, floor)
    else
      redis.call('UNLINK', lease)
    end
    if isLogged then append('k', string.sub(value, ARGV[5] + 1)) end
  end
  result[#result + 1] = outcome
  result[#result + 1] = isLogged and head(true) or ''
  at = at + 3
end
commit()
return result
`,
)
