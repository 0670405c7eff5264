import type { Script } from '../connection/client.ts'
import { script } from '../scripts/script.ts'

/**
 * Does the work of limit.ts for a key whose only limit is a fixed window. The state is the same.
 *
 * KEYS: state. ARGV: limit, milliseconds of the window; absent = consume one: quantity; 'p' peek, 'x' penalty.
 * Result: as for limit.ts. O(1). Writes only if it consumes.
 */
export const fixedWindow: Script = script(
  'fixed-window',
  `
local limit, window, wanted, mode = ARGV[1] + 0, ARGV[2] + 0, (ARGV[3] or 1) + 0, ARGV[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
now = now - now % 1
local untilMs, blocked, start, count = 0, 0, now, 0
local state = redis.pcall('GET', KEYS[1])
local first, at, taken
if type(state) == 'string' then first, at, taken = string.match(state, '^(%d+) ?(%d*) ?(%d*)$') end
-- A state of any other form is replaced.
if first and (#first > 16 or #at > 16 or #taken > 16 or (at == '' and taken ~= '')) then first = nil end
if first then
  untilMs = first + 0
  if untilMs > now then blocked = untilMs - now else untilMs = 0 end
  if taken ~= '' and now - at < window then
    count = taken + 0
    -- If the clock was set back, the window begins now.
    if now - at >= 0 then start = at + 0 end
  end
end

local reset = count > 0 and start + window - now or 0
if mode ~= 'x' and (mode == 'p' or count + wanted > limit or blocked > 0) then
  local wait = wanted > limit and -1 or count + wanted > limit and reset or 0
  local allowed = wait == 0 and blocked == 0 and 1 or 0
  return { now, allowed, blocked, limit > count and limit - count or 0, wait, reset }
end

count = count + wanted
if count > 9007199254740991 then count = 9007199254740991 end
reset = start + window - now
local ttl = reset > blocked and reset or blocked
redis.call('PSETEX', KEYS[1], ttl, string.format('%d %d %d', untilMs, start, count))
local wait = mode == 'x' and count >= limit and reset or 0
local allowed = wait == 0 and blocked == 0 and 1 or 0
return { now, allowed, blocked, limit > count and limit - count or 0, wait, reset }
`,
)
