import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { listPages, project } from './markdown.ts'
import { runText } from './program.ts'
import { compareOutput, readSnippets, type Snippet, typeCheck } from './snippets.ts'

const pages = listPages().filter((page) => page === 'README.md' || page.startsWith('docs/'))
const snippets = pages.flatMap((page) => readSnippets(page, readFileSync(join(project, page), 'utf8')))
const programs = snippets.filter((snippet) => snippet.output !== undefined)

describe('snippets', () => {
  // On a busy machine the compiler takes its time.
  it('type-check through the public name', { timeout: 240_000 }, () => {
    expect(typeCheck(snippets)).toEqual([])
  })

  it('are found in the README, one of them with its output', () => {
    expect(programs.map(({ page }) => page)).toContain('README.md')
  })

  it.each(programs.map((program) => [`${program.page}:${program.line}`, program] as const))(
    'print what the page says: %s',
    (_, program) => {
      expect(compareOutput(program)).toEqual([])
    },
  )
})

describe('a wrong snippet', () => {
  it('is reported with the line of the page', () => {
    const planted = plant(
      '# Title',
      '```ts',
      `import { MemoryCache } from 'cachette'`,
      'MemoryCache.nonsense()',
      '```',
    )

    expect(typeCheck(planted)).toEqual([
      expect.stringMatching(/^docs\/planted\.md:4 Property 'nonsense' does not exist/),
    ])
  })

  it('is reported when it names what the package does not export', () => {
    expect(typeCheck(plant('```ts', `import { Nonsense } from 'cachette'`, '```'))).toEqual([
      expect.stringMatching(/^docs\/planted\.md:2 .*no exported member.*'Nonsense'/),
    ])
  })

  it('is reported when it is no TypeScript at all, in a list too', () => {
    expect(typeCheck(plant('- item', '', '  ```ts', '  const = 1', '  ```'))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^docs\/planted\.md:4 /)]),
    )
  })

  it('shares nothing with the next one', () => {
    const planted = plant('```ts', 'const one = 1', '```', '```ts', 'console.log(one)', '```')

    expect(typeCheck(planted)).toEqual([expect.stringMatching(/^docs\/planted\.md:5 Cannot find name 'one'/)])
  })

  it.each([
    ['one', []],
    ['two', ['docs/planted.md:2 prints "one", the page says otherwise']],
  ])('is reported when the page says %s and it prints one', (output, problems) => {
    const planted = plant('```ts', `console.log('one')`, '```', '', '```text output', output, '```')

    expect(planted.flatMap(compareOutput)).toEqual(problems)
  })

  it('fails when the program does', () => {
    expect(() => runText(`throw new Error('planted')`)).toThrow('planted')
  })

  it.each([
    ['```ts no-check', 'a ts block is checked'],
    ['```js', 'write `ts`'],
    ['```typescript', 'write `ts`'],
    ['```text output', 'right after its program'],
  ])('can not hide behind %s', (fence, message) => {
    expect(() => plant(fence, 'nonsense', '```')).toThrow(message)
  })

  it('can not be told apart from its output by prose', () => {
    expect(() => plant('```ts', '```', 'prose', '```text output', 'two', '```')).toThrow(
      'right after its program',
    )
  })

  function plant(...lines: readonly string[]): readonly Snippet[] {
    return readSnippets('docs/planted.md', lines.join('\n'))
  }
})
