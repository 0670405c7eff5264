import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'
import { frame, header, log, rowVersion, store, tags } from '../parts.ts'

/**
 * Stores values where there is no fresh entry, and voids the leases. A refused value changes nothing.
 *
 * KEYS: sequence, log; for each entry: value, lease, floor.
 * ARGV: partition, unique text, channel, limit, bytes before the key in the name of a value; for each entry: bytes,
 * milliseconds or '', row version (16 digits) or '', tags of an entry that counts as none (as in a header) or ''.
 * Result: epoch or ''; for each entry: 1 stored, 0 refused, 2 outdated, or a list of 3 and the header of a fresh entry;
 * head, '' if the operation is not logged. An outdated one is logged, because a node may keep an entry that is older
 * than both.
 * O(1) for each entry.
 */
export const add: Script = script(
  'add',
  log,
  frame,
  header,
  tags,
  rowVersion,
  store,
  `
local result, at = { epoch }, 5
for key = 3, #KEYS, 3 do
  local value, lease, floor = KEYS[key], KEYS[key + 1], KEYS[key + 2]
  local version, hidden, outcome, isLogged = ARGV[at + 3], ARGV[at + 4], 1, true
  local before = headerOf(value)
  if before and before ~= '' and (hidden == '' or tagsOf(before) ~= hidden) then
    local left = redis.call('PTTL', value)
    if left == -1 or left > graceOf(before) then outcome, isLogged = { 3, before }, false end
  end
  if outcome == 1 then
    if version ~= '' and isOutdated(value, floor, version) then
      outcome = 2
    elseif store(value, ARGV[at + 1], ARGV[at + 2]) then
      outcome, isLogged = 0, false
    elseif version == '' then
      redis.call('UNLINK', lease, floor)
    else
      redis.call('UNLINK', lease)
    end
  end
  if isLogged then append('k', string.sub(value, ARGV[5] + 1)) end
  result[#result + 1] = outcome
  result[#result + 1] = isLogged and head(true) or ''
  at = at + 4
end
commit()
return result
`,
)
