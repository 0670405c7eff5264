// npm run bench:limits: the cost of a request to a rate limiter, on the client and on the server, against
// rate-limiter-flexible on the same server and client. Read ratios: one run on one machine.
import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { startRedis } from '../../test/real/servers/server.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    requests: { type: 'string', default: '20000' },
    clients: { type: 'string', default: 'node-redis,ioredis' },
  },
})
const CLIENTS = values.clients.split(',')
const CONTENDERS = [
  'bare GET',
  'rate-limiter-flexible',
  'cachette fixed-window',
  'cachette sliding-window',
  'cachette gcra',
  'cachette gcra, two limits',
  'rate-limiter-flexible, blocked',
  'cachette, blocked',
]

interface Cost {
  readonly client: number
  readonly server: number
}

const run = promisify(execFile)
const worker = fileURLToPath(new URL('worker.ts', import.meta.url))
const server = await startRedis()
const costs = new Map<string, Cost[]>()
const trips = new Map<string, number>()

const monitor = connect(server.port, '127.0.0.1')
let seen: string[] = []
let isMarked = false
let rest = ''
monitor.on('data', (data) => {
  const lines = (rest + data.toString()).split('\r\n')
  rest = lines.pop()!
  for (const line of lines) {
    if (line.includes('"mark"')) isMarked = line.endsWith('"1"')
    // A command of a script is no round trip.
    else if (isMarked && !/\[\d+ lua\]/.test(line)) seen.push(line)
  }
})

for (let round = 0; round < Number(values.rounds); round++) {
  for (const client of CLIENTS) {
    for (const contender of CONTENDERS) {
      const name = `${client}: ${contender}`
      await server.command('FLUSHALL')
      seen = []
      if (round === 0) monitor.write('MONITOR\r\n')
      const args = ['--import', 'tsx', worker, '--client', client, '--contender', contender]
      const rest = ['--port', String(server.port), '--requests', round === 0 ? '500' : values.requests]
      const { stdout } = await run(process.execPath, [...args, ...rest])
      if (round === 0) {
        trips.set(name, seen.length / 10)
        continue
      }
      const chunks = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Cost)
      const least = (of: keyof Cost): number => Math.min(...chunks.map((chunk) => chunk[of]))
      costs.set(name, [...(costs.get(name) ?? []), { client: least('client'), server: least('server') }])
    }
  }
  // The first round only counts round trips, because watching costs the server time.
  if (round === 0) monitor.destroy()
}
await server.close()

console.log(`Node ${process.version}; microseconds of CPU a request, 50 in flight, 1,000 keys\n`)
console.log('| | round trips | client | of rate-limiter-flexible | server | of a GET |')
console.log('|---|---|---|---|---|---|')
for (const client of CLIENTS) {
  for (const contender of CONTENDERS) {
    const name = `${client}: ${contender}`
    const cost = median(name)
    const peer = median(`${client}: rate-limiter-flexible${contender.endsWith('blocked') ? ', blocked' : ''}`)
    const get = median(`${client}: bare GET`)
    const cells = [
      name,
      trips.get(name)!.toFixed(1),
      cost.client.toFixed(1),
      `${(cost.client / peer.client).toFixed(2)}x`,
      cost.server.toFixed(2),
      `${(cost.server / get.server).toFixed(2)}x`,
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
}

function median(name: string): Cost {
  const all = costs.get(name)!
  const of = (what: keyof Cost): number => {
    const sorted = all.map((cost) => cost[what]).toSorted((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)]!
  }
  return { client: of('client'), server: of('server') }
}
