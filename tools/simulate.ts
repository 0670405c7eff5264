// Runs simulated worlds on all cores, counts what went against an invariant, and replays one of them.
import { fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { FAULT_MIXES } from '../src/testing/simulation/mixes.ts'
import { World, type WorldReport } from '../src/testing/simulation/world.ts'

const USAGE = `npm run simulate -- [options]
  --seeds N        worlds of each mix and policy (default 200)
  --first N        the first seed (default 1)
  --mix NAME       only this mix: ${Object.keys(FAULT_MIXES).join(', ')}
  --policy NAME    only this policy: strict, available
  --seed N         one world of --mix and --policy, with its timeline
  --full           the whole timeline, not only what led to the violation
  --json FILE      the figures as JSON
  --help           this text`

const POLICIES = ['strict', 'available'] as const

/** The sums of many worlds of one mix and policy. */
export interface Cell {
  readonly mix: string
  readonly policy: (typeof POLICIES)[number]
  seeds: number
  reads: number
  loads: number
  localHits: number
  refusedFills: number
  faults: number
  violations: number
  firstFailing?: number
}

export function emptyCell(mix: string, policy: Cell['policy']): Cell {
  return {
    mix,
    policy,
    seeds: 0,
    reads: 0,
    loads: 0,
    localHits: 0,
    refusedFills: 0,
    faults: 0,
    violations: 0,
  }
}

export function addReport(cell: Cell, report: WorldReport): void {
  cell.seeds++
  for (const name of ['reads', 'loads', 'localHits', 'refusedFills', 'faults'] as const)
    cell[name] += report[name]
  cell.violations += report.violations.length
  if (report.violations.length > 0) cell.firstFailing ??= report.seed
}

function usageError(message: string): never {
  console.error(`simulate: ${message}\n\n${USAGE}`)
  process.exit(2)
}

function options() {
  try {
    return parseArgs({
      options: {
        seeds: { type: 'string', default: '200' },
        first: { type: 'string', default: '1' },
        mix: { type: 'string' },
        policy: { type: 'string' },
        seed: { type: 'string' },
        full: { type: 'boolean', default: false },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return usageError((error as Error).message)
  }
}

function whole(text: string, option: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number > 0) return number
  return usageError(`--${option}: ${text} is not a whole number above 0`)
}

async function replay(seed: number, mix: string, policy: Cell['policy'], full: boolean): Promise<number> {
  const report = await new World({ seed, faults: FAULT_MIXES[mix]!, policy, recording: true }).run()
  const [violation] = report.violations
  const untilMs = violation?.atMs ?? Infinity
  const shown = full ? report.happenings : report.happenings.filter(({ atMs }) => atMs <= untilMs).slice(-60)
  for (const { atMs, node, what } of shown)
    console.log(`${atMs.toFixed(1).padStart(9)} ms  ${node.padEnd(7)} ${what}`)
  for (const { invariant, atMs, message } of report.violations) {
    console.log(`${atMs.toFixed(1).padStart(9)} ms  ${invariant.padEnd(7)} ${message}`)
  }
  console.log(
    `${report.reads} reads, ${report.loads} loads, ${report.faults} faults, ${report.violations.length} violations`,
  )
  return report.violations.length === 0 ? 0 : 1
}

async function runAll(cells: readonly Cell[], seeds: number, first: number): Promise<Cell[]> {
  const workers = Math.min(availableParallelism(), seeds)
  const sums = cells.map((cell) => ({ ...cell }))
  const total = cells.length * seeds
  let done = 0
  let shown = 0
  const progress = (): void => {
    done++
    const percent = Math.floor((100 * done) / total)
    if (percent === shown) return
    shown = percent
    if (process.stdout.isTTY) process.stdout.write(`\r${percent} % of ${total} worlds `)
    else if (percent % 10 === 0) console.log(`${percent} % of ${total} worlds`)
  }
  const run = async (worker: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(new URL('./simulate-worker.ts', import.meta.url), { execArgv: ['--import', 'tsx'] })
      child.on('message', ({ index, report }: { index: number; report: WorldReport }) => {
        addReport(sums[index]!, report)
        progress()
      })
      child.on('error', reject)
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`))))
      child.send({ cells, seeds, first, worker, workers })
    })
  await Promise.all(Array.from({ length: workers }, (_, worker) => run(worker)))
  if (process.stdout.isTTY) process.stdout.write('\r')
  return sums
}

async function main(): Promise<number> {
  const { seeds, first, mix, policy, seed, full, json, help } = options()
  if (help) {
    console.log(USAGE)
    return 0
  }
  if (mix !== undefined && !Object.hasOwn(FAULT_MIXES, mix)) usageError(`--mix: there is no mix '${mix}'`)
  const policies = policy === undefined ? POLICIES : POLICIES.filter((name) => name === policy)
  if (policies.length === 0) usageError(`--policy: there is no policy '${policy}'`)
  if (seed !== undefined) return replay(whole(seed, 'seed'), mix ?? 'everything', policies[0]!, full)
  const mixes = mix === undefined ? Object.keys(FAULT_MIXES) : [mix]
  const cells = policies.flatMap((one) => mixes.map((name) => emptyCell(name, one)))
  const sums = await runAll(cells, whole(seeds, 'seeds'), whole(first, 'first'))
  console.table(
    sums.map(({ policy: one, mix: name, firstFailing, ...figures }) => ({
      policy: one,
      mix: name,
      ...figures,
    })),
  )
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(sums, undefined, 2)}\n`)
  const failing = sums.filter(({ violations }) => violations > 0)
  for (const { mix: name, policy: one, firstFailing } of failing) {
    console.log(`replay: npm run simulate -- --mix '${name}' --policy ${one} --seed ${firstFailing}`)
  }
  const violations = sums.reduce((sum, cell) => sum + cell.violations, 0)
  const reads = sums.reduce((sum, cell) => sum + cell.reads, 0)
  console.log(
    `${violations} violations in ${sums.reduce((sum, cell) => sum + cell.seeds, 0)} worlds, ${reads} reads`,
  )
  return violations === 0 ? 0 : 1
}

process.exitCode = await main()
