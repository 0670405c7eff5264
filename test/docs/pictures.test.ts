import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SECTIONS } from '../../docs/.vitepress/sections.ts'
import { picture, SCENES } from '../../tools/pictures/main.ts'
import { project } from './markdown.ts'

const concepts = SECTIONS.find(({ title }) => title === 'Concepts')!.pages
const read = (path: string): string => readFileSync(join(project, 'docs', path), 'utf8')

describe('the pictures of the concepts', () => {
  it('are there for each page of a concept', () => {
    expect(Object.keys(SCENES).map((name) => `${name}.md`)).toEqual(concepts)
  })

  it.each(Object.keys(SCENES))('are on their page: %s', (name) => {
    expect(read(`${name}.md`)).toMatch(new RegExp(`^!\\[[^\\]]+\\]\\(images/${name}\\.svg\\)$`, 'm'))
  })

  // That of Redis is drawn from a run over a real server.
  it.each(Object.keys(SCENES).filter((name) => name !== 'redis'))(
    'show what the run gives: %s',
    async (name) => {
      expect(await picture(name)).toBe(read(`images/${name}.svg`))
    },
  )
})
