import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'
import { context, frame, log, store, tags } from '../parts.ts'

/**
 * Adds to a counter, and voids its lease. A counter is a decimal text that is bare or the body of a frame. An entry
 * that is stale or has the tags named as hidden counts as none. Only a new counter gets the ttl and is logged.
 *
 * KEYS: sequence, log, value, lease.
 * ARGV: context; the number to add; milliseconds or ''; and unless all of them are '': the header of a new counter, ''
 * = it is bare; the tags that a visible counter has, as in a header, or ''; the tags of an entry that counts as none,
 * or ''; the least and the most that a step may reach, each or ''.
 * Result: the number, if it was a bare counter and is below 1e15. Otherwise: epoch or ''; a list of 1 done, 0 it is no
 * safe integer or would become none, 3 it has other tags, and the number as text, for 3 the header; head, '' unless the
 * counter is new.
 * O(1).
 */
export const increment: Script = script(
  'increment',
  // The usual counter comes first, before the rest is even defined.
  `
local value, lease = KEYS[3], KEYS[4]
local by, px, header, wanted, hidden = tonumber(ARGV[2]), ARGV[3], ARGV[4] or '', ARGV[5] or '', ARGV[6] or ''
local min, max = tonumber(ARGV[7] or ''), tonumber(ARGV[8] or '')
local before = redis.pcall('GET', value)
if
  type(before) == 'string' and wanted == '' and hidden == '' and not min and not max and #before < 18
  and (before == '0' or string.find(before, '^-?[1-9]%d*$'))
then
  local present = tonumber(before)
  local number = present + by
  if math.max(math.abs(present), math.abs(number)) > 9007199254740991 then return { '', { 0, '' }, '' } end
  local reply = redis.pcall('INCRBY', value, ARGV[2])
  if type(reply) == 'table' then return reply end
  redis.call('UNLINK', lease)
  -- Clients misread larger integers.
  if math.abs(number) < 1e15 then return number end
  return { '', { 1, string.format('%.0f', number) }, '' }
end
`,
  frame,
  `
if type(before) == 'table' then
  if isWrongType(before) then return { '', { 0, '' }, '' } end
  return before
end
`,
  tags,
  `
-- Only the caller knows if other generations hide the entry. An entry without tags is no entry of a namespace.
local function differs(present)
  if wanted == present then return false end
  if present ~= '\\0\\0' then return true end
  local at = 3
  while at < #wanted do
    local high, low = string.byte(wanted, at, at + 1)
    if string.byte(wanted, at + 2) == 33 then return true end
    at = at + 14 + high * 256 + low
  end
  return false
end
local function step(from)
  local to = from + by
  if max and by > 0 and to > max then to = math.max(from, max) end
  if min and by < 0 and to < min then to = math.min(from, min) end
  return math.abs(to) <= 9007199254740991 and string.format('%.0f', to) or nil
end
local function isThere()
  if not before or (hidden ~= '' and tagsOf(before) == hidden) then return false end
  local grace = graceOf(before)
  if grace == 0 then return true end
  local left = redis.call('PTTL', value)
  return left == -1 or left > grace
end
if isThere() then
  local length = isFrame(before) and struct.unpack('>I4', string.sub(before, 5, 8)) or 0
  if differs(tagsOf(before)) then return { '', { 3, string.sub(before, 1, length) }, '' } end
  local text = before
  if length > 0 then
    local body, flags = string.byte(before, 2) % 16, string.byte(before, 3)
    text = (body == 2 or body == 4) and flags % 4 == 0 and string.sub(before, length + 1) or ''
  end
  local counted = #text < 18 and string.find(text, '^-?%d+$') and tonumber(text)
  local number = counted and math.abs(counted) <= 9007199254740991 and step(counted)
  if not number then return { '', { 0, '' }, '' } end
  local reply = redis.pcall('SET', value, string.sub(before, 1, length) .. number, 'KEEPTTL')
  if reply.err then return reply end
  redis.call('UNLINK', lease)
  return { '', { 1, number }, '' }
end
`,
  context,
  log,
  store,
  `
local first = step(0)
local refused = store(value, header .. first, px)
if refused then return refused end
redis.call('UNLINK', lease)
append('k', string.sub(value, offset + 1))
commit()
return { epoch, { 1, first }, head(true) }
`,
)
