import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'
import { frame, tags } from '../parts.ts'

/**
 * Returns entries that are fresh enough, and takes the leases of the others.
 *
 * KEYS: for each request: value, lease.
 * ARGV: milliseconds of a lease; for each request: token, tags of an entry that counts as none (as in a header) or '',
 * the milliseconds that an entry must be fresh for more than ('inf' = none is fresh enough), '1' = take a held lease,
 * too.
 * Result: for each request: 1 granted, 0 busy, the text of a lease key that is a cool-down ('!' and a message), or a
 * list of the entry's bytes and the milliseconds it has left (-1 = for ever).
 * O(1) for each request.
 */
export const acquire: Script = script(
  'acquire',
  // The functions that read entries are only defined if there is one, because usually there is none.
  `
local call, lasts = redis.call, ARGV[1]
local result, at = {}, 1
for key = 1, #KEYS, 2 do
  local upTo, answer = ARGV[at + 3], nil
  local bytes = upTo ~= 'inf' and redis.pcall('GET', KEYS[key])
  if bytes then
`,
  frame,
  tags,
  `
    if type(bytes) == 'table' then
      if not isWrongType(bytes) then error(bytes.err) end
    elseif ARGV[at + 2] == '' or tagsOf(bytes) ~= ARGV[at + 2] then
      local left = call('PTTL', KEYS[key])
      if left == -1 or left - graceOf(bytes) > tonumber(upTo) then answer = { bytes, left } end
    end
  end
  if not answer then
    local lease, token = KEYS[key + 1], '=' .. ARGV[at + 1]
    answer = 1
    if ARGV[at + 4] == '1' then
      call('SET', lease, token, 'PX', lasts)
    else
      local holder = redis.pcall('SET', lease, token, 'NX', 'GET', 'PX', lasts)
      if holder == token then
        call('PEXPIRE', lease, lasts)
      elseif holder then
        local first = type(holder) == 'string' and string.byte(holder)
        if type(holder) == 'table' and not string.find(holder.err, '^WRONGTYPE') then return holder end
        if (first ~= 33 and first ~= 61) or call('PTTL', lease) == -1 then
          -- The key holds no lease or cool-down of ours, because those begin with '=' or '!' and have an end.
          call('SET', lease, token, 'PX', lasts)
        else
          answer = first == 33 and holder or 0
        end
      end
    end
  end
  result[#result + 1] = answer
  at = at + 4
end
return result
`,
)
