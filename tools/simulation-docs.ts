// Writes the tables of docs/simulation.md: what the seeds show, with every rule and without each of them.
import { readFileSync, writeFileSync } from 'node:fs'
import { FAULT_MIXES } from '../src/testing/simulation/mixes.ts'
import { ABLATIONS, runWithout, type Ablation } from '../test/simulation/ablations/index.ts'
import { add, emptyTally, POLICIES, runBatch } from './simulation/runs.ts'

const FILE = 'docs/simulation.md'
const SEEDS_WITHOUT = 100
const SEEDS_WITH = 20

async function rowWithout(ablation: Ablation): Promise<string> {
  const reports = await runWithout(ablation, SEEDS_WITHOUT)
  const failed = reports.filter(({ violations }) => violations.length > 0)
  const counts = new Map<string, number>()
  for (const { violations } of failed)
    for (const { invariant } of violations) counts.set(invariant, (counts.get(invariant) ?? 0) + 1)
  const shown = [...counts].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
  const violations = shown
    .map(([invariant, count]) => `${invariant}: ${count.toLocaleString('en')}`)
    .join(', ')
  console.log(`${ablation.rule}: ${failed.length} of ${SEEDS_WITHOUT} seeds`)
  const world = ablation.world?.faults === undefined ? ablation.mix : 'its own'
  const [first] = failed
  const seeds = first === undefined ? '0' : `${failed.length}, first ${first.seed}`
  return `| ${ablation.rule} | ${ablation.without} | ${world} | ${seeds} | ${violations || 'none'} |`
}

async function tableWithout(): Promise<string> {
  const rows: string[] = []
  for (const ablation of ABLATIONS) rows.push(await rowWithout(ablation))
  const unseen = ABLATIONS.filter((ablation) => ablation.unseen !== undefined)
  return [
    `Of ${SEEDS_WITHOUT} seeds each, policy strict:`,
    '',
    '| rule | without it | mix | seeds | violations |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    'Why no seed shows these:',
    '',
    ...unseen.map(({ rule, unseen }) => `- **${rule}**: ${unseen}.`),
  ].join('\n')
}

async function tableWith(): Promise<string> {
  const rows: string[] = []
  for (const mix of Object.keys(FAULT_MIXES)) {
    const sum = emptyTally({ mix, policy: 'strict' })
    for (const policy of POLICIES)
      add(sum, await runBatch({ mix, policy, wait: 0, firstSeed: 1, seeds: SEEDS_WITH }))
    const { reads, loads, localHits, refusedFills, faults, violations } = sum
    const counts = [reads, loads, localHits, refusedFills, faults, violations]
    rows.push(`| ${mix} | ${counts.map((count) => count.toLocaleString('en')).join(' | ')} |`)
  }
  return [
    `${SEEDS_WITH} seeds of each policy:`,
    '',
    '| mix | reads | loads | local hits | fills refused | faults | violations |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

function withSection(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${FILE} has no section ${name}`)
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`
}

const sections = { 'with every rule': await tableWith(), 'without a rule': await tableWithout() }
let text = readFileSync(FILE, 'utf8')
for (const [name, content] of Object.entries(sections)) text = withSection(text, name, content)
writeFileSync(FILE, text)
