import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Fixture, makeFixture, type Verdict } from './fixture.ts'

const project = join(import.meta.dirname, '../..')

/** Faults that are planted in one copy, so that the checker runs once for all of them. */
const PLANTED: Readonly<Record<string, string>> = {
  'src/memory/planted.ts': 'export const planted = 1',
  'src/core/against-the-direction.ts': `export { planted } from '../memory/planted.ts'`,
  'src/core/hen.ts': `import type { Egg } from './egg.ts'\nexport interface Hen { readonly egg: Egg }`,
  'src/core/egg.ts': `import type { Hen } from './hen.ts'\nexport interface Egg { readonly hen: Hen }`,
  'src/attic/importing.ts': `export type { Clock } from '../core/time/clock.ts'`,
  'src/cellar/alone.ts': 'export const planted = 1',
  'simulator/planted.ts': 'export const planted = 1',
  'src/testing/planted.ts': `export { planted } from '../../simulator/planted.ts'`,
  'src/planted.ts': 'export const planted = 1',
  'src/core/of-the-root.ts': `export { planted } from '../planted.ts'`,
  'src/core/of-a-package.ts': `export { default } from 'vitest'`,
}

describe('the architecture check', () => {
  let copy: Fixture
  const check = (): Verdict => copy.run('check-architecture')

  beforeEach(() => {
    copy = makeFixture()
    for (const name of ['src', 'package.json', 'tsconfig.json', '.dependency-cruiser.mjs']) {
      cpSync(join(project, name), join(copy.root, name), { recursive: true })
    }
  })

  afterEach(() => {
    copy.remove()
  })

  it('passes an untouched copy and says how much it saw', () => {
    const { status, errors, output } = check()

    expect(errors).toBe('')
    expect(output).toMatch(/^architecture: [1-9]\d* modules, [1-9]\d* imports, 0 problems\n$/)
    expect(status).toBe(0)
  })

  it('reports each planted import and file, and nothing else', () => {
    for (const [path, text] of Object.entries(PLANTED)) copy.write(path, text)

    const { status, errors } = check()

    expect(status).toBe(1)
    const lines = errors.trim().split('\n').toSorted()
    const ofPackage = / src\/core\/of-a-package\.ts -> vitest/
    expect(lines.filter((line) => !ofPackage.test(line))).toEqual([
      'architecture: core-imports-only-below: src/core/against-the-direction.ts -> src/memory/planted.ts',
      'architecture: core-imports-only-below: src/core/of-the-root.ts -> src/planted.ts',
      'architecture: known-folders-only: src/attic/importing.ts -> src/core/time/clock.ts',
      'architecture: known-folders-only: src/cellar/alone.ts',
      expect.stringMatching(/^architecture: no-circle: src\/core\/(hen|egg)\.ts -> /),
      'architecture: one-composition-root: src/core/of-the-root.ts -> src/planted.ts',
      'architecture: simulator-not-published: src/testing/planted.ts -> simulator/planted.ts',
    ])
    expect(lines.find((line) => ofPackage.test(line))).toMatch(/: (no-run-time-dependency|resolvable): /)
  })

  it('fails when the checker saw no module', () => {
    const config = readFileSync(join(project, '.dependency-cruiser.mjs'), 'utf8')
    copy.write('.dependency-cruiser.mjs', config.replace('options: {', `options: { exclude: '.*',`))

    const { status, errors, output } = check()

    expect(status).toBe(1)
    expect(errors).toMatch(/^architecture: blind-checker: saw 0 of [1-9]\d* files/)
    expect(output).toContain('0 modules, 0 imports')
  })

  it('fails when it is pointed at a folder without sources', () => {
    rmSync(join(copy.root, 'src'), { recursive: true })
    mkdirSync(join(copy.root, 'src'))

    const { status, errors } = check()

    expect(status).toBe(1)
    expect(errors).toMatch(/no TypeScript file|No inputs were found/)
  })
})
