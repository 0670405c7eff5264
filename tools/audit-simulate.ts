// Judges the auditor of `cachette/audit` in simulated worlds, on all cores.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { FAULT_MIXES } from '../simulator/world/mixes.ts'
import { ABLATIONS } from '../test/system/simulation/ablations/index.ts'
import {
  addAudit,
  emptyAuditTally,
  type AuditBatch,
  type AuditPart,
  type AuditTally,
} from './auditing/runs.ts'
import { runOnAllCores } from './simulation/pool.ts'
import { Progress } from './simulation/progress.ts'

const PARTS: readonly AuditPart[] = ['mixes', 'rules', 'unsteady', 'intervals']
const USAGE = `Usage: npm run audit:simulate -- [options]

  --seeds N       worlds of each mix and of each rule, and runs for the intervals (default 200)
  --from N        the first seed (default 1)
  --minutes N     begins no more worlds after N minutes (default 600)
  --only PART     only this part: ${PARTS.join(', ')}
  --name NAME     only this mix, or this rule
  --json FILE     writes the figures to a file as well
  --help          shows this

mixes      every rule in force: what the auditors say of each mix of faults, and whether it is true
rules      a rule of coherence left out: the seeds with a lasting violation, and the share that is found
unsteady   loaders whose answers differ each time: none may be reported as wrong
intervals  forgotten invalidations: the share of runs whose 95 % interval has the true share in it

Ends with 1 if a finding is untrue, if fewer than 90 % of the lasting violations are found, or if fewer than 93 % of the intervals
have the truth in them; with 2 if it was called wrongly.`

const BATCH = 5
const MIXES = Object.keys(FAULT_MIXES)
const NAMES: Readonly<Record<AuditPart, readonly string[]>> = {
  mixes: MIXES,
  rules: ABLATIONS.map(({ rule }) => rule),
  unsteady: ['none', 'everything'],
  intervals: ['intervals'],
}

class UsageError extends Error {}

function wholeNumber(flag: string, text: string): number {
  if (/^\d+$/.test(text) && Number(text) > 0) return Number(text)
  throw new UsageError(`${flag}: '${text}' is not a whole number from 1`)
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '200' },
      from: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '600' },
      only: { type: 'string' },
      name: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  const { only, name, json } = values
  const seeds = wholeNumber('--seeds', values.seeds)
  const from = wholeNumber('--from', values.from)
  const minutes = wholeNumber('--minutes', values.minutes)
  if (only !== undefined && !PARTS.some((part) => part === only))
    throw new UsageError(`--only: '${only}' is none of ${PARTS.join(', ')}`)
  const tallies = PARTS.filter((part) => only === undefined || part === only).flatMap((part) =>
    NAMES[part]
      .filter((one) => name === undefined || one === name)
      .map((one) => emptyAuditTally({ part, name: one })),
  )
  if (tallies.length === 0) throw new UsageError(`--name: there is no mix or rule '${name}'`)
  await judge(tallies, seeds, from, minutes)
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(tallies, undefined, 2)}\n`)
  return report(tallies) ? 0 : 1
}

async function judge(
  tallies: readonly AuditTally[],
  seeds: number,
  from: number,
  minutes: number,
): Promise<void> {
  const batches: AuditBatch[] = []
  for (let start = 0; start < seeds; start += BATCH) {
    const count = Math.min(BATCH, seeds - start)
    for (const { part, name } of tallies) batches.push({ part, name, firstSeed: from + start, seeds: count })
  }
  const progress = new Progress(seeds * tallies.length)
  const endMs = performance.now() + minutes * 60_000
  await runOnAllCores<AuditBatch, AuditTally>(
    new URL('auditing/worker.ts', import.meta.url),
    batches,
    (done) => {
      const tally = tallies.find(({ part, name }) => part === done.part && name === done.name)!
      addAudit(tally, done)
      // Without a rule the world itself breaks promises, and the blame for that may be wrong.
      const isUntrue = done.part !== 'rules'
      progress.step(done.seeds, isUntrue ? done.falseAlarms.length : 0)
      if (isUntrue)
        for (const { seed, what } of done.falseAlarms) progress.report(`${done.name}, seed ${seed}: ${what}`)
    },
    () => performance.now() < endMs,
  )
  progress.end()
}

function report(tallies: readonly AuditTally[]): boolean {
  const verdicts = PARTS.map((part) => {
    const own = tallies.filter((tally) => tally.part === part && tally.seeds > 0)
    return own.length === 0 || SHOWN[part](own)
  })
  return verdicts.every(Boolean)
}

function tableOf(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, index) => (index === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  })
  for (const row of rows) table.push(row.map((cell) => (typeof cell === 'number' ? count(cell) : cell)))
  return table.toString()
}

function count(number: number): string {
  return number.toLocaleString('en')
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`
}

