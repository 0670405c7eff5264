import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'
import { log, softTicks, tagRecord } from '../parts.ts'

/**
 * `renewTag(key, tag, given, keepStale, origin)`: gives a tag another generation, and logs it. With `keepStale` the
 * record lives as long as before, because stale entries need it. Otherwise nothing depends on it, and it lives for a
 * minute. Nodes that need it longer ask for that. Returns its generation and the former one; '' = it had none.
 */
export const renewTag: string = `${softTicks}${tagRecord}
local function renewTag(key, tag, given, keepStale, origin)
  local record = tagRecord(key)
  local left = keepStale and record and redis.call('PTTL', key) or 60000
  redis.call('UNLINK', key)
  local random, count = string.match(keepStale and record or '', '^(%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x)(%x%x%x%x%x%x%x%x)')
  local generation = given
  if random then
    local number, ticks = tonumber(count, 16), softTicks()
    if not ticks or ticks == 0 or number > 0 and (ticks - number - 1) % 4294967296 > 2147483647 then ticks = number + 1 end
    generation = random .. string.format('%08x', ticks % 4294967296)
  end
  append('t', tag, origin)
  local place = counter and (' ' .. epoch .. ' ' .. string.format('%.0f', counter)) or ''
  if left < 0 then redis.call('SET', key, generation .. place)
  else redis.call('SET', key, generation .. place, 'PX', math.max(left, 60000)) end
  return generation, string.sub(record or '', 1, 24)
end
`

/**
 * Gives tags new generations and logs them.
 *
 * KEYS: sequence, log; a record for each tag.
 * ARGV: partition, unique text, channel, limit, '1' = a tag that has a record keeps its random part, and gets the time;
 * for each tag: the tag, the generation that it gets otherwise.
 * Result: epoch or ''; for each tag: its generation; the former one; head.
 * O(1) for each tag.
 */
export const invalidateTags: Script = script(
  'invalidate-tags',
  log,
  renewTag,
  `
local result = { epoch }
for key = 3, #KEYS do
  local at = key * 2
  local generation, former = renewTag(KEYS[key], ARGV[at], ARGV[at + 1], ARGV[5] == '1')
  result[#result + 1] = generation
  result[#result + 1] = former
  result[#result + 1] = head(true)
end
commit()
return result
`,
)
