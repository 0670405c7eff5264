import type { Script } from '../client.ts'
import { script } from '../script.ts'
import { renewTag } from './invalidate-tags.ts'
import { loggedStamps } from './missing.ts'
import { log } from './parts.ts'

/**
 * Invalidates once more what the log lacks, and logs it under the stamp that it had.
 *
 * KEYS: sequence, log; for each operation two: value and lease of a key; record of a tag, twice; mark of a prefix, twice.
 * ARGV: partition, unique text, channel, limit, the epoch that it must have; for each operation: letter of its kind, item,
 * stamp, for a tag its new generation, for a prefix the text of the mark.
 * Result: epoch or ''; 1 done, 0 the epoch is another or a prefix was not scanned here; head.
 * O(n) for n entries of the log.
 */
export const replay: Script = script(
  'replay',
  log,
  renewTag,
  loggedStamps,
  `
if epoch ~= ARGV[5] then return { epoch, 0, '' } end
local stamps, isComplete, at = loggedStamps(KEYS[2]), 1, 5
for key = 3, #KEYS, 2 do
  local kind, item, stamp, more = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  if not stamps[stamp] then
    stamps[stamp] = true
    if kind == 't' then
      renewTag(KEYS[key], item, more, false, stamp)
    elseif kind == 'k' then
      redis.call('UNLINK', KEYS[key], KEYS[key + 1])
      append('k', item, stamp)
    elseif more ~= '' and redis.call('GET', KEYS[key]) == more then
      redis.call('UNLINK', KEYS[key])
      append('p', item, stamp)
    else
      isComplete = 0
    end
  end
  at = at + 4
end
commit()
return { epoch, isComplete, head(false) }
`,
)
