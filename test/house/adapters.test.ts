import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Fixture, makeFixture } from './fixture.ts'

describe('the check of adapters', () => {
  let fixture: Fixture

  beforeEach(() => {
    fixture = makeFixture()
    const exports = { './small': './dist/small.mjs', './http': './dist/http.mjs' }
    fixture.write('package.json', JSON.stringify({ name: 'planted', type: 'module', exports }))
    fixture.write('src/integrations/small/index.ts', 'export const small = 1')
    fixture.write('src/integrations/http/index.ts', 'export const large = 1\n'.repeat(301))
  })

  afterEach(() => {
    fixture.remove()
  })

  it('counts the lines of all files, without comments and blank lines', () => {
    fixture.write(
      'src/integrations/small/other.ts',
      '/**\n * Says why.\n */\n\n// So.\nexport const other = 2',
    )

    const { status, output } = fixture.run('check-adapters')

    expect(status).toBe(0)
    expect(output).toMatch(/^adapters: small +2 lines of code, 7 in all$/m)
  })

  it('tells the reason of a large one, and fails without one', () => {
    expect(fixture.run('check-adapters').output).toMatch(/http +301 lines of code, 302 in all; RFC 9111/)

    fixture.write('src/integrations/small/index.ts', 'export const one = 1\n'.repeat(301))
    const { status, errors } = fixture.run('check-adapters')

    expect(status).toBe(1)
    expect(errors).toBe('adapters: small has 301 lines of code; the most are 300\n')
  })
})
