import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const project = join(import.meta.dirname, '../..')

describe('the architecture check', () => {
  let copy: string

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'architecture-'))
    for (const name of ['src', 'package.json', 'tsconfig.json', '.dependency-cruiser.mjs']) {
      cpSync(join(project, name), join(copy, name), { recursive: true })
    }
  })

  afterEach(() => {
    rmSync(copy, { recursive: true, force: true })
  })

  it('passes an untouched copy and says how much it saw', () => {
    const { status, errors, output } = check()

    expect(errors).toBe('')
    expect(output).toMatch(/^architecture: [1-9]\d* modules, [1-9]\d* imports, 0 problems\n$/)
    expect(status).toBe(0)
  })

  it('reports an import against the direction', () => {
    plant('src/memory/planted.ts', 'export const planted = 1')
    plant('src/core/planted.ts', `export { planted } from '../memory/planted.ts'`)

    expect(check()).toMatchObject({
      status: 1,
      errors: 'architecture: core-imports-only-below: src/core/planted.ts -> src/memory/planted.ts\n',
    })
  })

  it('reports a circle of type-only imports inside a folder', () => {
    plant(
      'src/core/hen.ts',
      `import type { Egg } from './egg.ts'\nexport interface Hen { readonly egg: Egg }`,
    )
    plant(
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
    plant('src/attic/planted.ts', text)

    const { status, errors } = check()

    expect(status).toBe(1)
    expect(errors).toContain('architecture: known-folders-only: src/attic/planted.ts')
  })

  it('reports a root file beside the face and the composition root', () => {
    plant('src/planted.ts', 'export const planted = 1')
    plant('src/core/planted.ts', `export { planted } from '../planted.ts'`)

    expect(check().errors).toContain('one-composition-root: src/core/planted.ts -> src/planted.ts')
  })

  it('reports an import of a package', () => {
    plant('src/core/planted.ts', `export { default } from 'vitest'`)

    expect(check().errors).toMatch(/(no-run-time-dependency|resolvable): src\/core\/planted\.ts -> vitest/)
  })

  it('fails when the checker saw no module', () => {
    const config = join(copy, '.dependency-cruiser.mjs')
    writeFileSync(config, readFileSync(config, 'utf8').replace('options: {', `options: { exclude: '.*',`))

    const { status, errors, output } = check()

    expect(status).toBe(1)
    expect(errors).toMatch(/^architecture: blind-checker: saw 0 of [1-9]\d* files/)
    expect(output).toContain('0 modules, 0 imports')
  })

  it('fails when it is pointed at a folder without sources', () => {
    rmSync(join(copy, 'src'), { recursive: true })
    mkdirSync(join(copy, 'src'))

    const { status, errors } = check()

    expect(status).toBe(1)
    expect(errors).toMatch(/no TypeScript file|No inputs were found/)
  })

  function plant(name: string, text: string): void {
    mkdirSync(dirname(join(copy, name)), { recursive: true })
    writeFileSync(join(copy, name), `${text}\n`)
  }

  function check(): { status: number | null; errors: string; output: string } {
    const tool = join(project, 'tools/check-architecture.ts')
    const run = spawnSync(process.execPath, ['--import', 'tsx', tool, '--root', copy], {
      cwd: project,
      encoding: 'utf8',
    })
    return { status: run.status, errors: run.stderr, output: run.stdout }
  }
})
