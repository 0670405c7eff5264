import type { Script } from '../client.ts'
import { script } from '../script.ts'
import { FENCE_KEPT_MS, time } from './parts.ts'

/**
 * Gives a permit of a lock or semaphore if one is free and nobody has waited longer; else keeps the place in the queue.
 * The fencing number is one above the last, or the time in microseconds if that is higher, so that it climbs though the
 * state was lost. Who holds a permit already is given the same again, from now on.
 *
 * KEYS: state. ARGV: token, permits, milliseconds of the holding, milliseconds for which a place is kept (0 = none).
 * Result: 1 and the fencing number; or 0, how many wait before, milliseconds until a permit expires (0 = all are free).
 * O(n) for n holders and waiters.
 */
export const acquirePermit: Script = script(
  'acquire-permit',
  time,
  `
local token, permits, ttl, queue = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local fields = redis.call('HGETALL', KEYS[1])
local fence, ticket, held, mine, place, waiting, gone = 0, 0, 0, nil, nil, {}, {}
local first, last = nil, now
for index = 1, #fields, 2 do
  local field, value = fields[index], fields[index + 1]
  local kind = string.sub(field, 1, 1)
  if field == 'f' then
    fence = tonumber(value)
  elseif field == 't' then
    ticket = tonumber(value)
  else
    local one, other = string.match(value, '^(%d+) (%d+)$')
    local ends = tonumber(kind == 'h' and one or other)
    local isMine = string.sub(field, 2) == token
    if ends <= now then
      gone[#gone + 1] = field
    elseif kind == 'w' then
      if isMine then place = tonumber(one) else waiting[#waiting + 1] = tonumber(one) end
    else
      if isMine then mine = other end
      held = held + 1
      first = math.min(first or ends, ends)
      last = math.max(last, ends)
    end
  end
end
for _, field in ipairs(gone) do redis.call('HDEL', KEYS[1], field) end

local ahead = 0
for _, other in ipairs(waiting) do
  if not place or other < place then ahead = ahead + 1 end
end
local ends = string.format('%.0f', now + ttl)
local answer
if mine or permits - held > ahead then
  if not mine then
    mine = string.format('%.0f', math.max(fence + 1, nowUs))
    redis.call('HSET', KEYS[1], 'f', mine)
    if place then redis.call('HDEL', KEYS[1], 'w' .. token) end
  end
  redis.call('HSET', KEYS[1], 'h' .. token, ends .. ' ' .. mine)
  last = math.max(last, now + ttl)
  answer = { 1, tonumber(mine) }
else
  if queue > 0 then
    if not place then
      place = ticket + 1
      redis.call('HSET', KEYS[1], 't', string.format('%.0f', place))
    end
    redis.call('HSET', KEYS[1], 'w' .. token, string.format('%.0f %.0f', place, now + queue))
  end
  answer = { 0, ahead, first and first - now or 0 }
end
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', last - now + ${FENCE_KEPT_MS}))
return answer
`,
)
