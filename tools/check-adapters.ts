// Counts the lines of code of each adapter. A large one needs its reason in the table of adapters.ts.
import { parseArgs } from 'node:util'
import { adapterSizes, LARGER, MOST_LINES } from './adapters.ts'

const { values } = parseArgs({ options: { root: { type: 'string', default: process.cwd() } } })
const sizes = adapterSizes(values.root)
const problems = sizes
  .filter(({ name, code }) => code > MOST_LINES && LARGER[name] === undefined)
  .map(({ name, code }) => `${name} has ${code} lines of code; the most are ${MOST_LINES}`)

for (const { name, code, lines } of sizes)
  console.log(
    `adapters: ${name.padEnd(10)} ${String(code).padStart(5)} lines of code, ${lines} in all${
      code > MOST_LINES && LARGER[name] !== undefined ? `; ${LARGER[name]}` : ''
    }`,
  )
for (const problem of problems) console.error(`adapters: ${problem}`)
process.exitCode = sizes.length > 0 && problems.length === 0 ? 0 : 1
