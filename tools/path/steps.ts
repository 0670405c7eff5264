import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readPage } from '../../test/docs/markdown.ts'
import type { Newcomer } from './newcomer.ts'

/** A step of a new user's path: the page that it follows, the commands of that page, and the sign that it worked. */
export interface Step {
  readonly name: string
  /** The page with the program, from docs/. */
  readonly page: string
  /** The packages that the page has the reader install, for the table. */
  readonly installs: readonly string[]
  /** Does it. Throws if the program does not show what the page says. */
  take(newcomer: Newcomer): Promise<void>
}

const project = join(import.meta.dirname, '../..')

/** Returns the first program of a page after a heading. */
export function programOf(page: string, heading: string): string {
  const text = readFileSync(join(project, page), 'utf8')
  const { fences } = readPage(text)
  const at = text.split('\n').findIndex((line) => line === heading) + 1
  const program = fences.find(({ info, line }) => info === 'ts' && line > at)
  if (at === 0 || program === undefined) throw new Error(`${page} has no program after "${heading}"`)
  return program.text
}

const README = (): string => programOf('README.md', '# Cachette')

export const STEPS: readonly Step[] = [
  {
    name: 'a first hit',
    page: '../README.md',
    installs: ['cachette', 'tsx'],
    async take(newcomer) {
      await newcomer.install('cachette', 'tsx')
      newcomer.expect(readFileSync(join(project, 'README.md'), 'utf8'), /: npm pkg set type=module$/m)
      await newcomer.npm('pkg', 'set', 'type=module')
      newcomer.expect(
        await newcomer.run(README()),
        /asking the database\n.*Ada.*Ada.*\ninvalidated: undefined/,
      )
    },
  },
  {
    name: 'Redis',
    page: 'start.md#redis',
    installs: ['redis'],
    async take(newcomer) {
      await newcomer.install('redis')
      await newcomer.startRedis()
      const program = programOf('docs/start.md', '## A first hit')
      newcomer.expect(await newcomer.run(program), /is on a server.*\n.*asked 1 time/)
      newcomer.expect(await newcomer.run(program), /is on a server.*\n.*asked 0 time/)
    },
  },
  {
    name: 'groups',
    page: 'start.md#groups',
    installs: [],
    async take(newcomer) {
      newcomer.expect(await newcomer.run(programOf('docs/start.md', '## Groups')), /undefined undefined/)
    },
  },
  {
    name: 'metrics',
    page: 'start.md#figures',
    installs: [],
    async take(newcomer) {
      const program = programOf('docs/start.md', '## Figures')
      newcomer.expect(await newcomer.run(program), /hits: \d+.*\n.*cache_gets_total.*result="hit"/)
    },
  },
  {
    name: 'a database that is away, survived',
    page: 'start.md#a-database-that-is-away',
    installs: [],
    async take(newcomer) {
      const program = programOf('docs/start.md', '## A database that is away')
      newcomer.expect(await newcomer.run(program), /^from the database$/m)
    },
  },
  {
    name: 'a Redis that is away, survived',
    page: 'start.md#a-redis-that-is-away',
    installs: [],
    async take(newcomer) {
      const program = programOf('docs/start.md', '## A Redis that is away')
      const output = newcomer.run(program, { whileRunning: async () => newcomer.loseRedis() })
      newcomer.expect(await output, /not connected[^]*(?:connected again|answers again)[^]*failed: 0\b/)
    },
  },
  {
    name: 'a service on bentocache, moved',
    page: 'migration/bentocache.md',
    installs: ['bentocache', 'ioredis'],
    async take(newcomer) {
      await newcomer.install('bentocache', 'ioredis')
      newcomer.copy('test/integrations/migration/database.ts', 'database.ts')
      for (const name of ['before', 'both', 'after', 'move'])
        newcomer.copy(`test/integrations/migration/bentocache/${name}.ts`, `bentocache/${name}.ts`)
      const output = await newcomer.run('bentocache/move.ts')
      for (const release of ['before', 'the old one, beside', 'the new one, beside', 'after'])
        newcomer.expect(output, new RegExp(`^${release}: Ada, then Grace$`, 'm'))
    },
  },
]
