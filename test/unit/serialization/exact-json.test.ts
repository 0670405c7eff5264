import { describe, expect, it, vi } from 'vitest'
import { exactJson } from '../../../src/serialization/json/exact-json.ts'
import { resolveRules } from '../../../src/serialization/json/rules.ts'

function isExact(value: unknown, options = {}): boolean {
  return typeof exactJson(value, resolveRules(options)) === 'string'
}

/** A value where the short walk meets it, and where only the large walk does. */
const places: [name: string, put: (value: unknown) => unknown][] = [
  ['alone', (value) => value],
  ['in a record', (value) => ({ id: 1, value })],
  ['as the second object of a record', (value) => ({ tags: ['a'], value })],
  ['as the third object of a record', (value) => ({ tags: ['a'], more: {}, value })],
  ['in an array in a record', (value) => ({ list: [value] })],
  ['in a record in a record', (value) => ({ inner: { value } })],
  ['deeper', (value) => ({ a: { b: [{ value }] } })],
]

describe('a value that JSON does not keep', () => {
  class Point {
    x = 1
  }
  const values: [name: string, make: () => unknown][] = [
    ['NaN', () => Number.NaN],
    ['negative zero', () => -0],
    ['an infinity', () => Infinity],
    ['a BigInt', () => 1n],
    ['a function', () => () => 1],
    ['a Date', () => new Date(0)],
    ['a Map', () => new Map()],
    ['an instance', () => new Point()],
    ['an object without a prototype', () => Object.create(null) as unknown],
    ['an object over another', () => Object.create({ inherited: 1 }) as unknown],
    ['a Proxy of an object', () => new Proxy({}, {})],
    ['a Proxy of an array', () => new Proxy([], {})],
    ['a hole', () => Array(1)],
    ['undefined in an array', () => [undefined]],
    ['an array with the prototype of objects', () => Object.setPrototypeOf([1], Object.prototype) as unknown],
    ['an object with the prototype of arrays', () => Object.setPrototypeOf({}, Array.prototype) as unknown],
    [
      'a getter that throws',
      () => ({
        get part(): never {
          throw new Error('no')
        },
      }),
    ],
  ]
  for (const [name, make] of values) {
    it.each(places)(`is found: ${name} %s`, (_place, put) => {
      expect(isExact(put(make()))).toBe(false)
    })
  }
})

describe('an exact value', () => {
  it('is one without a toJSON that is no property to be stored', () => {
    const hidden = Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 1 })
    expect(exactJson(hidden, resolveRules())).toBe('{"a":1}')
    expect(exactJson({ hidden, more: [hidden] }, resolveRules())).not.toBeTypeOf('string')
  })

  it.each(places)('is taken for one %s', (_place, put) => {
    for (const value of ['text', 0, null, true, {}, [], { a: undefined }, [1, 'b', null]]) {
      expect(isExact(put(value))).toBe(true)
    }
  })
})

describe('an object that occurs twice', () => {
  it.each<[string, (part: object) => unknown]>([
    ['in a record', (part) => ({ a: part, b: part })],
    ['beside others', (part) => ({ a: part, b: {}, c: [], d: part })],
    ['at two depths', (part) => ({ a: part, b: { part } })],
    ['in an array', (part) => [part, part]],
    ['far apart', (part) => [part, Array.from({ length: 40 }, () => ({})), part]],
  ])('is found %s', (_place, make) => {
    for (const part of [{}, [], { x: 1 }, ['x'], { deep: { x: 1 } }]) {
      expect(isExact(make(part))).toBe(false)
    }
  })
})

describe('the limit of parts', () => {
  it.each([3, 62, 63, 64, 65, 100])('of %i is exact', (maxCount) => {
    const shapes: ((parts: number) => unknown)[] = [
      (parts) => Array.from({ length: parts }, () => 1),
      (parts) => ({ list: Array.from({ length: parts - 1 }, () => 1) }),
      (parts) => Object.fromEntries(Array.from({ length: parts }, (_, index) => [`p${index}`, index])),
      (parts) => ({ list: Array.from({ length: parts - 2 }, () => 1), last: {} }),
    ]
    for (const make of shapes) {
      expect(isExact(make(maxCount), { maxCount })).toBe(true)
      expect(isExact(make(maxCount + 1), { maxCount })).toBe(false)
    }
  })
})

describe('bytes', () => {
  const kinds: [name: string, make: () => object][] = [
    ['a Buffer', () => Buffer.alloc(100_000)],
    ['a Float64Array', () => new Float64Array(100_000)],
    ['a boxed text', () => new String('x'.repeat(100_000))],
  ]
  it.each(kinds)('of %s are not looked at one by one', (_name, make) => {
    const value = make()
    const look = vi.spyOn(Object, 'getOwnPropertyDescriptor')
    for (const [, put] of places) isExact(put(value))
    const looks = look.mock.calls.length
    look.mockRestore()
    expect(looks).toBeLessThan(100)
  })
})
