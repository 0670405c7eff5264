// README says that its first program stays as it is with Redis.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { describeWithServers, startRedis } from '../real/servers/index.ts'
import { project } from './markdown.ts'
import { runText } from './program.ts'
import { readSnippets } from './snippets.ts'

describeWithServers('the first program of README.md, with `REDIS_URL`', () => {
  it('prints the same answers, and ends', async () => {
    await using server = await startRedis()
    const [first] = readSnippets('README.md', readFileSync(join(project, 'README.md'), 'utf8'))

    const printed = runText(first!.text, { REDIS_URL: server.url }).trim().split('\n')

    expect(printed[0]).toMatch(/^cachette: the cache is on a server /)
    expect(printed.slice(1)).toEqual(first!.output!.trim().split('\n').slice(1))
  })
})
