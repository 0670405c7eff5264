// The parts of Lua that several scripts begin with. In Lua 5.1 numbers are doubles, and `..` turns large ones into
// 1e+15.

/**
 * The partition's log. `KEYS[1]` sequence, `KEYS[2]` log; `ARGV[1]` partition, `ARGV[2]` a text that no other call has,
 * `ARGV[3]` channel or '', `ARGV[4]` limit. `append` notes an entry, if there is a sequence. `commit` writes sequence,
 * then log, each for another day, then publishes. A stamp is a hash of the stamp before it and of the call. Two nodes
 * with the same stamp at a counter have the same entries up to there. `head(true)` = the last entry is the caller's.
 */
export const log = `
local epoch, counter, stamp = '', nil, nil
do
  local sequence = redis.pcall('GET', KEYS[1])
  -- Without the right to read it, an operation would be acknowledged and nobody would hear of it.
  if type(sequence) == 'table' and not string.find(sequence.err, '^WRONGTYPE') then error(sequence.err) end
  -- Anything else counts as no sequence, and the next sync replaces it.
  if type(sequence) == 'string' then
    local e, c, s = string.match(sequence, '^(%d+ %S+ %d+) (%d+) (%S+)$')
    if e and #c < 16 and #string.match(e, '^%d+') < 16 then epoch, counter, stamp = e, tonumber(c), s end
  end
end
local entries = {}
local function append(kind, item, origin)
  if not counter then return end
  counter = counter + 1
  local number, previous = string.format('%.0f', counter), stamp
  stamp = string.sub(redis.sha1hex(ARGV[2] .. ' ' .. number .. ' ' .. previous), 1, 20)
  entries[#entries + 1] = number .. ' ' .. stamp .. ' ' .. previous .. ' ' .. kind .. ' ' .. (origin or '=') .. ' ' .. item
end
local function commit()
  local count, limit = #entries, tonumber(ARGV[4])
  if count == 0 then return end
  redis.call('SET', KEYS[1], epoch .. ' ' .. string.format('%.0f', counter) .. ' ' .. stamp, 'PX', 86400000)
  local length
  for first = 1, count, 1000 do
    length = redis.pcall('RPUSH', KEYS[2], unpack(entries, first, math.min(first + 999, count)))
    if type(length) == 'table' then
      redis.call('UNLINK', KEYS[2])
      length = redis.call('RPUSH', KEYS[2], unpack(entries, first, math.min(first + 999, count)))
    end
  end
  redis.call('PEXPIRE', KEYS[2], 86400000)
  if length > limit then redis.call('LTRIM', KEYS[2], -limit, -1) end
  if ARGV[3] == '' then return end
  local source = ARGV[1] .. ' ' .. epoch .. ' '
  for index = 1, count do redis.pcall('PUBLISH', ARGV[3], source .. entries[index]) end
end
local function head(isLogged)
  if not counter then return '' end
  return (isLogged and '+' or '-') .. string.format('%.0f', counter) .. ' ' .. stamp
end
`

/**
 * The arguments of `log` and `append` in one text, `ARGV[1]`: unique text, partition, limit, bytes before the key in
 * the name of a value (`offset`), channel, with blanks between. Comes before `log`.
 */
export const context = `
local unique, partition, limit, offset, channel = string.match(ARGV[1], '^(%S+) (%S+) (%d+) (%d+) (.*)$')
local ARGV = { partition, unique, channel, limit }
`

/**
 * Functions that read a frame's header (docs/wire-format.md). `isFrame(bytes)`: whether it is a frame of the version
 * known here. `graceOf(bytes)`: milliseconds, at most a hundred years. Both need the first 46 bytes.
 * `isWrongType(reply)`: whether the key holds no string.
 */
export const frame = `
local function isFrame(bytes)
  return #bytes >= 46 and string.byte(bytes) == 193 and math.floor(string.byte(bytes, 2) / 16) == 1
end
local function graceOf(bytes)
  if not isFrame(bytes) then return 0 end
  local high, low = struct.unpack('>I4I4', string.sub(bytes, 17, 24))
  return math.min(high * 4294967296 + low, 3155760000000)
end
local function isWrongType(reply)
  return type(reply) == 'table' and reply.err ~= nil and string.find(reply.err, '^WRONGTYPE') ~= nil
end
`

/**
 * `headerOf(key)`: the whole header of a framed entry, which is longer with tags and with some kinds of values; the first
 * bytes of another entry; '' = no entry; nil = no text.
 */
export const header = `
local function headerOf(key)
  local fixed = redis.pcall('GETRANGE', key, 0, 45)
  if type(fixed) ~= 'string' then return nil end
  if not isFrame(fixed) then return fixed end
  local length = struct.unpack('>I4', string.sub(fixed, 5, 8))
  return length == 46 and fixed or redis.call('GETRANGE', key, 0, math.min(length, 65536) - 1)
end
`

/** `isOutdated(value, floor, version)`: whether entry or floor has a higher row version. Texts of 16 digits compare. */
export const rowVersion = `
local function isHigher(own, version) return #own == 16 and not string.find(own, '[^0-9a-f]') and own > version end
local function isOutdated(value, floor, version)
  local fixed = redis.pcall('GETRANGE', value, 0, 45)
  if type(fixed) == 'string' and isFrame(fixed) and math.floor(string.byte(fixed, 3) / 4) % 2 == 1
    and isHigher(string.sub(fixed, 29, 44), version) then return true end
  local least = redis.pcall('GET', floor)
  return type(least) == 'string' and isHigher(least, version)
end
`

/**
 * `tagsOf(bytes)`: the tags of a header or an entry as bytes, their number first. An entry without a frame has no tags.
 */
export const tags = `
local function tagsOf(bytes)
  if not isFrame(bytes) then return '\\0\\0' end
  local at = 47
  for _ = 1, string.byte(bytes, 45) * 256 + string.byte(bytes, 46) do
    local high, low = string.byte(bytes, at, at + 1)
    if not low then break end
    at = at + 14 + high * 256 + low
  end
  return string.sub(bytes, 45, at - 1)
end
`

/** `store(value, bytes, px)`: runs SET under pcall, and returns nil or the error. '' = without an end. */
export const store = `
local function store(value, bytes, px)
  local reply
  if px == '' then reply = redis.pcall('SET', value, bytes) else reply = redis.pcall('SET', value, bytes, 'PX', px) end
  return reply.err and reply or nil
end
`

/**
 * `softTicks()`: the server's time in tenths of a second, by 32 bits, and the milliseconds since then; nil if it tells
 * none. The soft half of a generation
 * is the time of its soft invalidation, but never one that the tag has had.
 */
export const softTicks = `
local function softTicks()
  local time = redis.pcall('TIME')
  if time.err then return nil end
  local ms = time[1] * 1000 + math.floor(time[2] / 1000)
  return math.floor(ms / 100) % 4294967296, ms % 100
end
`

/** `tagRecord(key)`: the text of a tag's record, or nil; and whether the key holds something unreadable instead. */
export const tagRecord = `
local function tagRecord(key)
  local record = redis.pcall('GET', key)
  if not record then return nil, false end
  if type(record) == 'table' and not string.find(record.err, '^WRONGTYPE') then error(record.err) end
  local value, place
  if type(record) == 'string' then value, place = string.match(record, '^(%x+)(.*)$') end
  if value and #value == 24 and (place == '' or string.match(place, '^ %d+ %S+ %d+ %d+$')) then return record, false end
  return nil, true
end
`
