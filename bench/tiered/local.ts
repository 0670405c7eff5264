// CPU of an awaited hit of the local tier of TieredCache against a hit of MemoryCache, with and without tags.
//   npm run bench:tiered -- local
// Each runs in processes of its own, in rounds that take turns. A figure is the median over rounds of the least of
// several chunks. No call leaves the process. Budget: 1.5 times the hit of MemoryCache.
import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { figure } from '../figures.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' } },
  allowPositionals: true,
})
const ROUNDS = Number(values.rounds)
const BUDGET = 1.5
const NAMES = ['memory', 'tiered']
const KINDS = [
  ['no tags', 'root'],
  ['two tags', 'root'],
  ['no tags', 'namespace'],
  ['two tags', 'namespace'],
] as const

function run(name: string, kind: string, where: string): number {
  const path = fileURLToPath(new URL('local-worker.ts', import.meta.url))
  const child = spawnSync(process.execPath, ['--import', 'tsx', path, name, kind, where], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.status !== 0) throw new Error(`${name} failed`)
  return Number(child.stdout)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)]!
}

console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}`)
console.log('await get, a hit: ns of CPU (times the same hit of MemoryCache)')
let isWithin = true
for (const [kind, where] of KINDS) {
  const samples = NAMES.map((): number[] => [])
  for (let round = 0; round < ROUNDS; round++)
    for (const [index, name] of NAMES.entries()) samples[index]!.push(run(name, kind, where))
  const [memory, tiered] = samples.map(median) as [number, number]
  const ratio = tiered / memory
  isWithin &&= ratio <= BUDGET
  const what = where === 'root' ? kind : `${kind}, in a namespace`
  figure(`hit in L1, ${what}, in hits of memory`, ratio)
  const figures = [memory, tiered].map((ns) => ns.toFixed(0).padStart(4))
  console.log(`${what.padEnd(26)} memory ${figures[0]}   tiered ${figures[1]} (${ratio.toFixed(2)})`)
}
console.log(isWithin ? `within ${BUDGET}` : `NOT within ${BUDGET}`)
process.exitCode = isWithin ? 0 : 1
