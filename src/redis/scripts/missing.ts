import type { Script } from '../client.ts'
import { script } from '../script.ts'

/** `loggedStamps(log)`: a table of the stamps, or origins, of its entries. */
export const loggedStamps = `
local function loggedStamps(log)
  local stamps = {}
  for _, entry in ipairs(redis.call('LRANGE', log, 0, -1)) do
    local stamp, origin = string.match(entry, '^%d+ (%S+) %S+ %a (%S+) ')
    if stamp then stamps[origin == '=' and stamp or origin] = true end
  end
  return stamps
end
`

/**
 * Which operations a log lacks.
 *
 * KEYS: sequence, log. ARGV: the epoch that it must have; stamps.
 * Result: a list with 1 for each stamp that it lacks, 0 for the others; null = it has another epoch.
 * O(n) for n entries of the log.
 */
export const missing: Script = script(
  'missing',
  loggedStamps,
  `
if string.match(redis.call('GET', KEYS[1]) or '', '^(%d+ %S+) %d+ %S+$') ~= ARGV[1] then return false end
local stamps, result = loggedStamps(KEYS[2]), {}
for index = 2, #ARGV do result[index - 1] = stamps[ARGV[index]] and 0 or 1 end
return result
`,
)
