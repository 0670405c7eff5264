// `npm run docs:path`: takes the path of a new user, from an empty folder and the readme to a moved service, with the
// packed package and a server of its own. It writes the seconds of each step into docs/start.md; `-- --check` writes nothing.
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { table } from './table.ts'
import { Newcomer } from './newcomer.ts'
import { STEPS } from './steps.ts'

const PAGE = join(import.meta.dirname, '../../docs/start.md')
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })

await using newcomer = new Newcomer()
const seconds: number[] = []
for (const step of STEPS) {
  const began = performance.now()
  await step.take(newcomer)
  seconds.push((performance.now() - began) / 1000)
  console.log(`${step.name}: ${seconds.at(-1)!.toFixed(1)} s`)
}
if (!values.check) {
  const machine = `Node.js ${process.versions.node}, ${availableParallelism()} cores, load ${loadavg()[0]!.toFixed(1)}`
  writeFileSync(PAGE, table(readFileSync(PAGE, 'utf8'), STEPS, seconds, machine))
}
