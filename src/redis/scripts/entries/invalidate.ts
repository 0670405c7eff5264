import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'
import { frame, header, log, rowVersion } from '../parts.ts'

// A script that invalidates entries. `change` is the part that changes one that is not newer than the row version.
function invalidation(name: string, change: string): Script {
  return script(
    name,
    log,
    frame,
    header,
    rowVersion,
    `
local result, at = { epoch }, 5
for key = 3, #KEYS, 3 do
  local value, lease, floor = KEYS[key], KEYS[key + 1], KEYS[key + 2]
  local version, outcome = ARGV[at + 1], { 2, '' }
  if version == '' or not isOutdated(value, floor, version) then
    local before = headerOf(value)
    outcome = { before == '' and 0 or 1, before or '' }
    ${change}
    if version ~= '' then redis.call('SET', floor, version, 'PX', 60000) end
  end
  append('k', string.sub(value, ARGV[5] + 1))
  result[#result + 1] = outcome
  result[#result + 1] = head(true)
  at = at + 1
end
commit()
return result
`,
  )
}

/**
 * Removes entries and voids their leases. Programs in other languages call this script, too
 * (docs/redis-invalidate.lua).
 *
 * KEYS: sequence, log; for each key: value, lease, floor.
 * ARGV: partition, unique text, channel, limit, bytes before the key in the name of a value; for each key: the row
 * version that it is to have at least for a minute (16 digits) or ''.
 * Result: epoch or ''; for each key: a list of 1 there was one, 0 there was none, 2 outdated, and the header of the old
 * entry or ''; head. An outdated removal is logged, too, because a node may keep an entry that is older than both.
 * O(1) for each key.
 */
export const remove: Script = invalidation('delete', "redis.call('UNLINK', value, lease)")

/**
 * Makes entries stale and voids their leases. A fresh entry lives for its grace from now on. One without grace is
 * removed.
 *
 * KEYS, ARGV, result: as for `delete`. O(1) for each key.
 */
export const stale: Script = invalidation(
  'stale',
  `local grace = before and graceOf(before) or 0
    if grace == 0 then
      redis.call('UNLINK', value, lease)
    else
      redis.call('UNLINK', lease)
      local left = redis.call('PTTL', value)
      if left == -1 or left > grace then redis.call('PEXPIRE', value, string.format('%.0f', math.min(grace, 4503599627370496))) end
    end`,
)
