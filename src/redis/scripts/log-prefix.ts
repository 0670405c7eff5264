import type { Script } from '../client.ts'
import { script } from '../script.ts'
import { log } from './parts.ts'

/**
 * Logs a prefix, if the server knows that scans have removed what it covers.
 *
 * KEYS: sequence, log, mark. ARGV: partition, unique text, channel, limit, the text of the mark, prefix.
 * Result: epoch or ''; 1 done, 0 not; head. O(1).
 */
export const logPrefix: Script = script(
  'log-prefix',
  log,
  `
if redis.call('GET', KEYS[3]) ~= ARGV[5] then return { epoch, 0, '' } end
redis.call('UNLINK', KEYS[3])
append('p', ARGV[6])
commit()
return { epoch, 1, head(true) }
`,
)
