import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { listPages, project } from './markdown.ts'

/** Options of test runners, bundlers, frameworks and client libraries that the pages name. */
const FOREIGN = new Set(
  [
    'moduleResolution module packages externalsPresets toFake doNotFake',
    'enableReadyCheck RESP images',
  ].flatMap((line) => line.split(' ')),
)
/** Names of other things that are written like an option: parts of answers, errors, parameters. */
const OTHERS = new Set(['cache', 'l2', 'state', 'RateLimiter', 'Lock'])

function sources(folder: string): readonly string[] {
  return readdirSync(join(project, folder), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? sources(`${folder}/${entry.name}`)
      : [readFileSync(join(project, folder, entry.name), 'utf8')],
  )
}

it('the pages name no option that does not exist', () => {
  const names = sources('src').flatMap((text) =>
    Array.from(text.matchAll(/readonly (\w+)\?:/g), ([, name]) => name!),
  )
  const known = new Set([...names, ...FOREIGN, ...OTHERS])
  const pages = listPages().filter((page) => page === 'README.md' || /^docs\/[^/]+\.md$/.test(page))
  const unknown = pages.flatMap((page) => {
    const [text = ''] = readFileSync(join(project, page), 'utf8').split('## Options of clients')
    const prose = text.replaceAll(/^```[^]*?^```/gm, '')
    return Array.from(
      prose.matchAll(/`\{? ?(\w+): [^`]*`/g),
      ([code, name]) => [name!, `${page}: ${code}`] as const,
    )
  })

  expect(known.has('heartbeat')).toBe(true)
  expect(unknown.length).toBeGreaterThan(50)
  expect(unknown.filter(([name]) => !known.has(name)).map(([, where]) => where)).toEqual([])
})
