// docs/first-minute.md shows these logs: `npm run docs:first-minute` writes the page anew, and takes a minute for each.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { describeWithServers } from '../servers/index.ts'
import { linesOf, SITUATIONS } from './situations.ts'

const page = join(fileURLToPath(new URL('../../..', import.meta.url)), 'docs/first-minute.md')

const HEAD = `# The first minute of a service

This page shows the log of the first minute of a service whose cache is not set up as meant, and says what to do about it. The lines were
written by real services, which ran for a minute each (\`npm run docs:first-minute\`); \`npx vitest run test/real/first-minute\`
compares this page with their first seconds. Ports, times and counts are made equal. The client is node-redis 6; with another library the text of \`err\` differs. In your log the details are objects
([monitoring](monitoring.md#log)).
`

const LEAST_MS = Number(process.env['CACHETTE_FIRST_MINUTE'] ?? 0) * 1000

describeWithServers('the log of the first minute', () => {
  it('is as docs/first-minute.md shows it', { timeout: 120_000 + 15 * LEAST_MS }, async () => {
    const sections: string[] = []
    for (const situation of SITUATIONS) {
      const { title, setting, remedy } = situation
      const lines = await linesOf(situation, LEAST_MS)
      sections.push(`## ${title}\n\n${setting}\n\n\`\`\`text\n${lines.join('\n')}\n\`\`\`\n\n${remedy}\n`)
    }
    await expect([HEAD, ...sections].join('\n')).toMatchFileSnapshot(page)
  })
})
