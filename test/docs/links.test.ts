import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findDeadLinks } from './links.ts'
import { linksOf, listPages, project, readPage } from './markdown.ts'

describe('links', () => {
  it.each(listPages())('lead somewhere in %s', (page) => {
    expect(findDeadLinks(page, readFileSync(join(project, page), 'utf8'))).toEqual([])
  })

  it('have whole addresses in the readme, which the registry shows, too', () => {
    const links = linksOf(readPage(readFileSync(join(project, 'README.md'), 'utf8')))

    expect(links.length).toBeGreaterThan(10)
    expect(links.filter(({ target }) => !/^(https:|#)/.test(target))).toEqual([])
  })

  it.each([
    ['a missing file', '[it](docs/nowhere.md)', 'docs/nowhere.md: no such file'],
    ['a missing picture', '![it](docs/nowhere.svg)', 'docs/nowhere.svg: no such file'],
    ['a missing file of a reference', '[it]: nowhere.md', 'nowhere.md: no such file'],
    ['a missing file of HTML', '<img alt="" src="nowhere.svg">', 'nowhere.svg: no such file'],
    ['a missing heading of the page', '# Here\n[it](#there)', '#there: no such heading', 2],
    [
      'a missing heading of another page',
      '[it](docs/architecture.md#no)',
      'docs/architecture.md#no: no such heading',
    ],
    ['a line beyond the end', '[it](package.json#L9999)', 'package.json#L9999: no such line'],
    [
      'a missing file by the address of the repository',
      '[it](https://github.com/cachette/cachette/blob/main/docs/nowhere.md)',
      'https://github.com/cachette/cachette/blob/main/docs/nowhere.md: no such file',
    ],
    ['a way out of the project', '[it](../else.md)', '../else.md: leads out of the project'],
    ['the second of two on a line', '[a](package.json) and [b](nowhere.md)', 'nowhere.md: no such file'],
  ])('are dead when they name %s', (_, text, problem, line = 1) => {
    expect(findDeadLinks('PLANTED.md', text)).toEqual([`PLANTED.md:${line} ${problem}`])
  })

  it.each([
    ['a file', '[it](package.json)'],
    ['a folder', '[it](docs/)'],
    ['a heading of another page', '[it](docs/architecture.md#architecture)'],
    ['a heading with code and signs', "# What `get()` does, and doesn't\n[it](#what-get-does-and-doesnt)"],
    ['the second of two equal headings', '# Same\n# Same\n[it](#same-1)'],
    ['an anchor of HTML', '<a id="there"></a>\n[it](#there)'],
    ['another host', '[it](https://example.org/nowhere)'],
    ['nothing, being code', '`[it](nowhere.md)`\n```text\n[it](nowhere.md)\n```'],
  ])('are alive when they name %s', (_, text) => {
    expect(findDeadLinks('PLANTED.md', text)).toEqual([])
  })
})
