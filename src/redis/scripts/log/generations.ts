import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'
import { softTicks, tagRecord } from '../parts.ts'

/**
 * Returns the records of tags. A tag without a readable record gets a new one, with the place of the log, and this is
 * not logged. A record that would end before the requested time lives for that time from now on.
 *
 * KEYS: sequence; a record for each tag. ARGV: for each tag the generation that it gets if it has none, and the
 * milliseconds that its record is to live at least; '' = without an end.
 * Result: for each tag the text of its record, the milliseconds that it has left (-1 = no end), 1 if it replaces an
 * unreadable record, and the milliseconds since its last soft invalidation (-1 = none). O(1) for each tag.
 */
export const generations: Script = script(
  'generations',
  softTicks,
  tagRecord,
  `
local place
local result = {}
for index = 2, #KEYS do
  local key, given, life = KEYS[index], ARGV[index * 2 - 3], ARGV[index * 2 - 2]
  local record, isUnreadable = tagRecord(key)
  local left = life == '' and -1 or tonumber(life)
  if not record then
    if not place then
      local epoch = string.match(tostring(redis.pcall('GET', KEYS[1])), '^(%d+ %S+ %d+ %d+) %S+$')
      place = epoch and (' ' .. epoch) or ''
    end
    record = given .. place
    redis.call('UNLINK', key)
    if left == -1 then redis.call('SET', key, record) else redis.call('SET', key, record, 'PX', life) end
  else
    local present = redis.call('PTTL', key)
    if present == -1 or left ~= -1 and present >= left then left = present
    elseif left == -1 then redis.call('PERSIST', key)
    else redis.call('PEXPIRE', key, life) end
  end
  result[#result + 1] = record
  result[#result + 1] = string.format('%.0f', left)
  result[#result + 1] = isUnreadable and '1' or '0'
  local soft, ticks, rest = tonumber(string.sub(record, 17, 24), 16), nil, nil
  if soft > 0 then ticks, rest = softTicks() end
  local age = ticks and (ticks - soft) % 4294967296
  result[#result + 1] = not ticks and '-1' or string.format('%.0f', age > 2147483647 and 0 or age * 100 + rest)
end
return result
`,
)
