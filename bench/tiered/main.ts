// CPU of an awaited hit of the local tier of TieredCache against a hit of MemoryCache, with and without tags.
//   npm run bench:tiered
// Each runs in processes of its own, in rounds that take turns; a figure is the median over rounds of the least of
// several chunks. No call leaves the process. Budget: 1.5 times the hit of MemoryCache.
import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'

const ROUNDS = 5
const BUDGET = 1.5
const NAMES = ['memory', 'tiered']

function run(name: string): Record<string, number> {
  const path = fileURLToPath(new URL('worker.ts', import.meta.url))
  const child = spawnSync(process.execPath, ['--import', 'tsx', path, name], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.status !== 0) throw new Error(`${name} failed`)
  return JSON.parse(child.stdout) as Record<string, number>
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)]!
}

const samples: Record<string, Record<string, number>[]> = {}
for (let round = 0; round < ROUNDS; round++) {
  for (const name of NAMES) (samples[name] ??= []).push(run(name))
}
const figure = (name: string, kind: string): number => median(samples[name]!.map((row) => row[kind]!))

console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}`)
console.log('await get, a hit: ns of CPU (times the same hit of MemoryCache)')
let isWithin = true
for (const kind of Object.keys(samples['memory']![0]!)) {
  const [memory, tiered] = NAMES.map((name) => figure(name, kind)) as [number, number]
  const ratio = tiered / memory
  isWithin &&= ratio <= BUDGET
  console.log(
    `${kind.padEnd(26)} memory ${memory.toFixed(0).padStart(5)}   tiered ${tiered.toFixed(0).padStart(5)} (${ratio.toFixed(2)})`,
  )
}
console.log(isWithin ? `within ${BUDGET}` : `NOT within ${BUDGET}`)
process.exitCode = isWithin ? 0 : 1
