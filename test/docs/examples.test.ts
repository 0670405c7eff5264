import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { project } from './markdown.ts'
import { runProgram, runText } from './program.ts'

const folder = join(project, 'examples')
const files = existsSync(folder) ? readdirSync(folder) : []
const examples = files.filter((name) => name.endsWith('.ts'))

/** The job and the file that play an example with packages of its own. */
const PLAYED_BY: Readonly<Record<string, readonly [command: string, player: string]>> = {
  astro: ['npm run test:newer-adapters', 'test/integrations/astro/astro.test.ts'],
  drizzle: ['npm run test:integrations', 'test/integrations/examples.test.ts'],
  express: ['npm run test:integrations', 'test/integrations/examples.test.ts'],
  fastify: ['npm run test:integrations', 'test/integrations/examples.test.ts'],
  hono: ['npm run test:integrations', 'test/integrations/examples.test.ts'],
  nest: ['npm run test:integrations', 'test/integrations/nestjs/example.test.ts'],
  next: ['npm run test:next', 'test/package/next/two-processes.ts'],
}

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

  it('are played by a job of the pipeline if they are services with packages of their own', () => {
    const jobs = readFileSync(join(project, '.github/workflows/ci.yml'), 'utf8')
    const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())

    // `shop` is the database of the others.
    expect(folders.map(({ name }) => name).toSorted()).toEqual([...Object.keys(PLAYED_BY), 'shop'].toSorted())
    for (const [name, [command, player]] of Object.entries(PLAYED_BY)) {
      expect(jobs, name).toContain(`- ${command}\n`)
      expect(readFileSync(join(project, player), 'utf8'), name).toContain(name)
    }
  })

  it('see the source by the name of the package', () => {
    expect(runText(`console.log(import.meta.resolve('cachette'))`)).toMatch(/\/src\/index\.ts\n$/)
  })
})
