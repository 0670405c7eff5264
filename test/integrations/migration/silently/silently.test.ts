// The tables of docs/migration on what changes silently. `npx vitest run --config test/integrations/vitest.config.ts
// test/integrations/migration/silently -u` writes them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { project } from '../../../docs/markdown.ts'
import { startRedis, type RedisServer } from '../../../real/servers/index.ts'
import { LIBRARIES } from './libraries.ts'
import { ask, PROBES } from './probes.ts'
import type { Open, Subject } from './subject.ts'

const TABLE = /(<!-- silently: begin -->\n)[^]*?(\n<!-- silently: end -->)/

describe('what changes silently', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => server.close())

  async function play(open: Open, isShared: boolean): Promise<readonly string[]> {
    await server.command('FLUSHALL')
    const sides: Subject[] = [await open(server.url), ...(isShared ? [await open(server.url)] : [])]
    onTestFinished(async () => {
      for (const side of sides) await side.close()
    })
    const [here, elsewhere] = sides
    return ask({ here: here!, elsewhere, command: async (...args) => server.command(...args) })
  }

  it.each(Object.entries(LIBRARIES))(
    'is what the page says: %s',
    async (name, { before, after, isShared }) => {
      const path = join(project, 'docs/migration', `${name}.md`)
      const page = readFileSync(path, 'utf8')
      const [old, young] = [await play(before, isShared), await play(after, isShared)]
      const rows = Object.keys(PROBES).map((question, at) => `| ${question} | ${old[at]} | ${young[at]} |\n`)
      const table = `| | before | after |\n|---|---|---|\n${rows.join('')}`

      expect(TABLE.test(page)).toBe(true)
      await expect(page.replace(TABLE, `$1\n${table}$2`)).toMatchFileSnapshot(path)
    },
  )
})
