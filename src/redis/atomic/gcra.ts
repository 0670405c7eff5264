import type { Script } from '../connection/client.ts'
import { script } from '../scripts/script.ts'

/**
 * Does the work of limit.ts for a key whose only limit is one of gcra. This is the usual case, so it has a script that
 * does nothing else and takes few arguments. The state is the same.
 *
 * KEYS: state. ARGV: limit, milliseconds of the window, burst; absent = consume one: quantity; 'p' peek, 'x' penalty.
 * Result: as for limit.ts. O(1). Writes only if it consumes.
 */
export const gcra: Script = script(
  'gcra',
  `
local limit, window, mode = ARGV[1] + 0, ARGV[2] + 0, ARGV[5]
local wanted, room = window * (ARGV[4] or 1), ARGV[3] * window
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
now = now - now % 1
local untilMs, blocked, level = 0, 0, 0
local state = redis.pcall('GET', KEYS[1])
local first, at, count
if type(state) == 'string' then first, at, count = string.match(state, '^(%d+) ?(%d*) ?(%d*)$') end
-- A state of any other form is replaced.
if first and (#first > 16 or #at > 16 or #count > 16 or (at == '' and count ~= '')) then first = nil end
if first then
  untilMs = first + 0
  if untilMs > now then blocked = untilMs - now else untilMs = 0 end
  if count ~= '' then
    level, at = count + 0, at + 0
    if now > at then
      level = level - (now - at) * limit
      if level < 0 then level = 0 end
    end
  end
end

-- A quotient rounded up, exact for all whole numbers below 2^53.
local function up(x)
  local rest = x % limit
  return (x - rest) / limit + (rest > 0 and 1 or 0)
end

local after = level + wanted
if mode ~= 'x' and (mode == 'p' or after > room or blocked > 0) then
  local free, wait = room - level, 0
  if wanted > room then
    wait = -1
  elseif after > room then
    wait = up(after - room)
  end
  local allowed = wait == 0 and blocked == 0 and 1 or 0
  local remaining = free > 0 and (free - free % window) / window or 0
  return { now, allowed, blocked, remaining, wait, up(level) }
end

if after > 9007199254740991 then after = 9007199254740991 end
local reset = up(after)
local ttl = reset > blocked and reset or blocked
redis.call('PSETEX', KEYS[1], ttl, string.format('%d %d %d', untilMs, now, after))
local free, wait = room - after, 0
if mode == 'x' and free < window then
  wait = up(window - free)
end
local allowed = wait == 0 and blocked == 0 and 1 or 0
return { now, allowed, blocked, free > 0 and (free - free % window) / window or 0, wait, reset }
`,
)
