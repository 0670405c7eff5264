import type { Script } from '../connection/client.ts'
import { script } from '../scripts/script.ts'

/**
 * Consumes, peeks at or penalises all limits of a key, by the time of the server. A single limit of gcra or a fixed
 * window has a script of its own.
 *
 * The state is text: whole numbers with spaces between them. The first is the time until which the key is blocked (0 =
 * it is not). Then comes the tally of each limit. f: begin of the window, count. g: time, level. s: number of the
 * present part of time, quantity consumed in it and in those before, for one part more than a window has. See
 * src/ratelimit/algorithms.
 *
 * KEYS: state. ARGV: for each limit 'f' fixed window, 's' sliding window or 'g' gcra, limit, milliseconds of the
 * window, burst, all with spaces between them, because one argument costs a client little; absent = consume one:
 * quantity; 'p' peek, 'x' penalty, 'b' a refusal blocks the key and forgets its counts: milliseconds.
 * Result: milliseconds of the server's clock, 1 allowed or 0, milliseconds of the block; for each limit: remaining,
 * milliseconds until the quantity is admitted (-1 = never), milliseconds until nothing counts any more.
 * O(1) for each limit. Writes only if it consumes.
 */
export const limit: Script = script(
  'limit',
  `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local quantity, mode, blockFor = tonumber(ARGV[2] or 1), ARGV[3], tonumber(ARGV[4])
if mode == 'b' then mode = nil end
local floor, ceil, max, min = math.floor, math.ceil, math.max, math.min
-- A quotient rounded up, exact for all whole numbers below 2^53.
local function up(x, by)
  local rest = x % by
  return (x - rest) / by + (rest > 0 and 1 or 0)
end
local state = redis.pcall('GET', KEYS[1])
local cells = {}
-- A state of any other form is replaced.
if type(state) == 'string' and not string.find(state, '[^%d ]') and not string.find(state, string.rep('%d', 17)) then
  for cell in string.gmatch(state, '%d+') do cells[#cells + 1] = tonumber(cell) end
end
local blocked = max(0, (cells[1] or 0) - now)
cells[1] = blocked > 0 and cells[1] or 0

local function settle(rule)
  local at, kind = rule.at, rule.kind
  local first = cells[at]
  if kind == 's' then
    local present, passed = floor(now / rule.part), 0
    if first then passed = max(0, present - first) end
    cells[at] = present
    for age = rule.parts, 0, -1 do
      cells[at + 1 + age] = (first and age >= passed) and cells[at + 1 + age - passed] or 0
    end
  elseif not first or not cells[at + 1] or cells[at + 1] == 0 then
    cells[at], cells[at + 1] = now, 0
  elseif kind == 'g' then
    if now > first then cells[at + 1] = max(0, cells[at + 1] - (now - first) * rule.limit) end
    cells[at] = now
  elseif now < first then
    cells[at] = now
  elseif now >= first + rule.window then
    cells[at], cells[at + 1] = now, 0
  end
end

local function leaves(rule, age) return (cells[rule.at] - age + rule.parts + 1) * rule.part - now end

local function stand(rule, wanted)
  local at, kind, most = rule.at, rule.kind, rule.limit
  local count = cells[at + 1]
  if kind == 'g' then
    local wait = -1
    if wanted <= rule.burst then wait = max(0, up(count - (rule.burst - wanted) * rule.window, most)) end
    return max(0, rule.burst - up(count, rule.window)), wait, up(count, most)
  elseif kind == 'f' then
    local reset = count > 0 and cells[at] + rule.window - now or 0
    if wanted > most then return max(0, most - count), -1, reset end
    return max(0, most - count), count + wanted <= most and 0 or reset, reset
  end
  local taken, reset, wait = 0, 0, 0
  for age = rule.parts, 0, -1 do
    local part = cells[at + 1 + age]
    taken = taken + part
    if part > 0 then reset = leaves(rule, age) end
  end
  local excess = taken + wanted - most
  if excess > 0 then
    wait = -1
    for age = rule.parts, 0, -1 do
      excess = excess - cells[at + 1 + age]
      if excess <= 0 then
        wait = leaves(rule, age)
        break
      end
    end
  end
  return max(0, most - taken), wait, reset
end

local rules, at, allowed = {}, 2, blocked == 0
local answer = { now, 0, blocked }
for kind, most, window, burst in string.gmatch(ARGV[1], '(%a) (%d+) (%d+) (%d+)') do
  local rule = { at = at, kind = kind, limit = tonumber(most), window = tonumber(window), burst = tonumber(burst) }
  at = at + 2
  if rule.kind == 's' then
    rule.part = ceil(rule.window / 10)
    rule.parts = ceil(rule.window / rule.part)
    at = at + rule.parts
  end
  rules[#rules + 1] = rule
  settle(rule)
  local remaining, wait, reset = stand(rule, quantity)
  if wait ~= 0 then allowed = false end
  answer[#answer + 1], answer[#answer + 2], answer[#answer + 3] = remaining, wait, reset
end
if mode == 'p' or (not mode and not allowed) then
  answer[2] = allowed and 1 or 0
  if blockFor and not allowed and blocked == 0 then
    redis.call('PSETEX', KEYS[1], blockFor, string.format('%d', now + blockFor))
    answer[3] = blockFor
    for index = 1, #rules do answer[index * 3 + 2] = 0 end
  end
  return answer
end

local ttl = blocked
allowed = blocked == 0
for index, rule in ipairs(rules) do
  local step = rule.kind == 'g' and quantity * rule.window or quantity
  cells[rule.at + 1] = min(cells[rule.at + 1] + step, 9007199254740991)
  local remaining, wait, reset = stand(rule, 1)
  if not mode then wait = 0 end
  if wait ~= 0 then allowed = false end
  ttl = max(ttl, reset)
  answer[index * 3 + 1], answer[index * 3 + 2], answer[index * 3 + 3] = remaining, wait, reset
end
for index = 1, #cells do cells[index] = string.format('%d', cells[index]) end
redis.call('PSETEX', KEYS[1], ttl, table.concat(cells, ' '))
answer[2] = allowed and 1 or 0
return answer
`,
)
