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
local function headerOf(key)
  local fixed = redis.pcall('GETRANGE', key, 0, 45)
  if type(fixed) ~= 'string' then return nil end
  if not isFrame(fixed) then return fixed end
  local length = struct.unpack('>I4', string.sub(fixed, 5, 8))
  return length == 46 and fixed or redis.call('GETRANGE', key, 0, math.min(length, 65536) - 1)
end
local function isHigher(own, version) return #own == 16 and not string.find(own, '[^0-9a-f]') and own > version end
local function isOutdated(value, floor, version)
  local fixed = redis.pcall('GETRANGE', value, 0, 45)
  if type(fixed) == 'string' and isFrame(fixed) and math.floor(string.byte(fixed, 3) / 4) % 2 == 1
    and isHigher(string.sub(fixed, 29, 44), version) then return true end
  local least = redis.pcall('GET', floor)
  return type(least) == 'string' and isHigher(least, version)
end
local result, at = { epoch }, 5
for key = 3, #KEYS, 3 do
  local value, lease, floor = KEYS[key], KEYS[key + 1], KEYS[key + 2]
  local version, outcome = ARGV[at + 1], { 2, '' }
  if version == '' or not isOutdated(value, floor, version) then
    local before = headerOf(value)
    outcome = { before == '' and 0 or 1, before or '' }
    redis.call('UNLINK', value, lease)
    if version ~= '' then redis.call('SET', floor, version, 'PX', 60000) end
  end
  append('k', string.sub(value, ARGV[5] + 1))
  result[#result + 1] = outcome
  result[#result + 1] = head(true)
  at = at + 1
end
commit()
return result
