// Two tiers over Redis against peers with their buses: the cost of a write to the writing node and the server, and the
// delay until other nodes notice.
//   npm run bench:tiered -- redis
// Needs redis-server on the PATH. Each library runs in processes of its own, over a server of its own.
import { parseArgs } from 'node:util'
import { Peer } from '../../test/support/peer.ts'
import { until } from '../../test/support/until.ts'
import { startRedis, type RedisServer } from '../../test/real/servers/server.ts'
import { bareClients, libraries } from './libraries.ts'
import type * as Tasks from './node.ts'

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    writes: { type: 'string', default: '5000' },
    changes: { type: 'string', default: '200' },
    followers: { type: 'string', default: '0,1,10,100' },
    only: { type: 'string', default: '' },
  },
})
const WRITES = Number(values.writes)
const CHANGES = Number(values.changes)
const FOLLOWERS = values.followers.split(',').map(Number)
const CHUNKS = 3
const KINDS = ['set', 'remove'] as const
type Kind = (typeof KINDS)[number]
type Node = Peer<typeof Tasks>

function newNode(): Node {
  return new Peer<typeof Tasks>(new URL('node.ts', import.meta.url))
}

function quantile(figures: readonly number[], of: number): number {
  return [...figures].sort((a, b) => a - b)[Math.floor((figures.length - 1) * of)]!
}

async function serverCpuUs(server: RedisServer): Promise<number> {
  const info = await server.info('cpu')
  return (Number(info.get('used_cpu_user')) + Number(info.get('used_cpu_sys'))) * 1e6
}

interface Cost {
  readonly client: number
  readonly server: number
}

/**
 * Returns the microseconds of CPU of the writing process and of the server for each write: the least of several chunks.
 */
async function costOf(server: RedisServer, writer: Node, kind: Kind): Promise<Cost> {
  await writer.call.write(kind, WRITES / 5)
  const costs: Cost[] = []
  for (let tries = 0; costs.length < CHUNKS && tries < 5 * CHUNKS; tries++) {
    if (kind === 'remove') await writer.call.write('set', 200)
    const before = await serverCpuUs(server)
    const { client, failed } = await writer.call.write(kind, WRITES)
    // A write that failed for want of an answer in time costs little.
    if (failed === 0) costs.push({ client, server: ((await serverCpuUs(server)) - before) / WRITES })
  }
  return {
    client: Math.min(...costs.map(({ client }) => client)),
    server: Math.min(...costs.map((one) => one.server)),
  }
}

/**
 * Returns the server's reads from sockets for each of a row of writes. It is one for each write that waits for no
 * other.
 */
async function requestsOf(server: RedisServer, writer: Node, kind: Kind): Promise<number> {
  const reads = async (): Promise<number> => Number((await server.info('stats')).get('total_reads_processed'))
  const before = await reads()
  await writer.call.writeInTurn(kind, WRITES)
  return ((await reads()) - before) / WRITES
}

interface Delays {
  readonly delays: readonly number[]
  readonly answers: readonly number[]
  /** Times of a PING of the same process, at the same pace. */
  readonly pings: readonly number[]
}

/**
 * Returns the milliseconds from the call of a write until a read of another node begins that does not see the old
 * value.
 */
async function delaysOf(port: number, writer: Node, follower: Node, kind: Kind): Promise<Delays> {
  const delays: number[] = []
  const answers: number[] = []
  const pings: number[] = []
  for (let version = 1; version <= CHANGES; version++) {
    const key = `watched ${kind}`
    await writer.call.change('set', key, version, port)
    await follower.call.hold(key, version)
    const before = follower.events.length
    const gone = follower.call.watch(key, version)
    await until('the follower to watch', () => follower.events.length > before, { everyMs: 1 })
    const changed = await writer.call.change(kind, key, version + 1, port)
    const { calledAtMs, answeredAtMs, pingMs } = changed
    delays.push(Math.max(0, (await gone) - calledAtMs))
    answers.push(answeredAtMs - calledAtMs)
    pings.push(pingMs)
  }
  return { delays, answers, pings }
}

const chosen = Object.keys(libraries).filter((name) => name.includes(values.only))
console.log(`Node ${process.version}; µs of CPU a write, 50 under way`)
console.log(
  ['library'.padEnd(26), 'followers', ...KINDS.flatMap((kind) => [`${kind}: node`, 'server'])].join(' | '),
)

function row(name: string, followers: string, costs: readonly Cost[]): string {
  const cells = costs.flatMap(({ client, server }) => [
    client.toFixed(0).padStart(9),
    server.toFixed(1).padStart(6),
  ])
  return [name.padEnd(26), followers.padStart(9), ...cells].join(' | ')
}

for (const name of Object.keys(bareClients)) {
  await using server = await startRedis()
  await using writer = newNode()
  await writer.call.open(name, server.port, 1)
  const costs: Cost[] = []
  for (const kind of KINDS) costs.push(await costOf(server, writer, kind))
  console.log(row(name, '', costs))
}

const delayRows: string[] = []
for (const name of chosen) {
  await using server = await startRedis()
  await using writer = newNode()
  await using follower = newNode()
  await writer.call.open(name, server.port, 1)
  let following = 0
  for (const followers of FOLLOWERS) {
    if (followers > following) await follower.call.open(name, server.port, followers - following)
    following = followers
    const costs: Cost[] = []
    for (const kind of KINDS) costs.push(await costOf(server, writer, kind))
    console.log(row(name, String(followers), costs))
    if (followers !== 1) continue
    for (const kind of KINDS) {
      const { delays, answers, pings } = await delaysOf(server.port, writer, follower, kind)
      const roundTrip = quantile(pings, 0.5)
      const requests = await requestsOf(server, writer, kind)
      const trips = (figures: readonly number[], of: number): string =>
        (quantile(figures, of) / roundTrip).toFixed(1).padStart(6)
      const figures = [trips(delays, 0.5), trips(delays, 0.99), trips(answers, 0.5), requests.toFixed(2)]
      delayRows.push(
        [name.padEnd(26), kind.padEnd(6), ...figures, `${(roundTrip * 1000).toFixed(0)} µs`].join(' | '),
      )
    }
  }
}
console.log(
  '\nFrom the call of a write until another node no longer serves the old value, in round trips (a PING)',
)
console.log(
  ['library'.padEnd(26), 'write ', 'median', '   99%', 'answered', 'requests', 'a round trip'].join(' | '),
)
for (const row of delayRows) console.log(row)
