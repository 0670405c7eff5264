import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonical } from '../../../src/keys/canonical.ts'
import { KeyError } from '../../../src/core/errors.ts'
import { checkKey } from '../../../src/keys/key.ts'
import { key } from '../../../src/keys/key-builder.ts'

describe('key()', () => {
  it.each<[string, string]>([
    [key('user', 123), 'user:123'],
    [key('user', '123'), 'user:123'],
    [key('user', 123n), 'user:123'],
    [key('flag', true), 'flag:true'],
    [key('product', 'a', 'b', 7), 'product:a:b:7'],
    [key('user'), 'user'],
    [key('user', 'list', { page: 2 }), 'user:list:{"page":2}'],
    [key('user', 'list', { page: 2, order: 'name' }), 'user:list:{"order":"name","page":2}'],
    [key('user', 'list', [1, 'a', null]), 'user:list:[1,"a",null]'],
    [key('user', 'list', {}), 'user:list:{}'],
    [key.fn('billing', 'invoice', [7, 'EUR']), 'billing:invoice:[7,"EUR"]'],
    [key.fn('billing', 'invoice', []), 'billing:invoice:[]'],
    [key.fn('billing', 'invoice', [undefined]), 'billing:invoice:[[undefined]]'],
    [key('report', new Date(0)), 'report:[Date 1970-01-01T00:00:00.000Z]'],
    [key('tags', new Set(['a'])), 'tags:[Set ["a"]]'],
    [key('map', new Map([['a', 1]])), 'map:[Map [["a",1]]]'],
  ])('builds the formats of the conventions: %s', (built, expected) => {
    expect(built).toBe(expected)
  })

  it('keeps ids apart that hold separators', () => {
    expect(key('user', 'a:b')).toBe('user:a%3Ab')
    expect(key('user', 'a', 'b')).toBe('user:a:b')
    expect(key('user', 'a%3Ab')).toBe('user:a%253Ab')
  })

  it('makes no name that the library keeps for itself, whatever the parts are', () => {
    const parts = [
      ['a!lock', 1],
      ['a!lock', '1', 2],
      ['a', 'b!tag', { c: 1 }],
      ['a%21lock', 1],
      ['a', '!lock', 1],
    ] as const
    const built = parts.map(([entity, ...rest]) => key(entity, ...rest))
    for (const one of built) expect(() => checkKey(one, '')).not.toThrow()
    expect(new Set(built).size).toBe(parts.length)
  })

  it('keeps ids apart from parameters that look the same', () => {
    expect(key('user', '{"page":2}')).not.toBe(key('user', { page: 2 }))
    expect(key('user', '[1]')).not.toBe(key('user', [1]))
  })

  it('never builds a key that the library keeps for itself', () => {
    expect(key('!lease', 1)).toBe('%21lease:1')
  })

  it('replaces long parameters by their SHA-256', () => {
    const long = { text: 'x'.repeat(500) }

    expect(key('page', long)).toMatch(/^page:\[sha256 [0-9a-f]{64}\]$/)
    expect(key('page', long)).toBe(key('page', { text: 'x'.repeat(500) }))
    expect(key('page', long)).not.toBe(key('page', { text: 'x'.repeat(501) }))
    expect(key.fn('a', 'b', ['x'.repeat(500)])).toMatch(/^a:b:\[sha256 [0-9a-f]{64}\]$/)
  })

  it('keeps parameters of 200 characters readable and no longer ones', () => {
    const withLength = (length: number): string => key('p', ['y'.repeat(length - 4)])

    expect(withLength(200)).toContain('yyy')
    expect(withLength(201)).toContain('[sha256 ')
  })

  class User {
    readonly id = 1
  }
  const circle: Record<string, unknown> = {}
  circle['self'] = circle

  it.each<[string, () => string, string]>([
    ['an empty entity', () => key(''), 'must not be empty'],
    ['an empty id', () => key('user', ''), 'must not be empty'],
    ['undefined', () => key('user', undefined as never), 'not undefined'],
    ['null', () => key('user', null as never), 'not null'],
    ['NaN', () => key('user', NaN), 'not NaN'],
    ['Infinity', () => key('user', Infinity), 'not Infinity'],
    ['a function', () => key('user', () => 1), 'not function'],
    ['a symbol', () => key('user', Symbol('s') as never), 'not Symbol(s)'],
    ['lone surrogates', () => key('user', '\uD800'), 'well-formed'],
    ['a function in parameters', () => key('user', { by: () => 1 }), '$.by is a function'],
    ['a symbol in parameters', () => key('user', { by: [Symbol('s')] }), '$.by[0] is a symbol'],
    ['an instance', () => key('user', new User()), '$ is an instance of User'],
    ['an instance in parameters', () => key('user', { u: new User() }), '$.u is an instance of User'],
    ['a circle', () => key('user', circle), '$.self refers back to itself'],
  ])('refuses %s', (_, build, message) => {
    expect(build).toThrow(KeyError)
    expect(build).toThrow(message)
  })
})

