// docs/first-minute.md shows these logs: `npx vitest run test/redis/first-minute -u` writes the page anew.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { describeWithServers } from '../servers/index.ts'
import { linesOf, SITUATIONS } from './situations.ts'

const page = join(fileURLToPath(new URL('../../..', import.meta.url)), 'docs/first-minute.md')

const HEAD = `# The first minute of a service

What the log says in the first minute of a service whose cache is not set up as meant, and what to do about it. The lines were
written by real services: \`npx vitest run test/redis/first-minute\` compares this page with them. Ports, times and counts are made
equal. The client is node-redis 6; with another library the text of \`err\` differs. In your log the details are objects
([monitoring](monitoring.md#log)).
`

describeWithServers('the log of the first minute', () => {
  it('is as docs/first-minute.md shows it', { timeout: 120_000 }, async () => {
    const sections: string[] = []
    for (const situation of SITUATIONS) {
      const { title, setting, remedy } = situation
      // `CACHETTE_FIRST_MINUTE=60` looks at the whole minute.
      const lines = await linesOf(situation, Number(process.env['CACHETTE_FIRST_MINUTE'] ?? 0) * 1000)
      sections.push(`## ${title}\n\n${setting}\n\n\`\`\`text\n${lines.join('\n')}\n\`\`\`\n\n${remedy}\n`)
    }
    await expect([HEAD, ...sections].join('\n')).toMatchFileSnapshot(page)
  })
})
