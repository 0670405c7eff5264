import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'
import { renewTag } from './invalidate-tags.ts'
import { log } from '../parts.ts'

/**
 * Repeats invalidations that the log has lost, and logs them with their old stamp as origin. An entry is lost if the
 * log ends below its counter, or reaches back to that counter and does not contain its stamp.
 *
 * KEYS: sequence, log; for each entry two: value and lease of a key; record of a tag, twice.
 * ARGV: partition, unique text, channel, limit, the epoch that it must have; for each entry: letter of its kind, item,
 * stamp, counter, new generation of a tag or ''.
 * Result: epoch or ''; 1 done, 0 the epoch is another; head.
 * O(n) for n entries of the log.
 */
export const replay: Script = script(
  'replay',
  log,
  renewTag,
  `
if epoch ~= ARGV[5] then return { epoch, 0, '' } end
local stamps, oldest, newest = {}, math.huge, counter
for _, entry in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
  local number, stamp, origin = string.match(entry, '^(%d+) (%S+) %S+ %a (%S+) ')
  if stamp then
    oldest = math.min(oldest, tonumber(number))
    stamps[origin == '=' and stamp or origin] = true
  end
end
local at = 5
for key = 3, #KEYS, 2 do
  local kind, item, stamp, number = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], tonumber(ARGV[at + 4])
  if not stamps[stamp] and (number > newest or number >= oldest) then
    stamps[stamp] = true
    if kind == 't' then
      renewTag(KEYS[key], item, ARGV[at + 5], false, stamp)
    else
      redis.call('UNLINK', KEYS[key], KEYS[key + 1])
      append('k', item, stamp)
    end
  end
  at = at + 5
end
commit()
return { epoch, 1, head(false) }
`,
)
