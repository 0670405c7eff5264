import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { programOf, STEPS } from '../../tools/path/steps.ts'
import { stepsIn } from '../../tools/path/table.ts'
import { project } from './markdown.ts'

it('docs/start.md has the times of all steps of the path', () => {
  expect(stepsIn(readFileSync(join(project, 'docs/start.md'), 'utf8'))).toEqual(STEPS.map(({ name }) => name))
})

it('a program is found after its heading alone', () => {
  expect(programOf('docs/start.md', '## Groups')).toContain('invalidateTag')
  expect(() => programOf('docs/start.md', '## Nothing')).toThrow('has no program after "## Nothing"')
})