// Few, confusable leaves, so that two generated values often are equal or nearly so.
const leaf = fc.constantFrom<unknown>(
  null,
  undefined,
  true,
  'true',
  'null',
  'undefined',
  '[undefined]',
  '',
  '1',
  1,
  1n,
  '-0',
  -0,
  0,
  NaN,
  'NaN',
  Infinity,
  '{}',
  '[]',
  '",',
  '\\',
  '\uD800',
  '\\ud800',
  new Date(0),
  new Date(NaN),
  '[Date invalid]',
  new Date(0).toISOString(),
  new URL('https://a.example/'),
  'https://a.example/',
  /a/,
  /a/g,
  new Uint8Array([1]),
  new Int8Array([1]),
  Buffer.from([1]),
)
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'a,b', '"', '__proto__', ''), tie('value'), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
    fc.array(fc.tuple(leaf, tie('value')), { maxLength: 2 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 2 }).map((items) => new Set(items)),
  ),
}))

/** The same value with the keys of every object in the opposite order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered)
  if (value instanceof Map) return new Map(Array.from(value, ([name, part]) => [name, reordered(part)]))
  if (value instanceof Set) return new Set(Array.from(value, reordered))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value
  const copy = {}
  for (const [name, part] of Object.entries(value).toReversed()) {
    Object.defineProperty(copy, name, { value: reordered(part), enumerable: true })
  }
  return copy
}

describe('canonical text', () => {
  it('never meets for different values', () => {
    fc.assert(
      fc.property(fc.array(anyValue, { minLength: 20, maxLength: 60 }), (values) => {
        const byText = new Map<string, unknown>()
        const met = values.filter((value) => {
          const text = canonical(value)
          const other = byText.has(text) ? byText.get(text) : value
          byText.set(text, value)
          return !isDeepStrictEqual(other, value)
        })
        expect(met).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it('meets for equal values, whatever the order of their object keys', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(canonical(reordered(value))).toBe(canonical(value))
      }),
      { numRuns: 2000 },
    )
  })

  it('is well-formed, so that it can be part of a key', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(canonical(value).isWellFormed()).toBe(true)
      }),
    )
  })

  it.each<[unknown, unknown]>([
    [{ a: undefined }, {}],
    [{ a: 1 }, { a: '1' }],
    [1, 1n],
    [0, -0],
    [new Map([['a', 1]]), { a: 1 }],
    [new Set([1]), [1]],
    [new Date(0), new Date(0).toISOString()],
    [[undefined], [null]],
    [NaN, null],
    [[[1], 2], [[1, 2]]],
    [/a/g, /a/i],
    [new Uint8Array([1, 2]), [1, 2]],
  ])('differs: %o and %o', (one, other) => {
    expect(canonical(one)).not.toBe(canonical(other))
  })

  it('counts the order of entries in a Map and a Set', () => {
    expect(canonical(new Set([1, 2]))).not.toBe(canonical(new Set([2, 1])))
    expect(
      canonical(
        new Map([
          [1, 1],
          [2, 2],
        ]),
      ),
    ).not.toBe(
      canonical(
        new Map([
          [2, 2],
          [1, 1],
        ]),
      ),
    )
  })
})
