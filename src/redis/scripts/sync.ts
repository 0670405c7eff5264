import type { Script } from '../client.ts'
import { script } from '../script.ts'

/**
 * What was logged since a head, and another day for sequence and log. Without a sequence it makes one, and deletes the
 * log.
 *
 * KEYS: sequence, log. ARGV: epoch that the follower knows or '', its counter; epoch to make.
 * Result: the sequence; then the entries of the log after that counter, if the epoch is the same.
 * O(n) for n entries.
 */
export const sync: Script = script(
  'sync',
  `
local sequence = redis.pcall('GET', KEYS[1])
local epoch, counter = string.match(type(sequence) == 'string' and sequence or '', '^(%d+ %S+) (%d+) %S+$')
if not epoch or #string.match(epoch, '^%d+') > 15 or #counter > 15 then
  redis.call('UNLINK', KEYS[2])
  sequence = ARGV[3] .. ' 0 ='
  redis.call('SET', KEYS[1], sequence, 'PX', 86400000)
  return { sequence }
end
redis.call('PEXPIRE', KEYS[1], 86400000)
redis.call('PEXPIRE', KEYS[2], 86400000)
local count = tonumber(counter) - tonumber(ARGV[2])
if epoch ~= ARGV[1] or count <= 0 then return { sequence } end
local result = redis.pcall('LRANGE', KEYS[2], string.format('%.0f', -count), -1)
if result.err then
  redis.call('UNLINK', KEYS[2])
  return { sequence }
end
table.insert(result, 1, sequence)
return result
`,
)
