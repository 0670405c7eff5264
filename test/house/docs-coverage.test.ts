import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Fixture, makeFixture } from './fixture.ts'

const exports = { '.': './dist/index.mjs', './package.json': './package.json' }

describe('the docs coverage check', () => {
  let fixture: Fixture

  beforeEach(() => {
    fixture = makeFixture()
    fixture.write('package.json', JSON.stringify({ name: 'planted', type: 'module', exports }))
  })

  afterEach(() => {
    fixture.remove()
  })

  it('passes when everything public has a docstring, and counts it', () => {
    fixture.write(
      'src/index.ts',
      `/** A port. */
      export interface Port {
        /** Opens it. */
        open(): void
      }
      /** A door. */
      export class Door implements Port {
        readonly #hinges = 2
        private readonly frame = 'oak'
        constructor() { void [this.#hinges, this.frame] }
        open(): void {}
        async [Symbol.asyncDispose](): Promise<void> {}
      }
      /** Out of order. */
      export class DoorError extends Error { override readonly name = 'DoorError' }
      class Hidden { undocumented(): void {} }
      void Hidden`,
    )

    expect(fixture.run('check-docs')).toEqual({
      status: 0,
      output: 'docs: 5 of 5 public names documented, 1 entry points\n',
      errors: '',
    })
  })

  it('reports all that has none', () => {
    const lacking = [
      ['a-function', 'export function planted(): void {}', 'planted'],
      ['a-type', 'export type Planted = string', 'Planted'],
      ['a-method', '/** A. */ export class A { planted(): void {} }', 'A.planted'],
      [
        'a-protected-method',
        '/** A. */ export abstract class A { protected planted(): void {} }',
        'A.planted',
      ],
      ['a-getter', '/** A. */ export class A { get planted(): number { return 1 } }', 'A.planted'],
      ['an-interface', '/** A. */ export interface A { readonly planted: string }', 'A.planted'],
      ['an-object-type', '/** A. */ export type A = { readonly planted: string }', 'A.planted'],
      ['an-empty-docstring', '/** */ export const planted = 1', 'planted'],
    ] as const
    const faces = Object.fromEntries(lacking.map(([kind]) => [`./${kind}`, `./dist/${kind}.mjs`]))
    fixture.write('package.json', JSON.stringify({ name: 'planted', type: 'module', exports: faces }))
    for (const [kind, text] of lacking) fixture.write(`src/${kind}/index.ts`, text)

    const { status, errors } = fixture.run('check-docs')

    expect(status).toBe(1)
    const lines = lacking.map(
      ([kind, , name]) => `docs: src/${kind}/index.ts:1 ${name} (planted/${kind}) has no docstring`,
    )
    expect(errors.trim().split('\n').toSorted()).toEqual(lines.toSorted())
  })

  it('follows a re-export to the file that lacks the docstring', () => {
    fixture.write('src/index.ts', `/** Not the place. */\nexport { planted as renamed } from './other.ts'`)
    fixture.write('src/other.ts', '\nexport const planted = 1')

    const { status, errors } = fixture.run('check-docs')

    expect(status).toBe(1)
    expect(errors).toBe('docs: src/other.ts:2 renamed (planted) has no docstring\n')
  })

  it('fails when there is nothing to look at', () => {
    fixture.write('src/index.ts', 'export {}')

    expect(fixture.run('check-docs')).toMatchObject({
      status: 1,
      errors: 'docs: the entry points export nothing\n',
    })
  })

  it('fails when an entry point has no source', () => {
    fixture.write(
      'package.json',
      JSON.stringify({ name: 'planted', exports: { './attic': { default: './x.js' } } }),
    )

    const { status, errors } = fixture.run('check-docs')

    expect(status).toBe(1)
    expect(errors).toContain('exports["./attic"] lacks src/attic/index.ts')
  })
})
