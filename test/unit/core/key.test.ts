import { describe, expect, it } from 'vitest'
import { KeyError } from '../../../src/core/errors.ts'
import { MAX_KEY_BYTES, checkKey, checkPrefix } from '../../../src/keys/key.ts'
import { thrownBy } from '../../support/error-of.ts'

function refusalOf(check: () => void): string {
  const error = thrownBy(check)
  expect(error).toBeInstanceOf(KeyError)
  return (error as KeyError).message
}

describe('keys', () => {
  it.each([
    'a',
    'user:123',
    'with space',
    'ünïcödé',
    '🐈',
    'glob*?[a]{b}',
    'line\nbreak',
    '\0',
    ' ',
    'a!',
    '__proto__',
    'x'.repeat(MAX_KEY_BYTES),
    '🐈'.repeat(MAX_KEY_BYTES / 4),
  ])('may be any well-formed text: %o', (key) => {
    expect(() => checkKey(key, '')).not.toThrow()
  })

  it.each<[unknown, string]>([
    ['', 'must not be empty'],
    ['!', "must not begin with '!': '!'"],
    ['!lease:a', "must not begin with '!': '!lease:a'"],
    ['\uD800', 'lone surrogates'],
    ['cat \uDC08', 'lone surrogates'],
    [1, 'must be a string, not 1; see key()'],
    [undefined, 'must be a string, not undefined'],
    [null, 'must be a string, not null'],
    [{ id: 1 }, 'must be a string, not {"id":1}'],
    [['a'], 'must be a string, not an array of 1'],
    [Symbol('s'), 'must be a string, not Symbol(s)'],
    ['x'.repeat(MAX_KEY_BYTES + 1), 'at most 1024 bytes with its prefix, this one has 1025'],
    ['ü'.repeat(MAX_KEY_BYTES / 2 + 1), 'this one has 1026'],
  ])('are refused by name: %o', (key, message) => {
    expect(refusalOf(() => checkKey(key, ''))).toContain(message)
  })

  it('are clipped in the message when they are long', () => {
    expect(refusalOf(() => checkKey('x'.repeat(5000), '')).length).toBeLessThan(300)
  })

  it('count with their prefix', () => {
    expect(() => checkKey('x'.repeat(1000), 'p'.repeat(24))).not.toThrow()
    expect(refusalOf(() => checkKey('x'.repeat(1000), 'p'.repeat(25)))).toContain('has 1025')
  })
})

describe('prefixes', () => {
  it.each(['', 'app:', 'ünï:', 'p'.repeat(341)])('may be text: %o', (prefix) => {
    expect(() => checkPrefix(prefix, 'prefix')).not.toThrow()
  })

  it.each<[unknown, string]>([
    [5, 'prefix must be a string, not 5'],
    [null, 'prefix must be a string, not null'],
    ['a{b', "prefix must not contain { or }: 'a{b'"],
    ['a}b', "prefix must not contain { or }: 'a}b'"],
    ['!a', "prefix must not begin with '!': '!a'"],
    ['\uD800', 'prefix must be well-formed text'],
    ['p'.repeat(342), 'prefix is too long'],
  ])('are refused by name: %o', (prefix, message) => {
    expect(refusalOf(() => checkPrefix(prefix, 'prefix'))).toContain(message)
  })
})
