// CPU time of the client an operation on Redis: Cachette and its peers against the bare client with the same JSON work.
//   npm run bench:redis                        all sizes, 50 and 1 in flight
//   npm run bench:redis -- --bytes 100 --in-flight 50 --only ioredis
//   npm run bench:redis -- --server           CPU time of the server alone
// It measures the built package, because a transpiler would distort the figures.
// Needs redis-server on the PATH. Each library runs in processes of its own, in rounds that take turns. A figure is the
// median over rounds of the least of several chunks: read the ratios. The server has a core of its own if there is one.
import { spawn, spawnSync } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { figure } from '../figures.ts'
import { libraries } from './libraries.ts'
import { serverCpu } from './server-cpu.ts'

const { values: options } = parseArgs({
  options: {
    bytes: { type: 'string', default: '100,1000,100000' },
    'in-flight': { type: 'string', default: '50,1' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    server: { type: 'boolean', default: false },
    // Without the peers.
    own: { type: 'boolean', default: false },
  },
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}

const port = await freePort()
const server = spawn('redis-server', ['--port', String(port), '--save', '', '--appendonly', 'no'], {
  stdio: 'ignore',
})
process.on('exit', () => server.kill())
const pinned = spawnSync('taskset', ['-cp', '0', String(server.pid)]).status === 0

function run(name: string, bytes: string, inFlight: string): Record<string, number> {
  const path = fileURLToPath(new URL('worker.ts', import.meta.url))
  const command = [process.execPath, '--import', 'tsx', path, name, String(port), bytes, inFlight]
  const [first, ...rest] = pinned ? ['taskset', '-c', '1', ...command] : command
  const child = spawnSync(first!, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (child.status !== 0) throw new Error(`${name} failed`)
  return JSON.parse(child.stdout) as Record<string, number>
}

function median(figures: readonly number[]): number {
  return [...figures].sort((a, b) => a - b)[Math.floor((figures.length - 1) / 2)]!
}

/** Notes, for each operation, the ratio of the client library with which Cachette costs most. */
function noteFigures(figures: ReadonlyMap<string, ReadonlyMap<string, number[]>>): void {
  for (const operation of OPERATIONS) {
    const ratios = chosen.flatMap(({ name, base }) => {
      const own = figures.get(name)?.get(operation)
      const bare = figures.get(base)?.get(operation)
      return name.startsWith('Cachette') && own && bare ? [median(own) / median(bare)] : []
    })
    if (ratios.length > 0)
      figure(`client CPU, ${operation}, worst client, in the bare one`, Math.max(...ratios))
  }
}

const OPERATIONS = ['get', 'set', 'getMany(100)', 'setMany(100)', 'increment']

if (options.server || options.only === '') await serverCpu(port)

const chosen = options.server
  ? []
  : libraries.filter(
      ({ name, base }) =>
        (options.only === '' || name.includes(options.only) || base.includes(options.only)) &&
        (!options.own || name === base || name.startsWith('Cachette')),
    )

for (const bytes of options.server ? [] : options.bytes.split(',')) {
  for (const inFlight of options['in-flight'].split(',')) {
    const figures = new Map<string, Map<string, number[]>>()
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const { name } of chosen) {
        const row = figures.get(name) ?? new Map<string, number[]>()
        figures.set(name, row)
        for (const [operation, us] of Object.entries(run(name, bytes, inFlight)))
          row.set(operation, [...(row.get(operation) ?? []), us])
      }
    }
    noteFigures(figures)
    console.log(`\n${bytes} bytes, ${inFlight} in flight: µs of CPU an operation (times its bare client)`)
    console.log(''.padEnd(26) + OPERATIONS.map((operation) => operation.padStart(17)).join(''))
    for (const { name, base } of chosen) {
      const cells = OPERATIONS.map((operation) => {
        const own = figures.get(name)?.get(operation)
        const bare = figures.get(base)?.get(operation)
        if (own === undefined) return '-'.padStart(17)
        const ratio = bare === undefined ? '' : ` (${(median(own) / median(bare)).toFixed(2)})`
        return `${median(own).toFixed(1)}${ratio}`.padStart(17)
      })
      console.log(name.padEnd(26) + cells.join(''))
    }
  }
}
server.kill()
