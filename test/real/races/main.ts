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

// Time by which nodes other than the invalidating one may be behind: `maxLag`.
const BOUND_MS = 3000

const OMISSIONS: readonly { readonly omission: Omission; readonly invalidation: InvalidationKind }[] = [
  { omission: 'leases', invalidation: 'key' },
  { omission: 'generations before the load', invalidation: 'tag' },
  { omission: 'second scan', invalidation: 'prefix' },
]

type Kind = Pick<Race, 'engine' | 'invalidation' | 'omission' | 'sharesLoads'>

/**
 * Whether reads are as promised. A read of the server is never stale, shared loads included. The local tier and the
 * knowledge of tags may be behind.
 */
function isAsPromised({ engine, invalidation, omission, sharesLoads }: Kind, verdict: Verdict): boolean {
  if (omission !== 'none') return verdict.stale > 0
  if (verdict.reads === 0 || verdict.acknowledged === 0) return false
  const asksTheServer = engine === 'redis' && invalidation !== 'tag' && invalidation !== 'namespace'
  if (asksTheServer) return verdict.stale === 0
  return (verdict.staleOnOwnNode === 0 || !sharesLoads) && verdict.worstMs <= BOUND_MS
}

let failures = 0
await using server = await startRedis()
console.log(`seed ${seed}, ${values.seconds} s each, ${client}\n`)
console.log(
  '| engine | loads | invalidated by | left out | reads | invalidations | stale | on the own node | oldest | |',
)
console.log('|---|---|---|---|---|---|---|---|---|---|')

async function race(kind: Kind): Promise<void> {
  const verdict = await runRace({ ...kind, client, url: server.url, durationMs, seed })
  const passed = isAsPromised(kind, verdict)
  if (!passed) failures += 1
  const { reads, acknowledged, stale, staleOnOwnNode, worstMs } = verdict
  const figures = [reads, acknowledged, stale, staleOnOwnNode].map((figure) => figure.toLocaleString('en-US'))
  const { engine, sharesLoads, invalidation, omission } = kind
  const what = [engine, sharesLoads ? 'shared' : 'alone', invalidation, omission]
  console.log(
    `| ${[...what, ...figures, `${worstMs.toFixed(1)} ms`, passed ? 'ok' : 'FAILED'].join(' | ')} |`,
  )
}

for (const engine of engines) {
  for (const invalidation of INVALIDATIONS) {
    for (const sharesLoads of engine === 'redis' ? [false, true] : [true]) {
      await race({ engine, invalidation, omission: 'none', sharesLoads })
    }
  }
}
for (const { omission, invalidation } of OMISSIONS) {
  await race({ engine: 'redis', invalidation, omission, sharesLoads: false })
}
process.exitCode = failures === 0 ? 0 : 1
