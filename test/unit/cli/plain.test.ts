import { describe, expect, it } from 'vitest'
import { plainOf } from '../../../src/cli/plain.ts'

describe('the JSON of a value', () => {
  const circle: { self?: unknown } = {}
  circle.self = circle
  const shared = { a: 1 }

  it.each<[string, unknown, string]>([
    [
      'infinity',
      { most: Infinity, least: -Infinity, none: NaN },
      '{"most":"Infinity","least":"-Infinity","none":"NaN"}',
    ],
    ['big integers', [12n], '["12"]'],
    [
      'bytes',
      { bytes: Uint8Array.of(1, 2, 255), buffer: Buffer.from('hi') },
      '{"bytes":"AQL/","buffer":"aGk="}',
    ],
    ['a part of a buffer', new DataView(Uint8Array.of(0, 1, 2, 255).buffer, 1), '"AQL/"'],
    ['other typed arrays', Float32Array.of(0.5, 2), '[0.5,2]'],
    ['maps and sets', new Map([[{ id: 1 }, new Set([NaN])]]), '[[{"id":1},["NaN"]]]'],
    ['a cycle', circle, '{"self":"[circular]"}'],
    ['a value in two places', [shared, shared], '[{"a":1},{"a":1}]'],
    ['dates', [new Date(0), new Date(NaN)], '["1970-01-01T00:00:00.000Z","Invalid Date"]'],
    ['patterns and addresses', [/a+/g, new URL('http://a/b')], '["/a+/g","http://a/b"]'],
    ['an error', new RangeError('far'), '{"name":"RangeError","message":"far"}'],
    ['nothing', null, 'null'],
    ['a name that is a trap', JSON.parse('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}'],
  ])('has %s', (_, value, text) => {
    expect(JSON.stringify(plainOf(value))).toBe(text)
  })
})