function sum(tallies: readonly AuditTally[], of: (tally: AuditTally) => number): number {
  return tallies.reduce((total, tally) => total + of(tally), 0)
}

const SHOWN: Readonly<Record<AuditPart, (own: readonly AuditTally[]) => boolean>> = {
  mixes: (own) => {
    console.log('\nEvery rule in force, every hit checked:')
    const head = [
      'mix',
      'seeds',
      'samples',
      'late',
      'not invalidated',
      'stored again',
      'not applied',
      'false alarms',
    ]
    const rows = own.map((one) => [
      one.name,
      one.seeds,
      one.samples,
      one.late,
      one.notInvalidated,
      one.storedAgain,
      one.notApplied,
      one.falseAlarms.length,
    ])
    console.log(tableOf(head, rows))
    console.log(
      'Wrong values are true findings: an invalidation waits in a process that does not reach the server, has died with it, or was lost\n' +
        'in a failover; or an older value was set last.',
    )
    return sum(own, ({ falseAlarms }) => falseAlarms.length) === 0
  },
  rules: (own) => {
    console.log('\nA rule left out, every hit checked, and at the default rate:')
    const shown = own.filter(({ lasting }) => lasting > 0)
    const rows = shown.map((one) => [
      one.name,
      one.seeds,
      one.lasting,
      one.found,
      percent(one.found, one.lasting),
      percent(one.foundAtRate, one.lastingAtRate),
    ])
    const lasting = sum(own, (one) => one.lasting)
    const found = sum(own, (one) => one.found)
    const [lastingAtRate, foundAtRate] = [
      sum(own, (one) => one.lastingAtRate),
      sum(own, (one) => one.foundAtRate),
    ]
    rows.push([
      'all',
      sum(own, ({ seeds }) => seeds),
      lasting,
      found,
      percent(found, lasting),
      percent(foundAtRate, lastingAtRate),
    ])
    console.log(tableOf(['without', 'seeds', 'lasting', 'found', 'share', 'at the default rate'], rows))
    const silent = own.filter((one) => one.lasting === 0).map(({ name }) => name)
    if (silent.length > 0) console.log(`Without a lasting violation: ${silent.join('; ')}`)
    return found >= 0.9 * lasting
  },
  unsteady: (own) => {
    const reported = sum(own, ({ falseAlarms }) => falseAlarms.length)
    const seeds = sum(own, (one) => one.seeds)
    console.log(`\nAnswers that differ each time: reported as wrong in ${reported} of ${seeds} worlds.`)
    return reported === 0
  },
  intervals: ([own]) => {
    const { covered, seeds, samples } = own!
    console.log(
      `\nThe interval has the true share in ${covered} of ${seeds} runs (${percent(covered, seeds)}), with ${count(samples / seeds)} samples each.`,
    )
    return covered >= 0.93 * seeds
  },
}

try {
  process.exitCode = await main()
} catch (error) {
  const isUsage =
    error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true
  if (!isUsage) throw error
  console.error(`${(error as Error).message}\n\n${USAGE}`)
  process.exitCode = 2
}
