// `npm run faults:redis`: every trouble with both client libraries; writes the table of docs/outages.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { findServers } from '../servers/find.ts'
import { CLIENT_NAMES, type ClientName } from '../native-clients.ts'
import { playOutage, type Outage } from './run.ts'
import { SCENARIOS } from './scenarios.ts'
import { outageTable } from './table.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    client: { type: 'string', multiple: true },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
})
const servers = findServers()
if (servers.program === undefined) throw new Error(servers.reason)

const clients = (values.client ?? ['node-redis 6', 'ioredis 5']) as ClientName[]
for (const client of clients) {
  if (!CLIENT_NAMES.includes(client)) throw new Error(`--client: one of ${CLIENT_NAMES.join(', ')}`)
}
const scenarios = SCENARIOS.filter(({ name }) => values.only === undefined || name.includes(values.only))
const outages: Outage[] = []
for (const scenario of scenarios) {
  for (const client of clients) {
    const outage = await playOutage(scenario, client)
    outages.push(outage)
    const verdict = outage.breaches.length === 0 ? 'as promised' : outage.breaches.join('; ')
    console.log(`${scenario.name}, ${client}: ${verdict}`)
  }
}
const table = outageTable(outages)
console.log(`\n${table}`)
if (values.write && scenarios.length === SCENARIOS.length) {
  const page = new URL('../../../docs/outages.md', import.meta.url)
  const text = readFileSync(page, 'utf8')
  const marked = /(<!-- outages -->\n)[^]*(<!-- end -->)/
  if (!marked.test(text)) throw new Error('docs/outages.md has no place for the table')
  writeFileSync(
    page,
    text.replace(marked, (_, begin: string, end: string) => `${begin}\n${table}\n\n${end}`),
  )
}
process.exitCode = outages.every(({ breaches }) => breaches.length === 0) ? 0 : 1
