import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'

/**
 * Writes a text under names, for an hour, before scans. After them it replaces the text by another one where it still
 * exists. In a cluster the names of all partitions are arguments, not keys, so that a server runs it for its own names
 * (docs/decisions/0051-who-did-the-scans.md).
 *
 * KEYS: names. ARGV: the text that must be there ('' = any, or none), the text to write; more names.
 * Result: the number of names written. O(1) for each name.
 */
export const mark: Script = script(
  'mark',
  `
local count = 0
local function write(name)
  if ARGV[1] ~= '' then
    local present = redis.pcall('GET', name)
    if present ~= ARGV[1] then return end
  end
  if type(redis.pcall('UNLINK', name)) == 'table' then return end
  redis.call('SET', name, ARGV[2], 'PX', 3600000)
  count = count + 1
end
for _, name in ipairs(KEYS) do write(name) end
for index = 3, #ARGV do write(ARGV[index]) end
return count
`,
)
