import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Fixture, makeFixture, type Verdict } from './fixture.ts'

const project = join(import.meta.dirname, '../..')

describe('the architecture check', () => {
  let copy: Fixture

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

  it('reports an import against the direction', () => {
    copy.write('src/memory/planted.ts', 'export const planted = 1')
    copy.write('src/core/planted.ts', `export { planted } from '../memory/planted.ts'`)

    expect(check()).toMatchObject({
      status: 1,
      errors: 'architecture: core-imports-only-below: src/core/planted.ts -> src/memory/planted.ts\n',
    })
  })

  it('reports a circle of type-only imports inside a folder', () => {
    copy.write(
      'src/core/hen.ts',
      `import type { Egg } from './egg.ts'\nexport interface Hen { readonly egg: Egg }`,
    )
    copy.write(
      'src/core/egg.ts',
      `import type { Hen } from './hen.ts'\nexport interface Egg { readonly hen: Hen }`,
    )

    const { status, errors } = check()

    expect(status).toBe(1)
    expect(errors).toMatch(/^architecture: no-circle: src\/core\/(hen|egg)\.ts -> /m)
    expect(errors).not.toContain('imports-only-below')
  })

  it.each([
    ['that imports', `export type { Clock } from '../core/clock.ts'`],
    ['that imports nothing', 'export const planted = 1'],
  ])('reports a new folder %s and has no line in the table', (_, text) => {
    copy.write('src/attic/planted.ts', text)

    const { status, errors } = check()

    expect(status).toBe(1)
    expect(errors).toContain('architecture: known-folders-only: src/attic/planted.ts')
  })

  it('reports an import of the simulator', () => {
    copy.write('simulator/planted.ts', 'export const planted = 1')
    copy.write('src/testing/planted.ts', `export { planted } from '../../simulator/planted.ts'`)

    expect(check().errors).toContain(
      'architecture: simulator-not-published: src/testing/planted.ts -> simulator/planted.ts',
    )
  })

  it('reports a root file beside the face and the composition root', () => {
    copy.write('src/planted.ts', 'export const planted = 1')
    copy.write('src/core/planted.ts', `export { planted } from '../planted.ts'`)

    expect(check().errors).toContain('one-composition-root: src/core/planted.ts -> src/planted.ts')
  })

  it('reports an import of a package', () => {
    copy.write('src/core/planted.ts', `export { default } from 'vitest'`)

    expect(check().errors).toMatch(/(no-run-time-dependency|resolvable): src\/core\/planted\.ts -> vitest/)
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

  function check(): Verdict {
    return copy.run('check-architecture')
  }
})
