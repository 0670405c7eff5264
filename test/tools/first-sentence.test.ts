import { expect, it } from 'vitest'
import { firstSentence } from '../../tools/first-sentence.ts'

it.each([
  ['over two lines', '# Title\n\nOne sentence\nof two lines. Another one.', 'One sentence of two lines.'],
  ['with code at its start', '# Title\n\n`get` reads. More.', '`get` reads.'],
  ['with a link', '# Title\n\nSee [the page](page.md) first. More.', 'See the page first.'],
  ['with a version in it', '# Title\n\nRedis 7.0 or later. More.', 'Redis 7.0 or later.'],
  ['before a list', '# Title\n\nThese are there:\n\n- one', 'These are there.'],
])('the first sentence of a page is found %s', (_, page, sentence) => {
  expect(firstSentence(page)).toBe(sentence)
})

it.each([
  ['a program', '# Title\n\n```ts\nconst a = 1\n```\n\nText.'],
  ['a table', '# Title\n\n| a | b |\n|---|---|'],
  ['another heading', '# Title\n\n## Part\n\nText.'],
])('a page that begins with %s has no first sentence', (_, page) => {
  expect(firstSentence(page)).toBe('')
})
