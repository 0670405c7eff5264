import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'

/**
 * Gives a partition another epoch, if it has the given one. Sequence and log live for another day.
 *
 * KEYS: sequence, log. ARGV: epoch seen, next epoch. Result: 1 done, 0 not; the sequence, '' = there is none. O(1).
 */
export const rotate: Script = script(
  'rotate',
  `
local sequence = redis.pcall('GET', KEYS[1])
if type(sequence) ~= 'string' then sequence = '' end
local epoch, place = string.match(sequence, '^(%d+ %S+ %d+)( %d+ %S+)$')
if epoch ~= ARGV[1] then return { 0, sequence } end
sequence = ARGV[2] .. place
redis.call('UNLINK', KEYS[1])
redis.call('SET', KEYS[1], sequence, 'PX', 86400000)
redis.call('PEXPIRE', KEYS[2], 86400000)
return { 1, sequence }
`,
)
