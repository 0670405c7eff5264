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
  const rows = table.split('\n').filter((line) => /^\| `/.test(line))
  return rows.flatMap((row) => Array.from(row.split('|')[1]!.matchAll(/`([^`]+)`/g), ([, line]) => line!))
}

it('docs/troubleshooting.md explains lines that the log can have', () => {
  expect(explained().length).toBeGreaterThan(8)
  expect(explained().filter((line) => !sources.some((text) => text.includes(line)))).toEqual([])
})
