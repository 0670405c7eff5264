import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Workflows } from '../../tools/workflows.ts'
import { type Fixture, makeFixture } from './fixture.ts'

const workflow = (steps: string): string => `name: CI
on: push
permissions: {}
jobs:
  step:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        command: [npm test]
    steps:
${steps}`

describe('the check of the workflows', () => {
  let fixture: Fixture

  beforeEach(() => {
    fixture = makeFixture()
    fixture.write('package.json', JSON.stringify({ scripts: { check: 'true' } }))
    fixture.write('.ci/run', "step 'npm test' unit || true")
  })

  afterEach(() => {
    fixture.remove()
  })

  it('accepts a workflow and a form', () => {
    fixture.write(
      '.github/workflows/ci.yml',
      workflow('      - run: npm run check\n      - uses: actions/checkout@v4'),
    )
    fixture.write(
      '.github/ISSUE_TEMPLATE/bug.yml',
      'name: A\ndescription: B\nbody:\n  - type: input\n    id: c\n    attributes:\n      label: D',
    )

    expect(new Workflows(fixture.root)).toMatchObject({ count: 2, objections: [] })
  })

  it.each([
    ['what is no YAML', 'name: [CI', /ci\.yml: YAMLParseError/],
    ['a key that is there twice', 'name: a\nname: b', /ci\.yml: .*unique/],
    ['a script that is not there', workflow('      - run: npm run chekc'), /there is no script chekc/],
    [
      'a file that is not there',
      workflow('      - run: sudo test/install.sh'),
      /there is no test\/install\.sh/,
    ],
    [
      'an action of another release',
      workflow('      - uses: actions/checkout@main'),
      /actions\/checkout@main is not known/,
    ],
    ['a step that does nothing', workflow('      - name: nothing'), /has to use or to run/],
    ['a stored token', workflow('      - run: echo ${{ secrets.TOKEN }}'), /names a secret/],
    ['the address of a registry', workflow('      - run: npm ci --registry=there'), /names a registry/],
    [
      'a step of the pipeline without a job',
      workflow('      - run: npm run check').replace('npm test', 'npm run check'),
      /\.ci\/run: npm test is no job/,
    ],
  ])('objects to %s', (_, text, complaint) => {
    fixture.write('.github/workflows/ci.yml', text)

    expect(new Workflows(fixture.root).objections.join('\n')).toMatch(complaint)
  })

  it('objects to a form without a label', () => {
    fixture.write('.github/ISSUE_TEMPLATE/bug.yml', 'name: A\ndescription: B\nbody:\n  - type: input')

    expect(new Workflows(fixture.root).objections.join('\n')).toMatch(
      /one of the type input has no id or no label/,
    )
  })
})
