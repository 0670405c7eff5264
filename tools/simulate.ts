// Runs seeded worlds on all cores and judges them. `--seed` replays one and shows its events.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { FAULT_MIXES } from '../simulator/world/mixes.ts'
import { timeline } from '../simulator/world/timeline.ts'
import { runOnAllCores } from './simulation/pool.ts'
import { Progress } from './simulation/progress.ts'
import {
  add,
  emptyTally,
  POLICIES,
  runWorld,
  type Batch,
  type Policy,
  type Tally,
} from './simulation/runs.ts'

const USAGE = `Usage: npm run simulate -- [options]

  --seeds N              worlds of each policy and mix (default 200)
  --minutes N            begins no more worlds after N minutes (default 60; fractions allowed), and says how many it left out
  --from N               the first seed (default 1)
  --mix NAME             only this mix of faults: ${Object.keys(FAULT_MIXES).join(', ')}
  --policy NAME          only this policy: ${POLICIES.join(', ')}
  --seed N               replays one world (of --mix and --policy) and shows what happened around a violation
  --full                 with --seed: shows everything
  --json FILE            writes the figures to a file as well
  --help                 shows this

Ends with 1 when a world violates an invariant, with 2 when it was called wrongly.`

const BATCH = 10

class UsageError extends Error {}

interface Arguments {
  readonly seeds: number
  readonly from: number
  readonly minutes: number
  readonly mixes: readonly string[]
  readonly policies: readonly Policy[]
  readonly seed: number | undefined
  readonly full: boolean
  readonly json: string | undefined
}

function readArguments(): Arguments | undefined {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '200' },
      from: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '60' },
      mix: { type: 'string' },
      policy: { type: 'string' },
      seed: { type: 'string' },
      full: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  return {
    seeds: wholeNumber('--seeds', values.seeds, 1),
    from: wholeNumber('--from', values.from, 0),
    minutes: minutesOf(values.minutes),
    mixes: chosen('--mix', values.mix, Object.keys(FAULT_MIXES)),
    policies: chosen('--policy', values.policy, POLICIES),
    seed: values.seed === undefined ? undefined : wholeNumber('--seed', values.seed, 0),
    full: values.full,
    json: values.json,
  }
}

function wholeNumber(flag: string, text: string, least: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least) return number
  throw new UsageError(`${flag}: '${text}' is not a whole number from ${least}`)
}

function minutesOf(text: string): number {
  if (/^\d+(?:\.\d+)?$/.test(text) && Number(text) > 0) return Number(text)
  throw new UsageError(`--minutes: '${text}' is not a number of minutes above 0`)
}

function chosen<T extends string>(flag: string, name: string | undefined, names: readonly T[]): readonly T[] {
  if (name === undefined) return names
  const match = names.find((candidate) => candidate === name)
  if (match !== undefined) return [match]
  throw new UsageError(`${flag}: '${name}' is none of ${names.join(', ')}`)
}

function replayCommand({ mix, policy }: Tally, seed: number): string {
  return `npm run simulate -- --seed ${seed} --mix '${mix}' --policy ${policy}`
}

async function replay({ mixes, policies, full }: Arguments, seed: number): Promise<number> {
  let violations = 0
  for (const policy of policies) {
    for (const mix of mixes) {
      const report = await runWorld({ mix, policy }, seed, true)
      violations += report.violations.length
      console.log(`seed ${seed}, ${mix}, ${policy}: ${report.violations.length} violations`)
      const lines = timeline(report, { full })
      if (full || report.violations.length > 0) console.log(lines)
    }
  }
  return violations
}

async function simulate({ seeds, from, minutes, mixes, policies, json }: Arguments): Promise<number> {
  const tallies = policies.flatMap((policy) => mixes.map((mix) => emptyTally({ mix, policy })))
  const batches: Batch[] = []
  for (let start = 0; start < seeds; start += BATCH) {
    for (const { mix, policy } of tallies)
      batches.push({ mix, policy, firstSeed: from + start, seeds: Math.min(BATCH, seeds - start) })
  }
  const worlds = seeds * tallies.length
  const progress = new Progress(worlds)
  const endMs = performance.now() + minutes * 60_000
  await runOnAllCores<Batch, Tally>(
    new URL('simulation/worker.ts', import.meta.url),
    batches,
    (part) => {
      add(
        tallies.find(({ mix, policy }) => mix === part.mix && policy === part.policy)!,
        part,
      )
      progress.step(part.seeds, part.violations)
      for (const { seed, what } of part.failures)
        progress.report(`${part.policy}, ${part.mix}, seed ${seed}: ${what}`)
    },
    () => performance.now() < endMs,
  )
  progress.end()
  const done = tallies.reduce((sum, tally) => sum + tally.seeds, 0)
  if (done < worlds)
    console.log(`${worlds - done} worlds were left out: the ${minutes} minutes were over (--minutes)`)
  console.log(tableOf(tallies))
  const violations = tallies.reduce((sum, tally) => sum + tally.violations, 0)
  for (const tally of tallies) {
    const [first] = tally.failures
    if (first === undefined) continue
    console.log(
      `\n${tally.policy}, ${tally.mix}: ${tally.failures.length} seeds, the first ${first.seed}: ${first.what}`,
    )
    console.log(`  ${replayCommand(tally, first.seed)}`)
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(tallies, undefined, 2)}\n`)
  return violations
}

function tableOf(tallies: readonly Tally[]): string {
  const head = [
    'policy',
    'mix',
    'seeds',
    'reads',
    'loads',
    'local hits',
    'fills refused',
    'faults',
    'violations',
  ]
  const count = (number: number): string => number.toLocaleString('en')
  const table = new Table({
    head,
    colAligns: head.map((_, index) => (index < 2 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  })
  for (const tally of tallies) {
    const { seeds, reads, loads, localHits, refusedFills, faults, violations } = tally
    const counts = [seeds, reads, loads, localHits, refusedFills, faults, violations].map(count)
    table.push([tally.policy, tally.mix, ...counts])
  }
  return table.toString()
}

try {
  const given = readArguments()
  if (given === undefined) console.log(USAGE)
  else {
    const violations = given.seed === undefined ? await simulate(given) : await replay(given, given.seed)
    process.exitCode = violations === 0 ? 0 : 1
  }
} catch (error) {
  const isUsage =
    error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true
  if (!isUsage) throw error
  console.error(`${(error as Error).message}\n\n${USAGE}`)
  process.exitCode = 2
}
