// The budgets of another commit against those of this tree: CPU time an operation, in runs that take turns.
//   npm run bench:against -- --commit 05510bd9
//   npm run bench:against -- --commit main~20 --rounds 15 --only redis
// The other commit is built in `.cache/against`, and its own benchmarks measure it. A figure is the median of the
// ratios of the pairs (new/old). It is worse if the interval of that median lies wholly above 1.03 (order statistics,
// 95 %). The parts are `redis`, `server`, `tiered` and `memory`. Needs redis-server on the PATH.
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { existsSync, rmSync, symlinkSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

const LIMIT = 1.03
const CLIENTS = ['node-redis 5', 'node-redis 6', 'ioredis 5', 'ioredis 6']

interface Part {
  readonly name: string
  readonly script: string
  readonly args: readonly string[]
  readonly read: (output: string) => Readonly<Record<string, number>>
}

const { values: options } = parseArgs({
  options: {
    commit: { type: 'string' },
    rounds: { type: 'string', default: '15' },
    only: { type: 'string', default: '' },
  },
})
if (options.commit === undefined) throw new Error('--commit names the commit to compare with')
const here = resolve(import.meta.dirname, '..')
const there = resolve(here, '.cache/against')

prepare(options.commit)
const port = await freePort()
const server = spawn('redis-server', ['--port', String(port), '--save', '', '--appendonly', 'no'], {
  stdio: 'ignore',
})
process.on('exit', () => server.kill())
const isPinned = spawnSync('taskset', ['-cp', '0', String(server.pid)]).status === 0

const parts: readonly Part[] = [
  ...CLIENTS.map((client) => ({
    name: `redis, ${client}`,
    script: 'bench/redis/worker.ts',
    args: [`Cachette on ${client}`, String(port), '100', '50'],
    read: (output: string) => JSON.parse(output) as Record<string, number>,
  })),
  { name: 'server', script: 'bench/redis/main.ts', args: ['--server'], read: rowsOf },
  ...['no tags', 'two tags'].map((kind) => ({
    name: `tiered, ${kind}`,
    script: 'bench/tiered/local-worker.ts',
    args: ['tiered', kind, 'root'],
    read: (output: string) => ({ hit: Number(output) }),
  })),
  {
    name: 'memory, 10,000 entries',
    script: 'bench/memory/worker.ts',
    args: ['BoundedMap', '10000'],
    read: (output) => numbersOf(JSON.parse(output) as Record<string, unknown>),
  },
  {
    name: 'memory, awaited',
    script: 'bench/memory/async-worker.ts',
    args: ['MemoryCache'],
    read: (output) => numbersOf(JSON.parse(output) as Record<string, unknown>),
  },
]

let worse = 0
for (const part of parts) {
  if (!part.name.startsWith(options.only)) continue
  const ratios = new Map<string, number[]>()
  for (let round = 0; round < Number(options.rounds); round++) {
    // The order changes, because the second of a pair may run on a warmer machine.
    const pair = round % 2 === 0 ? [there, here] : [here, there]
    const figures = new Map(pair.map((root) => [root, part.read(run(root, part))]))
    for (const [row, us] of Object.entries(figures.get(here)!)) {
      const old = figures.get(there)![row]
      if (old === undefined) continue
      ratios.set(row, [...(ratios.get(row) ?? []), us / old])
    }
  }
  console.log(`\n${part.name}: new / old, and the interval of the median`)
  for (const [row, list] of ratios) {
    const { median, from, to } = summary(list)
    const verdict = from > LIMIT ? '  WORSE' : ''
    if (verdict !== '') worse++
    console.log(`  ${row.padEnd(28)} ${median.toFixed(3)}  ${from.toFixed(3)} to ${to.toFixed(3)}${verdict}`)
  }
}
console.log(worse === 0 ? `\nnothing is worse by more than ${LIMIT}` : `\n${worse} worse`)
process.exitCode = worse === 0 ? 0 : 1
// The server would keep this process alive.
server.kill()

/** Builds the other commit beside this tree, with the packages of this one, and builds this tree. */
function prepare(commit: string): void {
  if (existsSync(there)) {
    ok(spawnSync('git', ['worktree', 'remove', '--force', there], { cwd: here }))
    rmSync(there, { recursive: true, force: true })
  }
  ok(spawnSync('git', ['worktree', 'add', '--detach', '--force', there, commit], { cwd: here }))
  symlinkSync(resolve(here, 'node_modules'), resolve(there, 'node_modules'))
  for (const root of [here, there]) {
    ok(spawnSync('npm', ['run', 'build'], { cwd: root, encoding: 'utf8' }))
    const install = ['ci', '--prefix', 'bench/redis', '--no-fund', '--no-audit']
    ok(spawnSync('npm', install, { cwd: root, encoding: 'utf8' }))
  }
}

function ok(done: SpawnSyncReturns<string | Buffer>): void {
  if (done.status !== 0) throw new Error(`${String(done.stdout)}${String(done.stderr)}`)
}

function run(root: string, { script, args }: Part): string {
  const command = [process.execPath, '--import', 'tsx', resolve(root, script), ...args]
  // Only a worker beside the server has a core of its own.
  const isAlone = isPinned && script.endsWith('redis/worker.ts')
  const [first, ...rest] = isAlone ? ['taskset', '-c', '1', ...command] : command
  const done = spawnSync(first!, rest, { cwd: root, encoding: 'utf8' })
  ok(done)
  return done.stdout
}

/** Reads rows such as `acquire   16.1 (1.71 GET, 1.6)`. The figure is the ratio, because GET is of the same run. */
function rowsOf(output: string): Record<string, number> {
  const rows: Record<string, number> = {}
  for (const [, name, ratio] of output.matchAll(/^(\S.*?)\s+[\d.]+ \(([\d.]+) [GS]ET, /gm))
    rows[name!] = Number(ratio)
  return rows
}

function numbersOf(row: Readonly<Record<string, unknown>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(row).filter((each): each is [string, number] => typeof each[1] === 'number'),
  )
}

/** Returns the median and the interval that holds it with 95 %, by order statistics of a binomial of one half. */
function summary(values: readonly number[]): { median: number; from: number; to: number } {
  const sorted = [...values].sort((a, b) => a - b)
  const count = sorted.length
  let [tail, term, rank] = [0, 0.5 ** count, 0]
  while (rank < Math.floor(count / 2) && tail + term <= 0.025) {
    tail += term
    rank++
    term = (term * (count - rank + 1)) / rank
  }
  const low = Math.max(0, rank - 1)
  return { median: sorted[Math.floor((count - 1) / 2)]!, from: sorted[low]!, to: sorted[count - 1 - low]! }
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address() as AddressInfo
      probe.close(() => done(free))
    })
  })
}
