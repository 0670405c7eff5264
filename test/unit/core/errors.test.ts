import { describe, expect, it } from 'vitest'
import type * as Errors from '../../../src/core/errors.ts'
import {
  CacheError,
  ClosedError,
  KeyError,
  OptionsError,
  RecursiveLoadError,
  SerializationError,
  StoreUnavailableError,
  isCacheError,
} from '../../../src/core/errors.ts'

// A second installed copy of the package: same text, other classes.
async function importCopy(): Promise<typeof Errors> {
  const path = new URL('../../../src/core/errors.ts?copy', import.meta.url)
  return (await import(path.href)) as typeof Errors
}

const every: readonly [string, string, CacheError][] = [
  ['OptionsError', 'ERR_CACHE_OPTIONS', new OptionsError('text')],
  ['KeyError', 'ERR_CACHE_KEY', new KeyError('text')],
  [
    'SerializationError',
    'ERR_CACHE_SERIALIZATION',
    new SerializationError('text', { path: '$', kind: 'symbol' }),
  ],
  ['StoreUnavailableError', 'ERR_CACHE_STORE_UNAVAILABLE', new StoreUnavailableError('text')],
  ['RecursiveLoadError', 'ERR_CACHE_RECURSIVE_LOAD', new RecursiveLoadError('text')],
  ['ClosedError', 'ERR_CACHE_CLOSED', new ClosedError('text')],
]

describe('errors', () => {
  it.each(every)('bear their name and code: %s', (name, code, error) => {
    expect(error).toBeInstanceOf(Error)
    expect(error).toBeInstanceOf(CacheError)
    expect([error.name, error.code, error.message]).toEqual([name, code, 'text'])
    expect(String(error)).toBe(`${name}: text`)
    expect(isCacheError(error)).toBe(true)
  })

  it('keep the cause', () => {
    const cause = new Error('cause')

    expect(new StoreUnavailableError('text', { cause }).cause).toBe(cause)
  })

  it('name path and kind of a value that can not be stored', () => {
    const error = new SerializationError('text', { path: '$.a', kind: 'function' })

    expect([error.path, error.kind]).toEqual(['$.a', 'function'])
  })

  it('are recognised when another copy of the package threw them', async () => {
    const copy = await importCopy()
    const foreign = new copy.KeyError('text')

    expect(foreign).not.toBeInstanceOf(CacheError)
    expect(isCacheError(foreign)).toBe(true)
    expect(copy.isCacheError(new KeyError('text'))).toBe(true)
  })

  it.each([
    new Error('other'),
    Object.assign(new Error('other'), { code: 'ERR_CACHE_KEY', name: 'KeyError' }),
    { code: 'ERR_CACHE_KEY' },
    null,
    undefined,
    'ERR_CACHE_KEY',
    5,
    () => new KeyError('text'),
  ])('are not confused with others: %o', (other) => {
    expect(isCacheError(other)).toBe(false)
  })

  it('do not show the mark they are recognised by', () => {
    expect(Object.getOwnPropertySymbols(new KeyError('text'))).toEqual([])
    expect(JSON.stringify(new KeyError('text'))).toBe('{"name":"KeyError","code":"ERR_CACHE_KEY"}')
  })
})
