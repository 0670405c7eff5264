import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listPages, project } from './markdown.ts'
import { Programs, runText } from './program.ts'
import { compareOutput, readSnippets, type Snippet, typeCheck } from './snippets.ts'

const pages = listPages().filter((page) => page === 'README.md' || page.startsWith('docs/'))
const snippets = pages.flatMap((page) => readSnippets(page, readFileSync(join(project, page), 'utf8')))
const printing = snippets.filter((snippet) => snippet.output !== undefined)

describe('snippets', () => {
  let programs: Programs

  beforeAll(() => {
    programs = new Programs(printing.map(({ text }) => text))
  })
  afterAll(() => programs[Symbol.dispose]())

  // On a busy machine the compiler takes its time.
  it('type-check through the public name', { timeout: 240_000 }, () => {
    expect(typeCheck(snippets)).toEqual([])
  })

  it('are found in the README, one of them with its output', () => {
    expect(printing.map(({ page }) => page)).toContain('README.md')
  })

  it.each(printing.map((snippet) => [`${snippet.page}:${snippet.line}`, snippet] as const))(
    'print what the page says: %s',
    (_, snippet) => {
      expect(compareOutput(snippet, programs)).toEqual([])
    },
  )
})

describe('a wrong snippet', () => {
  it('is reported with the line of the page', { timeout: 240_000 }, () => {
    // All at once, because the compiler reads the whole project each time.
    const planted = [
      plant('# Title', '```ts', `import { MemoryCache } from 'cachette'`, 'MemoryCache.nonsense()', '```'),
      plant(...Array.from({ length: 5 }, () => ''), '```ts', `import { Nonsense } from 'cachette'`, '```'),
      plant(...Array.from({ length: 10 }, () => ''), '- item', '', '  ```ts', '  const = 1', '  ```'),
      plant(...Array.from({ length: 20 }, () => ''), '```ts', 'const one = 1', '```', '```ts', 'one', '```'),
    ].flat()

    const problems = typeCheck(planted)

    const about = (line: number): readonly string[] =>
      problems.filter((problem) => problem.startsWith(`docs/planted.md:${line} `))
    expect(about(4)).toEqual([expect.stringMatching(/ Property 'nonsense' does not exist/)])
    expect(about(7)).toEqual([expect.stringMatching(/no exported member.*'Nonsense'/)])
    // No TypeScript at all, in a list.
    expect(about(14).length).toBeGreaterThan(0)
    // A block shares nothing with the next one.
    expect(about(25)).toEqual([expect.stringMatching(/ Cannot find name 'one'/)])
    expect(problems.every((problem) => /^docs\/planted\.md:(?:4|7|14|25) /.test(problem))).toBe(true)
  })

  it.each([
    ['one', []],
    ['two', ['docs/planted.md:2 prints "one", the page says otherwise']],
  ])('is reported when the page says %s and it prints one', (output, problems) => {
    const planted = plant('```ts', `console.log('one')`, '```', '', '```text output', output, '```')
    using programs = new Programs(planted.map(({ text }) => text))

    expect(planted.flatMap((snippet) => compareOutput(snippet, programs))).toEqual(problems)
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
