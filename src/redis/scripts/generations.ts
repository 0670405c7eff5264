import type { Script } from '../client.ts'
import { script } from '../script.ts'

/**
 * The records of tags. Whatever has none gets one, with the place where the log is; it is not logged. A record lives
 * for 30 days, which begin anew at most once a day.
 *
 * KEYS: sequence; a record for each tag. ARGV: for each tag the generation that it gets if it has none.
 * Result: the text of each record. O(1) for each tag.
 */
export const generations: Script = script(
  'generations',
  `
local place
local result = {}
for index = 2, #KEYS do
  local record = redis.call('GET', KEYS[index])
  if not record then
    if not place then
      local epoch = string.match(tostring(redis.pcall('GET', KEYS[1])), '^(%d+ %S+ %d+ %d+) %S+$')
      place = epoch and (' ' .. epoch) or ''
    end
    record = ARGV[index - 1] .. place
    redis.call('SET', KEYS[index], record, 'PX', 2592000000)
  elseif redis.call('PTTL', KEYS[index]) < 2505600000 then
    redis.call('PEXPIRE', KEYS[index], 2592000000)
  end
  result[#result + 1] = record
end
return result
`,
)
