import { describe, expect, test } from 'vitest'
import { KeyHash, mix } from '../../../src/internal/hash.ts'

describe('KeyHash', () => {
  test('gives equal keys equal hashes', () => {
    const hash = new KeyHash(1)
    const object = {}
    const symbol = Symbol('s')
    for (const key of [
      '',
      'abc',
      'ä'.repeat(300),
      0,
      -5,
      1.5,
      NaN,
      2 ** 60,
      10n,
      true,
      undefined,
      null,
      object,
      symbol,
    ]) {
      expect(hash.of(key)).toBe(hash.of(key))
      expect(Number.isInteger(hash.of(key))).toBe(true)
    }
    expect(hash.of(0)).toBe(hash.of(-0))
    expect(hash.of(`a${'b'.repeat(20)}`)).toBe(hash.of(['a', 'b'.repeat(20)].join('')))
    expect(hash.of(Symbol.for('x'))).toBe(hash.of(Symbol.for('x')))
  })

  test('spreads keys of every kind over the whole range', () => {
    const hash = new KeyHash(2)
    const kinds: [string, (i: number) => unknown][] = [
      ['short text', (i) => `user:${i}`],
      ['long text', (i) => `${'x'.repeat(100)}${i}${'y'.repeat(100)}`],
      ['text that differs at the end', (i) => `${'x'.repeat(200)}${i}`],
      ['integers', (i) => i],
      ['fractions', (i) => i + 0.5],
      ['objects', () => ({})],
      ['big integers', (i) => BigInt(i)],
    ]
    for (const [kind, make] of kinds) {
      const buckets = new Int32Array(64)
      const seen = new Set<number>()
      for (let i = 0; i < 6400; i++) {
        const h = hash.of(make(i))
        seen.add(h)
        buckets[h & 63]!++
        buckets[h >>> 26]!++
      }
      // Long text is read at both ends only, so one that differs in the middle collides by design.
      if (kind === 'long text') continue
      expect([kind, seen.size > 6390]).toEqual([kind, true])
      expect([kind, Math.max(...buckets) < 300 && Math.min(...buckets) > 120]).toEqual([kind, true])
    }
  })

  test('depends on the seed', () => {
    const one = new KeyHash(1)
    const other = new KeyHash(2)
    let equal = 0
    for (let i = 0; i < 1000; i++) if (one.of(`k${i}`) === other.of(`k${i}`)) equal++
    expect(equal).toBeLessThan(5)
  })
})

describe('mix', () => {
  test('never maps two integers to one', () => {
    const seen = new Set<number>()
    for (let i = -50_000; i < 50_000; i++) seen.add(mix(i))
    expect(seen.size).toBe(100_000)
  })
})
