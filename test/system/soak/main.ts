// `npm run soak`: three processes write 300,000 keys in bulk beside reads, tags, locks and limits while servers are
// killed, frozen and failed over; then what was acknowledged is looked for. `-- --calm` fails no server, but outruns
// logs and lets sequences vanish. `-- --minutes 2` is shorter.
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import Table from 'cli-table3'
import { readMessage } from '../../../src/redis/store/log/log-format.ts'
import { Peer } from '../../support/peer.ts'
import { sharedNow } from '../../support/peer-side.ts'
import { until } from '../../support/until.ts'
import type { RedisServer } from '../../real/servers/index.ts'
import { CALM, FAULTS, sentinelStage, singleStage, type Fault } from './faults.ts'
import { judge } from './judge.ts'
import type * as Node from './node.ts'
import { NODES, PREFIX, type Account, type OlderRead } from './scheme.ts'

/** Of a key that was replicated late: an answer may come before the replica has it. */
const BEFORE_A_LOSS_MS = 2000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    calm: { type: 'boolean', default: false },
    seed: { type: 'string' },
  },
})
const totalMs = Number(values.minutes) * 60_000
if (!(totalMs >= 60_000)) throw new Error('--minutes: a number of at least 1')
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed)
const { calm } = values
console.log(`seed ${seed}, ${values.minutes} minutes, ${calm ? 'no server fails' : 'servers fail'}`)

const peers: Peer<typeof Node>[] = []
const stall = async (node: number, ms: number): Promise<void> => peers[node]!.call.stall(ms)
const stage = calm ? await singleStage(stall) : await sentinelStage(stall)
const replayedAtMs = new Map<string, number>()
const listeners = stage.servers.map(listen)

function listen(server: RedisServer): Redis {
  const listener = new Redis({ host: '127.0.0.1', port: server.port })
  listener.on('error', () => undefined)
  listener.on('pmessage', (_pattern: string, _channel: string, text: string) => {
    const message = readMessage(text)
    if (message?.kind === 'key' && message.origin !== undefined) replayedAtMs.set(message.item, sharedNow())
  })
  void listener.psubscribe(`*${PREFIX}*`)
  return listener
}

for (let node = 0; node < NODES; node++)
  peers.push(new Peer<typeof Node>(new URL('node.ts', import.meta.url)))
await Promise.all(
  peers.map(async (peer, node) =>
    peer.call.open({
      node,
      client: node === 1 ? 'ioredis 5' : 'node-redis 6',
      url: stage.url,
      seed: seed + node,
      hardDeadline: calm ? 10 : 0.5,
    }),
  ),
)
const startedAtMs = sharedNow()
const failovers: [number, number][] = []
await Promise.all(peers.map(async (peer) => peer.call.start()))

async function play(fault: Fault): Promise<void> {
  await sleep(Math.max(0, startedAtMs + fault.at * totalMs - sharedNow()))
  const fromMs = sharedNow()
  await fault.play(stage)
  console.log(`${((fromMs - startedAtMs) / 1000).toFixed(0)} s: ${fault.name}`)
  if (fault.losesServer) console.log(`   for ${((sharedNow() - fromMs) / 1000).toFixed(1)} s`)
  if (fault.losesServer) failovers.push([fromMs - BEFORE_A_LOSS_MS, sharedNow() + BEFORE_A_LOSS_MS])
}
const faults = calm ? CALM : FAULTS
for (const fault of faults) await play(fault)

// Each on its own: on a busy machine a call times out now and then, and is queued anew.
await Promise.all(
  peers.map(async (peer, node) =>
    until(`the queue of process ${node} to be drained`, async () => (await peer.call.queued()) === 0, {
      timeoutMs: 60_000,
      everyMs: 20,
    }).catch(async (error: unknown) => {
      console.log(`process ${node}:`, await peer.call.state())
      throw error
    }),
  ),
)
const drainedAtMs = sharedNow()
console.log(`${((drainedAtMs - startedAtMs) / 1000).toFixed(0)} s: nothing is queued any more`)

await sleep(Math.max(0, startedAtMs + 0.8 * totalMs - sharedNow()))
const heapBefore = await Promise.all(peers.map(async (peer) => peer.call.heapBytes()))
await sleep(Math.max(0, startedAtMs + totalMs - sharedNow()))
const heapAfter = await Promise.all(peers.map(async (peer) => peer.call.heapBytes()))
const filled = await Promise.all(peers.map(async (peer) => peer.call.isFilled()))
const accounts: Account[] = await Promise.all(peers.map(async (peer) => peer.call.finish()))
const missing = await judge(stage.url, accounts, { failovers, replayedAtMs, drainedAtMs })
const sideKeys = await countSideKeys(await stage.master())

