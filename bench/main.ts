// `npm run bench`: every benchmark that has a budget, one after the other, and a table of measured figures, bounds and
// verdicts. Ends with 1 if a budget is missed or was not measured. `--json FILE` writes the same. `--only PART` runs one,
// and `--after FILE` takes the figures of the others from an earlier run. `--readme` names the missed ones in README.md.
// `--quick` runs few rounds, which shows that it works and measures nothing.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { PARTS, type Budget, type Part } from './budgets.ts'
import { judge, type Line } from './verdicts.ts'
import { nameMissed } from './readme.ts'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'string' },
    after: { type: 'string' },
    readme: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
})
const folder = mkdtempSync(join(tmpdir(), 'cachette-bench-'))

/** Installs the peers of a part where they are not there. */
function install({ peers }: Part): void {
  if (peers === undefined || existsSync(join(peers, 'node_modules'))) return
  spawnSync('npm', ['ci', '--prefix', peers, '--ignore-scripts', '--no-fund', '--no-audit'], {
    stdio: 'inherit',
  })
}

/** Runs a benchmark and returns the figures that it has noted. */
function measure(part: Part): ReadonlyMap<string, number> {
  const file = join(folder, `${part.name}.jsonl`)
  const args = options.quick ? [...part.args, ...part.quick] : part.args
  install(part)
  // Its own verdict is in the figures, too.
  spawnSync(process.execPath, args, {
    stdio: 'inherit',
    env: { ...process.env, CACHETTE_BENCH_FIGURES: file },
  })
  if (!existsSync(file)) return new Map()
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  return new Map(
    lines.map((line) => {
      const { name, value } = JSON.parse(line) as { name: string; value: number }
      return [name, value]
    }),
  )
}

/** Returns the lines of the run that `--after` names. */
function earlier(): readonly Line[] {
  if (options.after === undefined) return []
  return (JSON.parse(readFileSync(options.after, 'utf8')) as { readonly lines: readonly Line[] }).lines
}

const parts = PARTS.filter(({ name }) => options.only === undefined || name === options.only)
if (parts.length === 0) throw new Error(`--only: one of ${PARTS.map(({ name }) => name).join(', ')}`)
const began = performance.now()
const load = loadavg()[0]!
const lines: Line[] = earlier().filter((line) => parts.every(({ name }) => name !== line.part))
for (const part of parts) {
  const from = performance.now()
  console.log(`\n=== ${part.name}`)
  const figures = measure(part)
  lines.push(...part.budgets.map((budget: Budget) => judge(part.name, budget, figures.get(budget.figure))))
  console.log(`=== ${part.name}: ${((performance.now() - from) / 1000).toFixed(0)} s`)
}
rmSync(folder, { recursive: true })

const minutes = (performance.now() - began) / 60_000
const table = new Table({
  head: ['part', 'budget', 'measured', 'bound', ''],
  style: { head: [], border: [] },
})
for (const { part, budget, measured, bound, verdict } of lines)
  table.push([part, budget, measured?.toString() ?? '', bound, verdict])
console.log(table.toString())
const count = (verdict: Line['verdict']): number => lines.filter((line) => line.verdict === verdict).length
console.log(
  `${count('met')} met, ${count('missed')} missed, ${count('not measured')} not measured; ${minutes.toFixed(1)} min, ` +
    `load at the start ${load.toFixed(1)} on ${cpus().length} cores${options.quick ? '; a quick run measures nothing' : ''}`,
)
if (options.json !== undefined) {
  const { node } = process.versions
  const date = new Date().toISOString()
  const run = { date, node, cpu: cpus()[0]?.model, load, minutes, isQuick: options.quick, lines }
  writeFileSync(options.json, `${JSON.stringify(run, null, 2)}\n`)
}
if (options.readme) nameMissed(lines)
process.exitCode = lines.every(({ verdict }) => verdict === 'met') ? 0 : 1
