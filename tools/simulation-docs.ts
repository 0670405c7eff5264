// Writes the tables of docs/simulation.md: the results of the seeds, with every rule and without each of them, and the
// histories by name. Takes some minutes. `-- histories` writes that table alone, which takes none.
// CACHETTE_SIMULATION_SEEDS is the number of seeds, 20 unless given. CACHETTE_SIMULATION_RESULTS is a file that
// `npm run simulate -- --json FILE` has written; `with every rule` is made of that instead of new worlds.
import { readFileSync, writeFileSync } from 'node:fs'
import { FAULT_MIXES } from '../simulator/world/mixes.ts'
import type { WorldReport } from '../simulator/world/world.ts'
import { ABLATIONS, runWithout, type Ablation } from '../test/system/simulation/ablations/index.ts'
import { namedHistories } from './simulation/histories.ts'
import { add, emptyTally, POLICIES, runBatch, type Tally } from './simulation/runs.ts'

const FILE = 'docs/simulation.md'
const SEEDS = Number(process.env['CACHETTE_SIMULATION_SEEDS'] ?? 20)
const MOST_SEEDS = 150
const RESULTS = process.env['CACHETTE_SIMULATION_RESULTS']

async function rowWithout(ablation: Ablation): Promise<string> {
  const { rule, without, mix, world, unseen } = ablation
  const reports = [...(await runWithout(ablation, SEEDS))]
  const isFailure = ({ violations }: WorldReport): boolean => violations.length > 0
  // A rare violation is searched for until one is found.
  if (unseen === undefined && !reports.some(isFailure))
    reports.push(...(await runWithout(ablation, MOST_SEEDS - SEEDS, isFailure, SEEDS + 1)))
  const failed = reports.filter(isFailure)
  const counts = new Map<string, number>()
  for (const { violations } of failed)
    for (const { invariant } of violations) counts.set(invariant, (counts.get(invariant) ?? 0) + 1)
  const shown = [...counts].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
  const violations = shown
    .map(([invariant, count]) => `${invariant}: ${count.toLocaleString('en')}`)
    .join(', ')
  console.log(`${rule}: ${failed.length} of ${reports.length} seeds`)
  const [first] = failed
  const seeds =
    first === undefined ? 'a history' : `${failed.length} of ${reports.length}, first ${first.seed}`
  return `| ${rule} | ${without} | ${world?.faults === undefined ? mix : 'its own'} | ${seeds} | ${violations || '-'} |`
}

async function tableWithout(): Promise<string> {
  const rows: string[] = []
  for (const ablation of ABLATIONS) rows.push(await rowWithout(ablation))
  const unseen = ABLATIONS.filter((ablation) => ablation.unseen !== undefined)
  const titles = namedHistories()
  const historyOf = (rule: string): string =>
    titles.find(({ needs }) => needs.includes(rule))?.title ?? 'none'
  return [
    `${SEEDS} seeds each, more where none of them shows it; policy strict:`,
    '',
    '| rule | without it | mix | seeds | violations |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    'No seed shows these, and why; a history does:',
    '',
    ...unseen.map(({ rule, unseen }) => `- **${rule}**: ${unseen}. *${historyOf(rule)}.*`),
  ].join('\n')
}

function tableOfHistories(): string {
  const rows = namedHistories()
    .filter(({ title }) => !/^(?:without|serve|see|let) /.test(title))
    .map(({ title, needs, file }) => `| ${title} | ${needs.join('; ')} | ${file.replace(/^test\//, '')} |`)
  return ['| history | goes wrong without | in test/ |', '|---|---|---|', ...rows].join('\n')
}

async function tableWith(): Promise<string> {
  const tallies =
    RESULTS === undefined ? await playAll() : (JSON.parse(readFileSync(RESULTS, 'utf8')) as Tally[])
  const rows = Object.keys(FAULT_MIXES).map((mix) => {
    const sum = emptyTally({ mix, policy: 'strict' })
    for (const tally of tallies) if (tally.mix === mix) add(sum, tally)
    const { reads, loads, localHits, refusedFills, faults, violations } = sum
    const counts = [reads, loads, localHits, refusedFills, faults, violations]
    return `| ${mix} | ${counts.map((count) => count.toLocaleString('en')).join(' | ')} |`
  })
  return [
    `${tallies[0]!.seeds} seeds of each policy:`,
    '',
    '| mix | reads | loads | local hits | fills refused | faults | violations |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

async function playAll(): Promise<readonly Tally[]> {
  const tallies: Tally[] = []
  for (const mix of Object.keys(FAULT_MIXES))
    for (const policy of POLICIES) tallies.push(await runBatch({ mix, policy, firstSeed: 1, seeds: SEEDS }))
  return tallies
}

function withSection(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${FILE} has no section ${name}`)
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`
}

const sections: Readonly<Record<string, () => string | Promise<string>>> = {
  'with every rule': tableWith,
  'without a rule': tableWithout,
  histories: tableOfHistories,
}
const chosen = process.argv.slice(2)
for (const name of chosen)
  if (!(name in sections)) throw new Error(`${name} is none of ${Object.keys(sections).join(', ')}`)
for (const [name, write] of Object.entries(sections)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  const content = await write()
  writeFileSync(FILE, withSection(readFileSync(FILE, 'utf8'), name, content))
}
