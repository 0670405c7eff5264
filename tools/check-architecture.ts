// Fails on an import against the direction of docs/architecture.md, and on a checker that did not look.
import { parseArgs } from 'node:util'
import { readArchitecture } from './architecture.ts'

const { values } = parseArgs({ options: { root: { type: 'string', default: process.cwd() } } })
const { files, modules, imports, violations } = readArchitecture(values.root)

const problems = violations.map(({ rule, from, to }) =>
  from === to ? `${rule}: ${from}` : `${rule}: ${from} -> ${to}`,
)
if (files === 0) problems.push('no TypeScript file in src: wrong folder?')
if (modules < files)
  problems.push(`blind-checker: saw ${modules} of ${files} files; is TypeScript 6 installed?`)

for (const problem of problems) console.error(`architecture: ${problem}`)
console.log(`architecture: ${modules} modules, ${imports} imports, ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1
