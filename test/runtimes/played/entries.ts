// Imports and requires every entry point: `entries SPECIFIER...`. Both have to give the same, and nothing is to be said.
import { createRequire } from 'node:module'
import type { SuiteOutcome } from './suite.ts'

const require = createRequire(import.meta.url)
const said: string[] = []
process.on('warning', ({ message }) => said.push(message))

async function problemOf(specifier: string): Promise<string | undefined> {
  try {
    const imported = (await import(specifier)) as Readonly<Record<string, unknown>>
    const required = require(specifier) as Readonly<Record<string, unknown>>
    const names = Object.keys(required)
    if (names.length === 0) return `${specifier} exports nothing`
    const other = names.find((name) => imported[name] !== required[name])
    return other && `${specifier}: ${other} is another one when it is required`
  } catch (error) {
    return `${specifier}: ${String(error)}`
  }
}

const specifiers = process.argv.slice(2)
const failed: string[] = []
for (const specifier of specifiers) {
  const problem = await problemOf(specifier)
  if (problem !== undefined) failed.push(problem)
}
// Warnings come a turn later.
setImmediate(() => {
  const outcome: SuiteOutcome = { passed: specifiers.length - failed.length, failed: [...failed, ...said] }
  console.log(JSON.stringify(outcome))
})
