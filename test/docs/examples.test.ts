import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { project } from './markdown.ts'
import { runProgram, runText } from './program.ts'

const folder = join(project, 'examples')
const files = existsSync(folder) ? readdirSync(folder) : []
const examples = files.filter((name) => name.endsWith('.ts'))

describe('examples', () => {
  it('are there, each with its output, and no output without its example', () => {
    const outputs = files.filter((name) => name.endsWith('.out'))

    expect(examples.length).toBeGreaterThan(0)
    expect(outputs.toSorted()).toEqual(examples.map((name) => name.replace(/\.ts$/, '.out')).toSorted())
  })

  it.each(examples)('print what is recorded: %s', (name) => {
    const recorded = readFileSync(join(folder, name.replace(/\.ts$/, '.out')), 'utf8')

    expect(runProgram(join(folder, name))).toBe(recorded)
  })

  it('see the source by the name of the package', () => {
    expect(runText(`console.log(import.meta.resolve('cachette'))`)).toMatch(/\/src\/index\.ts\n$/)
  })
})
