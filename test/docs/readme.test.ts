import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { project, readPage } from './markdown.ts'

const readme = readFileSync(join(project, 'README.md'), 'utf8')
const { fences } = readPage(readme)
const lineOf = (isWanted: (fence: (typeof fences)[number]) => boolean): number => {
  const { line, text } = fences.find(isWanted)!
  return line + text.split('\n').length - 1
}

describe('the readme', () => {
  it('shows a program and what it prints within 30 lines', () => {
    const program = fences.find(({ info }) => info === 'ts')
    const output = fences.find(({ info }) => info === 'text output')

    expect(fences.indexOf(output!)).toBe(fences.indexOf(program!) + 1)
    expect(output!.line + output!.text.split('\n').length - 1).toBeLessThanOrEqual(30)
  })

  it('shows the same with Redis within 60 lines', () => {
    expect(lineOf(({ info, text }) => info === 'sh' && text.includes('REDIS_URL='))).toBeLessThanOrEqual(60)
  })

  it('has at most 250 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(250)
  })
})
