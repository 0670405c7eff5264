import type { Script } from '../../connection/client.ts'
import { script } from '../script.ts'
import { context, log } from '../parts.ts'

/**
 * Does the work of `set` for values without a row version and with equal lifetimes. Its arguments are as few and short
 * as possible, because they are most of the cost of a write for its client.
 *
 * KEYS: sequence, log; for each entry: value, lease, floor.
 * ARGV: context; milliseconds or ''; for each entry: bytes.
 * Result: 1 if all are stored and there is no sequence; else as for `set`.
 * O(1) for each entry.
 */
export const setPlain: Script = script(
  'set-plain',
  // Without a sequence nothing more is to do, and the rest is not even defined.
  `
local px, refused, at = ARGV[2], nil, 3
local void = {}
while at < #KEYS do
  local bytes, reply = ARGV[at / 3 + 2], nil
  if px == '' then
    reply = redis.pcall('SET', KEYS[at], bytes)
  else
    reply = redis.pcall('SET', KEYS[at], bytes, 'PX', px)
  end
  if reply.err then
    refused = reply
    break
  end
  void[#void + 1] = KEYS[at + 1]
  void[#void + 1] = KEYS[at + 2]
  at = at + 3
end
if #void > 0 then redis.call('UNLINK', unpack(void)) end
if not refused and redis.call('EXISTS', KEYS[1]) == 0 then return 1 end
`,
  context,
  log,
  `
local result = { epoch }
for key = 3, #KEYS, 3 do
  local outcome, isLogged = 1, true
  if key >= at then
    if type(redis.pcall('UNLINK', KEYS[key], KEYS[key + 1])) == 'table' then
      if key == 3 then return refused end
      outcome, isLogged = refused.err, false
    else
      outcome = 0
    end
  end
  if isLogged then append('k', string.sub(KEYS[key], offset + 1)) end
  result[#result + 1] = outcome
  result[#result + 1] = isLogged and head(true) or ''
end
commit()
return result
`,
)
