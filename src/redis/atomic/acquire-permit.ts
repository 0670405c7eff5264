import type { Script } from '../connection/client.ts'
import { script } from '../scripts/script.ts'
import { FENCE_KEPT_MS, time } from './parts.ts'

/**
 * Gives free permits of a lock or semaphore, except those for askers that have waited longer. Keeps the place of an
 * asker that wants more. An asker that was given a permit goes to the end of the queue. The fencing number is one above
 * the last, or the time in microseconds if that is higher. It therefore climbs even after the state was lost. A token
 * that holds a permit already gets the same one again, from now on.
 *
 * KEYS: state. ARGV: name of the place ('' = none), milliseconds for which it is kept, permits, 1 if the asker wants
 * more than it asks for or 0; for each permit asked for: token, milliseconds of the holding.
 * Result: number of askers that wait before, milliseconds until a permit expires (0 = all are free); for each permit
 * asked for its fencing number, 0 = not given. O(n) for n holders, waiting askers and permits asked for.
 */
export const acquirePermit: Script = script(
  'acquire-permit',
  time,
  `
local name, kept, permits, more = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local fields = redis.pcall('HGETALL', KEYS[1])
-- A state or field that can't be read is replaced, here and below.
if fields.err then
  redis.call('UNLINK', KEYS[1])
  fields = {}
end
local fence, ticket, held, place = 0, 0, 0, nil
local waiting, holding, gone = {}, {}, {}
local first, last = nil, now
for index = 1, #fields, 2 do
  local field, value = fields[index], fields[index + 1]
  local kind = string.sub(field, 1, 1)
  if field == 'f' then
    fence = tonumber(value) or 0
  elseif field == 't' then
    ticket = tonumber(value) or 0
  else
    local one, other = string.match(value, '^(%d+) (%d+)$')
    local ends = tonumber(kind == 'h' and one or other)
    local id = string.sub(field, 2)
    if not ends or ends <= now or (kind ~= 'h' and kind ~= 'w') then
      gone[#gone + 1] = field
    elseif kind == 'w' then
      if id == name then place = tonumber(one) else waiting[#waiting + 1] = tonumber(one) end
    else
      holding[id] = other
      held = held + 1
      first = math.min(first or ends, ends)
      last = math.max(last, ends)
    end
  end
end
local ahead = #waiting
if place then
  ahead = 0
  for _, other in ipairs(waiting) do
    if other < place then ahead = ahead + 1 end
  end
end
local answer, set, given, refused = { 0, 0 }, {}, false, false
local function keep(field, value) set[#set + 1], set[#set + 2] = field, value end
for index = 5, #ARGV, 2 do
  local token, ends = ARGV[index], now + ARGV[index + 1]
  local number = holding[token]
  if not number and permits - held > ahead then
    given = true
    held = held + 1
    fence = math.max(fence + 1, nowUs)
    number = string.format('%.0f', fence)
  end
  if number then
    keep('h' .. token, string.format('%.0f', ends) .. ' ' .. number)
    first = math.min(first or ends, ends)
    last = math.max(last, ends)
  else
    refused = true
  end
  answer[#answer + 1] = tonumber(number or 0)
end
if name ~= '' and (more or refused) then
  if given or not place then
    place = ticket + 1
    ahead = #waiting
    keep('t', string.format('%.0f', place))
  end
  keep('w' .. name, string.format('%.0f %.0f', place, now + kept))
elseif place then
  gone[#gone + 1] = 'w' .. name
end
if given then keep('f', string.format('%.0f', fence)) end
for _, field in ipairs(gone) do redis.call('HDEL', KEYS[1], field) end
if #set > 0 then redis.call('HSET', KEYS[1], unpack(set)) end
answer[1], answer[2] = ahead, first and first - now or 0
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', last - now + ${FENCE_KEPT_MS}))
return answer
`,
)
