import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { project } from './markdown.ts'

const sources = readdirSync(join(project, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(project, 'src', name), 'utf8'))

/** Returns the lines of the log that the page explains. */
function explained(): readonly string[] {
  const page = readFileSync(join(project, 'docs/troubleshooting.md'), 'utf8')
  const [, table = ''] = page.split('## By line of the log')
  const rows = table.split('\n').filter((line) => line.startsWith('| `'))
  return rows.flatMap((row) => Array.from(row.split('|')[1]!.matchAll(/`([^`]+)`/g), ([, line]) => line!))
}

it('docs/troubleshooting.md explains lines that the log can have', () => {
  expect(explained().length).toBeGreaterThan(8)
  expect(explained().filter((line) => !sources.some((text) => text.includes(line)))).toEqual([])
})

it('docs/troubleshooting.md and docs/first-minute.md explain every line about the server, the bus and entries', () => {
  const pages = ['troubleshooting', 'first-minute'].map((name) =>
    readFileSync(join(project, `docs/${name}.md`), 'utf8'),
  )
  const texts = [
    'redis/connection/guard/server-log',
    'redis/connection/guard/bus-log',
    'core/logging/trouble',
  ].map((name) => readFileSync(join(project, 'src', `${name}.ts`), 'utf8'))
  const lines = texts.flatMap((text) =>
    Array.from(
      text.matchAll(/(?:began:|message =|OLD =|'(?:warn|error)', \{[^}]*\},|details,)\s*'([^';:,]{12,})/g),
      ([, line]) => line!,
    ),
  )
  const isExplained = (line: string): boolean => {
    const words = line.split(' ').slice(0, 3).join(' ')
    return pages.some((page) => page.includes(words))
  }

  expect(lines.length).toBeGreaterThan(12)
  expect(lines.filter((line) => !isExplained(line))).toEqual([])
})
