import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'
import { log } from '../parts.ts'

/**
 * Logs that every key of a partition may have changed, if the mark on the server shows that the scans have removed all
 * of their keys.
 *
 * KEYS: sequence, log, mark. ARGV: partition, unique text, channel, limit, the text of the mark.
 * Result: epoch or ''; 1 done, 0 not; head. O(1).
 */
export const logFlush: Script = script(
  'log-flush',
  log,
  `
if redis.call('GET', KEYS[3]) ~= ARGV[5] then return { epoch, 0, '' } end
redis.call('UNLINK', KEYS[3])
append('f', '')
commit()
return { epoch, 1, head(true) }
`,
)
