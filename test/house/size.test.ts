import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Fixture, makeFixture } from './fixture.ts'

describe('the size check', () => {
  let fixture: Fixture

  beforeEach(() => {
    fixture = makeFixture()
    const exports = { './memory': './dist/memory.mjs' }
    fixture.write('package.json', JSON.stringify({ name: 'planted', type: 'module', exports }))
    fixture.write('src/serialization/compress.ts', 'export const planted = 1')
  })

  afterEach(() => {
    fixture.remove()
  })

  it('prints the weight of a small entry', () => {
    fixture.write('src/memory/index.ts', 'export const small = 1')

    const { status, output } = fixture.run('check-size')

    expect(status).toBe(0)
    expect(output).toMatch(/^size: planted\/memory \d+ bytes minified, \d+ gzip, \d+ brotli .*, 1 modules\n$/)
  })

  it('fails above the budget', () => {
    fixture.write('src/memory/index.ts', `export const big = '${randomBytes(50_000).toString('base64')}'`)

    const { status, errors } = fixture.run('check-size')

    expect(status).toBe(1)
    expect(errors).toMatch(
      /^size: planted\/memory weighs \d+ bytes compressed; the budget is \d+\n.* src\/memory\/index\.ts \d+\n$/,
    )
  })

  it('fails when compression is reached statically, through another module too', () => {
    fixture.write('src/memory/index.ts', `export * from './between.ts'`)
    fixture.write('src/memory/between.ts', `export { planted } from '../serialization/compress.ts'`)

    expect(fixture.run('check-size')).toMatchObject({
      status: 1,
      errors: 'size: planted/memory statically reaches src/serialization/compress.ts\n',
    })
  })

  it('allows a dynamic import and does not weigh it', () => {
    fixture.write(
      'src/serialization/compress.ts',
      `export const big = '${randomBytes(50_000).toString('base64')}'`,
    )
    fixture.write('src/memory/index.ts', `export const later = () => import('../serialization/compress.ts')`)

    expect(fixture.run('check-size')).toMatchObject({ status: 0, errors: '' })
  })
})