async function countSideKeys(server: RedisServer): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  let cursor = '0'
  do {
    const [next, names] = (await server.command('SCAN', cursor, 'COUNT', 10_000)) as [string, string[]]
    cursor = next
    for (const name of names) {
      const [, kind] = /!([a-z]+)/.exec(name) ?? []
      if (kind !== undefined) counts[kind] = (counts[kind] ?? 0) + 1
      if (kind === 'log')
        counts['entries of logs'] =
          (counts['entries of logs'] ?? 0) + Number(await server.command('LLEN', name))
    }
  } while (cursor !== '0')
  return counts
}

const wrong: string[] = []
const check = (what: string, isRight: boolean): void => {
  if (!isRight) wrong.push(what)
}
const table = new Table({ head: ['what', 'figure'], style: { head: [], border: [] } })
const row = (what: string, figure: string | number): unknown => table.push([what, String(figure)])

row('keys acknowledged and looked for', missing.checked)
row('missing, acknowledged after the last fault', missing.after)
for (const [cause, figure] of Object.entries(missing.before)) row(`missing from before: ${cause}`, figure)
check('something acknowledged after the last fault is missing', missing.after === 0)
check('something is missing that no cause explains', missing.before.unexplained === 0)
if (calm)
  check(
    'something is missing without a failure',
    Object.values(missing.before).every((n) => n === 0),
  )
for (const [node, { violations, olderReads, calls, lines }] of accounts.entries()) {
  row(
    `process ${node}: calls`,
    Object.entries(calls)
      .map(([name, n]) => `${name} ${n}`)
      .join(', '),
  )
  for (const [name, figure] of Object.entries(violations)) row(`process ${node}: VIOLATION: ${name}`, figure)
  check(`process ${node}: a promise was broken`, Object.keys(violations).length === 0)
  // A write that a lost server alone had is repeated as an invalidation if the log reaches back to it; bulk writes outrun
  // the log.
  const [expected, unexpected] = [true, false].map((isLost) =>
    olderReads.filter((each) => wasLost(each) === isLost),
  )
  row(`process ${node}: own keys read older, lost with a server`, expected!.length)
  row(`process ${node}: VIOLATION: own keys read older, lost with none`, unexpected!.length)
  check(`process ${node}: an own key was read older than acknowledged`, unexpected!.length === 0)
  for (const each of unexpected!.slice(0, 5)) console.log(`process ${node}:`, sinceStart(each))
  for (const [message, figure] of Object.entries(lines)) row(`process ${node}: log: ${message}`, figure)
  // Each fault is two transitions of a server at most, and there are three servers at most.
  check(
    `process ${node}: the log has a message more often than there were faults`,
    Object.values(lines).every((figure) => figure <= 2 * faults.length),
  )
  check(`process ${node}: its keys were not all written once`, filled[node]!)
  const [before, after] = [heapBefore[node]!, heapAfter[node]!]
  row(`process ${node}: heap in MB, at 80 % and at the end`, `${mb(before)}, ${mb(after)}`)
  check(`process ${node}: the heap grows`, after < before * 1.2 + 20e6)
}
for (const [kind, figure] of Object.entries(sideKeys)) row(`side keys: ${kind}`, figure)
check(
  'side keys grow',
  Object.entries(sideKeys).every(([kind, figure]) => figure <= (kind === 'entries of logs' ? 20_000 : 1000)),
)
const held = accounts.flatMap((account) => account.held).toSorted(([a], [b]) => a - b)
const overlaps = held.filter(([fromMs], at) => at > 0 && held[at - 1]![1] > fromMs).length
row('times the lock was held, of them beside another holder', `${held.length}, ${overlaps}`)
const admitted = accounts.reduce((sum, account) => sum + account.admitted, 0)
const windows = Math.ceil((sharedNow() - startedAtMs) / 1000) + 2
row('calls admitted by the limit of 50 a second, windows', `${admitted}, ${windows}`)
if (calm) {
  check('the lock had two holders', overlaps === 0)
  check('the limit admitted too many', admitted <= 50 * windows)
}
console.log(table.toString())
for (const example of missing.examples) console.log(`  ${example}`)
for (const what of wrong) console.log(`WRONG: ${what}`)
console.log(wrong.length === 0 ? 'Nothing is wrong.' : `${wrong.length} things are wrong.`)

function wasLost({ acknowledgedAtMs }: OlderRead): boolean {
  return failovers.some(([fromMs, toMs]) => acknowledgedAtMs >= fromMs && acknowledgedAtMs <= toMs)
}

function sinceStart(read: OlderRead): object {
  const ms = (atMs: number): number => Math.round(atMs - startedAtMs)
  const { atMs, acknowledgedAtMs, failedAtMs } = read
  return { ...read, atMs: ms(atMs), acknowledgedAtMs: ms(acknowledgedAtMs), failedAtMs: ms(failedAtMs) }
}

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}

for (const listener of listeners) listener.disconnect()
await Promise.all(peers.map(async (peer) => peer.kill()))
await stage.close()
process.exitCode = wrong.length === 0 ? 0 : 1
