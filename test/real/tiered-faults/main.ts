// `npm run faults:tiered`: plays every fault under both policies, and writes the table of docs/coherence.md.
import { randomInt } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Policy } from '../../../src/coherence/settings.ts'
import { findServers } from '../servers/find.ts'
import { FAULTS } from './faults.ts'
import { playFault, type Played } from './run.ts'
import { PACE } from './scheme.ts'
import { faultTable, violationsOf } from './table.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    policy: { type: 'string', multiple: true },
    seconds: { type: 'string', default: '7' },
    seed: { type: 'string' },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
})
const servers = findServers()
if (servers.program === undefined) throw new Error(servers.reason)

const policies = (values.policy ?? ['strict', 'available']) as Policy[]
const faultMs = Number(values.seconds) * 1000
if (!(faultMs > 0)) throw new Error('--seconds: a number above 0')
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed)
const faults = FAULTS.filter(({ name }) => values.only === undefined || name.includes(values.only))
console.log(`seed ${seed}`)

const played: Played[] = []
let round = 0
for (const fault of faults) {
  // They run side by side, because they mostly wait.
  const both = await Promise.all(
    policies.map(async (policy) =>
      playFault(fault, policy, { pace: PACE, beforeMs: 3000, faultMs }, round++, seed),
    ),
  )
  for (const one of both) {
    played.push(one)
    console.log(`${fault.name}, ${one.policy}: ${one.reads} reads, violations: ${violationsOf(one)}`)
    for (const rejection of new Set(one.rejections)) console.log(`  rejected: ${rejection}`)
  }
}
const table = faultTable(played)
console.log(`\n${table}`)
if (values.write && values.only === undefined && policies.length === 2) {
  const page = new URL('../../../docs/coherence.md', import.meta.url)
  const text = readFileSync(page, 'utf8')
  const marked = /(<!-- faults -->\n)[^]*(<!-- end -->)/
  if (!marked.test(text)) throw new Error('docs/coherence.md has no place for the table')
  writeFileSync(
    page,
    text.replace(marked, (_, begin: string, end: string) => `${begin}\n${table}\n\n${end}`),
  )
}
const isClean = ({ violations, reads, convergedMs }: Played): boolean =>
  Object.keys(violations).length === 0 && reads > 0 && Number.isFinite(convergedMs)
// At its natural end Node.js 20 sometimes waits for a request of a pipe to a child that has ended, for ever.
process.exit(played.every(isClean) ? 0 : 1)
