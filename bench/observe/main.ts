// The cost of observing to an awaited hit in memory: of observers in hits of a cache that nobody observes, of the hook, the
// counters and the auditor that is off in hits of a cache whose code lacks them.
//   npm run bench:observe -- --rounds 7
//   npm run bench:observe -- --only auditor
// Each round is a process in which both caches take turns. The figure is the median of the rounds.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CASES, LOADS_A_SECOND } from './cases.ts'

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, only: { type: 'string', default: '' } },
})
const worker = fileURLToPath(new URL('worker.ts', import.meta.url))

interface Round {
  readonly plain: number
  readonly observed: number
  /** The loads of an auditor within the seconds of the round. */
  readonly loads?: number
  readonly seconds: number
}

function play(name: string): Round {
  const output = execFileSync(process.execPath, ['--import', 'tsx', worker, name], { encoding: 'utf8' })
  return JSON.parse(output) as Round
}

const audited = { loads: 0, seconds: 0, rounds: 0 }
const ratios = new Map(
  Object.keys(CASES)
    .filter((name) => name.includes(options.only))
    .map((name) => [name, [] as number[]]),
)
for (let round = 0; round < Number(options.rounds); round++) {
  for (const [name, list] of ratios) {
    const { plain, observed, loads, seconds } = play(name)
    list.push(observed / plain)
    if (loads === undefined) continue
    audited.loads += loads
    audited.seconds += seconds
    audited.rounds++
  }
}
console.log('CPU time of an awaited hit in memory, in hits without it: median (least, most)')
for (const [name, list] of ratios) {
  const sorted = list.toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)]!
  const { limit } = CASES[name]!
  const range = `(${sorted[0]!.toFixed(3)}, ${sorted.at(-1)!.toFixed(3)})`
  const verdict = limit === undefined ? '' : `, at most ${limit}: ${median <= limit ? 'met' : 'missed'}`
  console.log(`  ${name.padEnd(42)} ${median.toFixed(3)} ${range}${verdict}`)
  if (limit === undefined || median <= limit) continue
  console.error(`FAILED: ${name} costs more than ${limit}`)
  process.exitCode = 1
}
// Each auditor may begin with one load that it has not waited for.
if (audited.rounds === 0) process.exit()
const loads = (audited.loads - audited.rounds) / audited.seconds
const isSeldom = loads <= LOADS_A_SECOND
console.log(
  `  the auditor, loads a second ${loads.toFixed(3)} beside the first, at most ${LOADS_A_SECOND}: ${isSeldom ? 'met' : 'missed'}`,
)
if (!isSeldom) process.exitCode = 1
