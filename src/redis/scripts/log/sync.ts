import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'

/**
 * Returns the entries that were logged since a head, and gives sequence and log another day. If there is no sequence,
 * it makes one and deletes the log. The new epoch is above every earlier one by the server's clock.
 *
 * KEYS: sequence, log. ARGV: epoch that the follower knows or '', its counter; least ordinal and random of an epoch to
 * make.
 * Result: the sequence; then the entries of the log after that counter, if the epoch is the same and the log reaches
 * back so far.
 * O(n) for n entries.
 */
export const sync: Script = script(
  'sync',
  `
local sequence = redis.pcall('GET', KEYS[1])
if type(sequence) == 'table' and not string.find(sequence.err, '^WRONGTYPE') then error(sequence.err) end
local epoch, counter
if type(sequence) == 'string' then epoch, counter = string.match(sequence, '^(%d+ %S+ %d+) (%d+) %S+$') end
-- Numbers beyond the exact range of a double are none of ours.
if not epoch or #counter > 15 or #string.match(epoch, '^%d+') > 15 or #string.match(epoch, '%d+$') > 15 then
  local ordinal, time = tonumber(ARGV[3]), redis.pcall('TIME')
  if not time.err then ordinal = math.max(ordinal, time[1] * 1000 + math.floor(time[2] / 1000)) end
  local birth = string.format('%.0f', ordinal)
  sequence = birth .. ' ' .. ARGV[4] .. ' ' .. birth .. ' 0 ='
  redis.call('UNLINK', KEYS[2])
  redis.call('SET', KEYS[1], sequence, 'PX', 86400000)
  return { sequence }
end
redis.call('PEXPIRE', KEYS[1], 86400000)
redis.call('PEXPIRE', KEYS[2], 86400000)
local count = tonumber(counter) - tonumber(ARGV[2])
if epoch ~= ARGV[1] or count <= 0 then return { sequence } end
local length = redis.pcall('LLEN', KEYS[2])
if type(length) == 'table' then redis.call('UNLINK', KEYS[2]) end
if type(length) == 'table' or length < count then return { sequence } end
local result = redis.call('LRANGE', KEYS[2], string.format('%.0f', -count), -1)
table.insert(result, 1, sequence)
return result
`,
)
