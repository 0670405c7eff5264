import { afterEach, describe, expect, it, vi } from 'vitest'
import { consoleLogger, silentLogger } from '../../../src/core/logging/logger.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('consoleLogger', () => {
  it.each(['warn', 'error'] as const)('writes one line to console.%s', (level) => {
    const written = vi.spyOn(console, level).mockReturnValue()

    consoleLogger[level](
      { cache: 'users', operation: 'get', error: new TypeError('no "way"\nout') },
      'it fails',
    )

    expect(written.mock.calls).toEqual([
      ['cachette: it fails cache="users" operation="get" error="TypeError: no \\"way\\"\\nout"'],
    ])
  })

  it('writes what JSON can not say', () => {
    const written = vi.spyOn(console, 'warn').mockReturnValue()

    consoleLogger.warn({ nothing: undefined, sign: Symbol('s') }, 'text')

    expect(written.mock.calls).toEqual([['cachette: text nothing=undefined sign=Symbol(s)']])
  })
})

describe('silentLogger', () => {
  it('writes nothing', () => {
    const written = [
      vi.spyOn(console, 'warn').mockReturnValue(),
      vi.spyOn(console, 'error').mockReturnValue(),
    ]

    silentLogger.warn({}, 'text')
    silentLogger.error({}, 'text')

    expect(written.flatMap((spy) => spy.mock.calls)).toEqual([])
  })
})
