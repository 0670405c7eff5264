// `npm run faults:redis`: plays every trouble with both client libraries, and writes the table of docs/outages.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { findServers } from '../servers/find.ts'
import { CLIENT_NAMES, type ClientName } from '../native-clients.ts'
import { firstCallsTable, playFirstCalls, type FirstCalls } from './first-calls.ts'
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
const firstCalls: FirstCalls[] = []
if (values.only === undefined || 'first calls'.includes(values.only)) {
  for (const client of clients) {
    const played = await playFirstCalls(client)
    firstCalls.push(played)
    const verdict = played.breaches.length === 0 ? 'as promised' : played.breaches.join('; ')
    console.log(`first calls, ${client}: ${verdict}`)
  }
}
const tables = {
  ...(outages.length > 0 && { outages: outageTable(outages) }),
  ...(firstCalls.length > 0 && { 'first calls': firstCallsTable(firstCalls) }),
}
for (const table of Object.values(tables)) console.log(`\n${table}`)
if (values.write && values.only === undefined) {
  const page = new URL('../../../docs/outages.md', import.meta.url)
  let text = readFileSync(page, 'utf8')
  for (const [name, table] of Object.entries(tables)) {
    const marked = new RegExp(`(<!-- ${name} -->\\n)[^]*?(<!-- end -->)`)
    if (!marked.test(text)) throw new Error(`docs/outages.md has no place for the table of ${name}`)
    text = text.replace(marked, (_, begin: string, end: string) => `${begin}\n${table}\n\n${end}`)
  }
  writeFileSync(page, text)
}
process.exitCode = [...outages, ...firstCalls].every(({ breaches }) => breaches.length === 0) ? 0 : 1
