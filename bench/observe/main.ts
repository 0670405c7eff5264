// The cost of observers to an awaited hit in memory, in hits of a cache that nobody observes.
//   npm run bench:observe -- --rounds 7
// Each round is a process in which both caches take turns. The figure is the median of the rounds.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CASES } from './cases.ts'

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } })
const worker = fileURLToPath(new URL('worker.ts', import.meta.url))

interface Round {
  readonly plain: number
  readonly observed: number
}

function play(name: string): Round {
  const output = execFileSync(process.execPath, ['--import', 'tsx', worker, name], { encoding: 'utf8' })
  return JSON.parse(output) as Round
}

const ratios = new Map(Object.keys(CASES).map((name) => [name, [] as number[]]))
for (let round = 0; round < Number(options.rounds); round++) {
  for (const [name, list] of ratios) {
    const { plain, observed } = play(name)
    list.push(observed / plain)
  }
}
console.log('CPU time of an awaited hit in memory, in hits without an observer: median (least, most)')
for (const [name, list] of ratios) {
  const sorted = list.toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)]!
  const { limit } = CASES[name]!
  const range = `(${sorted[0]!.toFixed(3)}, ${sorted.at(-1)!.toFixed(3)})`
  const verdict = limit === undefined ? '' : `, at most ${limit}`
  console.log(`  ${name.padEnd(42)} ${median.toFixed(3)} ${range}${verdict}`)
  if (limit === undefined || median <= limit) continue
  console.error(`FAILED: ${name} costs more than ${limit}`)
  process.exitCode = 1
}
