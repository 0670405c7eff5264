import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { BaseCache } from '../../src/index.ts'
import { project } from './markdown.ts'

it('docs/contract.md names every public method of a cache, and no other', () => {
  const page = readFileSync(join(project, 'docs/contract.md'), 'utf8')
  const table = page.slice(page.indexOf('## Methods'), page.indexOf('## Durations'))
  const named = table
    .split('\n')
    .map((line) => /^\| (`[^|]+) \|/.exec(line)?.[1] ?? '')
    .flatMap((cell) => Array.from(cell.matchAll(/`(\w+)/g), ([, name]) => name!))
  const methods = Object.getOwnPropertyNames(BaseCache.prototype).filter((name) => name !== 'constructor')

  expect(named.toSorted()).toEqual(methods.toSorted())
})
