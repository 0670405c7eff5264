// `npm run races`: invalidations of each kind against loads, refreshes and sets, and the same with a rule left out.
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { CLIENT_NAMES, type ClientName } from '../native-clients.ts'
import { findServers } from '../servers/find.ts'
import { startRedis } from '../servers/server.ts'
import type { Verdict } from './judge.ts'
import { INVALIDATIONS, type InvalidationKind, type Omission, type Race } from './race.ts'
import { runRace } from './run.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    engine: { type: 'string', multiple: true },
    client: { type: 'string', default: 'node-redis 6' },
    seed: { type: 'string' },
  },
})
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed)
const durationMs = Number(values.seconds) * 1000
const engines = (values.engine ?? ['redis', 'tiered']) as Race['engine'][]
const client = values.client as ClientName
if (!CLIENT_NAMES.includes(client)) throw new Error(`--client: one of ${CLIENT_NAMES.join(', ')}`)
if (!(durationMs > 0)) throw new Error('--seconds: a number above 0')

const servers = findServers()
if (servers.program === undefined) throw new Error(servers.reason)

// Elsewhere than on the node that invalidated, L1 may be behind by this much: `maxLag`.
const BOUND_MS = 3000

const OMISSIONS: readonly { readonly omission: Omission; readonly invalidation: InvalidationKind }[] = [
  { omission: 'leases', invalidation: 'key' },
  { omission: 'generations before the load', invalidation: 'tag' },
  { omission: 'second scan', invalidation: 'prefix' },
]

function isAsPromised(engine: Race['engine'], verdict: Verdict): boolean {
  if (verdict.reads === 0 || verdict.acknowledged === 0) return false
  return engine === 'redis'
    ? verdict.stale === 0
    : verdict.staleOnOwnNode === 0 && verdict.worstMs <= BOUND_MS
}

let failures = 0
await using server = await startRedis()
console.log(`seed ${seed}, ${values.seconds} s each, ${client}\n`)
console.log(
  '| engine | invalidated by | left out | reads | invalidations | stale | on the own node | oldest | |',
)
console.log('|---|---|---|---|---|---|---|---|---|')

async function race(
  engine: Race['engine'],
  invalidation: InvalidationKind,
  omission: Omission,
): Promise<void> {
  const verdict = await runRace({ engine, invalidation, omission, client, url: server.url, durationMs, seed })
  const passed = omission === 'none' ? isAsPromised(engine, verdict) : verdict.stale > 0
  if (!passed) failures += 1
  const { reads, acknowledged, stale, staleOnOwnNode, worstMs } = verdict
  const figures = [reads, acknowledged, stale, staleOnOwnNode].map((figure) => figure.toLocaleString('en-US'))
  const cells = [
    engine,
    invalidation,
    omission,
    ...figures,
    `${worstMs.toFixed(1)} ms`,
    passed ? 'ok' : 'FAILED',
  ]
  console.log(`| ${cells.join(' | ')} |`)
}

for (const engine of engines) {
  for (const invalidation of INVALIDATIONS) await race(engine, invalidation, 'none')
}
for (const { omission, invalidation } of OMISSIONS) await race('redis', invalidation, omission)
process.exitCode = failures === 0 ? 0 : 1
