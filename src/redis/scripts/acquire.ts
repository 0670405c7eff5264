import type { Script } from '../client.ts'
import { script } from '../script.ts'
import { frame, tags } from './parts.ts'

/**
 * Answers entries that are there and fresh enough, and takes the leases of the others.
 *
 * KEYS: for each request: value, lease.
 * ARGV: milliseconds of a lease; for each request: token, tags of an entry that counts as none (as in a header) or '',
 * the milliseconds that an entry must be fresh for more than ('inf' = none is fresh enough), '1' = whoever holds it.
 * Result: for each request: 1 granted, 0 busy, the text of a lease key that is a cool-down ('!' and a message), or a list
 * of the entry's bytes and the milliseconds it has left (-1 = for ever).
 * O(1) for each request.
 */
export const acquire: Script = script(
  'acquire',
  frame,
  tags,
  `
local function found(value, hidden, upTo)
  if upTo == 'inf' then return nil end
  local bytes = redis.pcall('GET', value)
  if type(bytes) == 'table' and not isWrongType(bytes) then error(bytes.err) end
  if type(bytes) ~= 'string' or (hidden ~= '' and tagsOf(bytes) == hidden) then return nil end
  local left = redis.call('PTTL', value)
  if left ~= -1 and left - graceOf(bytes) <= tonumber(upTo) then return nil end
  return { bytes, left }
end

local result, at = {}, 1
for key = 1, #KEYS, 2 do
  local lease, token = KEYS[key + 1], '=' .. ARGV[at + 1]
  local answer = found(KEYS[key], ARGV[at + 2], ARGV[at + 3])
  if not answer then
    if ARGV[at + 4] == '1' then
      redis.call('SET', lease, token, 'PX', ARGV[1])
      answer = 1
    else
      local holder = redis.call('SET', lease, token, 'NX', 'GET', 'PX', ARGV[1])
      if not holder then
        answer = 1
      elseif holder == token then
        redis.call('PEXPIRE', lease, ARGV[1])
        answer = 1
      elseif string.byte(holder) == 33 then
        answer = holder
      else
        answer = 0
      end
    end
  end
  result[#result + 1] = answer
  at = at + 4
end
return result
`,
)
