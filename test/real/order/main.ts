// `npm run test:order -- --rounds 1000`: rounds of every pair of methods, un-awaited, on every engine. A round plays each
// pair once with each kind of tags; the key has an entry before in every other round. `--tags known --tags unknown`
// leaves the other kinds out.
import { parseArgs } from 'node:util'
import { MemoryCache } from 'cachette'
import { CLIENT_NAMES, type ClientName } from '../native-clients.ts'
import { openOrder } from './engines.ts'
import { faultsOf } from './rounds.ts'
import { KINDS_OF_TAGS, PLAYS, type Play } from './plays.ts'
import { startRedis } from '../servers/server.ts'

const NAMES = ['memory', 'redis', 'tiered'] as const
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    engine: { type: 'string', multiple: true },
    client: { type: 'string', multiple: true },
    tags: { type: 'string', multiple: true },
  },
})
const rounds = Number(values.rounds)
if (!(rounds > 0)) throw new Error('--rounds: a number above 0')
const engines = (values.engine ?? NAMES) as readonly (typeof NAMES)[number][]
const clients = (values.client ?? CLIENT_NAMES) as readonly ClientName[]
const tags = (values.tags ?? KINDS_OF_TAGS) as readonly Play['tags'][]
for (const name of tags)
  if (!KINDS_OF_TAGS.includes(name)) throw new Error(`--tags: one of ${KINDS_OF_TAGS.join(', ')}`)
for (const name of engines) if (!NAMES.includes(name)) throw new Error(`--engine: one of ${NAMES.join(', ')}`)
for (const name of clients)
  if (!CLIENT_NAMES.includes(name)) throw new Error(`--client: one of ${CLIENT_NAMES.join(', ')}`)

await using server = await startRedis()
const plays = PLAYS.filter((play) => tags.includes(play.tags)).length / 2
console.log(`${plays} plays a round; the rounds of an engine are spread over ${clients.join(', ')}`)
let failures = 0
for (const engine of engines) {
  const startedAt = performance.now()
  const faults: string[] = []
  const lots = engine === 'memory' ? [undefined] : clients
  for (const [index, client] of lots.entries()) {
    const share = Math.floor(rounds / lots.length) + (index < rounds % lots.length ? 1 : 0)
    const open = async () =>
      client === undefined || engine === 'memory'
        ? { cache: new MemoryCache({ maxEntries: 1_000_000 }), [Symbol.asyncDispose]: async () => undefined }
        : openOrder(engine, client, server)
    for (const fault of await faultsOf({ rounds: share, share: 1 / 2, tags, open }))
      faults.push(`${client ?? 'memory'}: ${fault}`)
  }
  failures += faults.length
  for (const fault of faults.slice(0, 20)) console.log(fault)
  const seconds = (performance.now() - startedAt) / 1000
  console.log(`${engine}: ${rounds} rounds in ${seconds.toFixed(1)} s, ${faults.length} not as if awaited`)
}
process.exitCode = failures === 0 ? 0 : 1
