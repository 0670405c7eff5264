// `npm run test:differential -- --calls 100000`: the same random calls on memory, Redis and tiers.
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { CLIENT_NAMES, type ClientName } from '../../real/native-clients.ts'
import { startRedis } from '../../real/servers/server.ts'
import { seenListed } from './compare.ts'
import { LISTED } from './listed.ts'
import { pairsSeen } from './pieces.ts'
import { run } from './run.ts'

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '10000' },
    client: { type: 'string', multiple: true },
    seed: { type: 'string' },
    only: { type: 'string' },
    most: { type: 'string', default: '5' },
  },
})
const seed = values.seed === undefined ? randomInt(2 ** 20) : Number(values.seed)
const clients = (values.client ?? CLIENT_NAMES) as readonly ClientName[]
for (const client of clients)
  if (!CLIENT_NAMES.includes(client)) throw new Error(`--client: one of ${CLIENT_NAMES.join(', ')}`)
const calls = Number(values.calls)
if (!(calls > 0)) throw new Error('--calls: a number above 0')

console.log(`seed ${seed}, ${clients.join(', ')}`)
const startedAt = performance.now()
await using server = await startRedis()
const [session, program] = (values.only ?? '').split(':').map(Number)
const only = values.only === undefined ? undefined : { session: session!, program: program! }
let told = 0
const result = await run({
  url: server.url,
  calls,
  seed,
  clients,
  only,
  most: Number(values.most),
  progress: (made) => {
    if (made - told < 10_000) return
    told = made
    console.log(`${made} calls in ${Math.round((performance.now() - startedAt) / 1000)} s`)
  },
  found: (difference) => console.log(`\n${difference}`),
})
const seconds = Math.round((performance.now() - startedAt) / 1000)
console.log(`\n${result.calls} calls on each engine in ${seconds} s, ${pairsSeen.size} pairs of options`)
for (const listed of LISTED)
  console.log(`listed: ${listed.name} (${listed.reason}): ${seenListed.get(listed) ?? 0} times`)
console.log(`${result.differences.length} differences that are not listed`)
process.exitCode = result.differences.length === 0 ? 0 : 1
