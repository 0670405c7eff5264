import { describe, expect, it } from 'vitest'
import type { BaseCache, CacheOptions, Serializer } from '../../src/index.ts'
import { compression, encryption, WireFormat } from '../../src/serialization/index.ts'
import { onEveryEngine } from '../support/every-engine.ts'

/** Answers something else at each look, and counts them. */
class Fickle {
  looks = 0
  readonly #answers: readonly unknown[]

  constructor(...answers: readonly unknown[]) {
    this.#answers = answers
  }

  look(): unknown {
    return this.#answers[Math.min(this.looks++, this.#answers.length - 1)]
  }

  /** An object with a getter. */
  on<T extends object>(object: T, name: string | number = 'part'): T {
    return Object.defineProperty(object, name, {
      get: () => this.look(),
      enumerable: true,
      configurable: true,
    })
  }
}

/** Values in which one getter answers 10 first; each with what is to be read of it. */
const VALUES: Readonly<Record<string, (fickle: Fickle) => readonly [value: unknown, expected: unknown]>> = {
  'a record': (f) => [f.on({ id: 1 }), { id: 1, part: 10 }],
  'a record in a record': (f) => [
    { id: 1, inner: f.on({ a: 1 }) },
    { id: 1, inner: { a: 1, part: 10 } },
  ],
  'the third record in a record': (f) => [
    { a: {}, b: [1], c: f.on({ x: 1 }) },
    { a: {}, b: [1], c: { x: 1, part: 10 } },
  ],
  'a record deep inside': (f) => [{ a: { b: [{ c: f.on({}) }] } }, { a: { b: [{ c: { part: 10 } }] } }],
  'a record beside a Date': (f) => [
    { at: new Date(5), inner: f.on({}), list: [new Date(6)] },
    { at: new Date(5), inner: { part: 10 }, list: [new Date(6)] },
  ],
  'a record before a Date': (f) => [f.on({ id: 1 }), { id: 1, part: 10 }],
  'a record that occurs twice': (f) => {
    const twice = f.on({ x: 1 })
    return [
      { a: twice, b: twice },
      { a: { x: 1, part: 10 }, b: { x: 1, part: 10 } },
    ]
  },
  'a record in a circle': (f) => {
    const inner: Record<string, unknown> = f.on({})
    return [new Map([['k', inner]]), new Map([['k', { part: 10 }]])]
  },
  'a record in a large value': (f) => {
    const list = Array.from({ length: 100 }, (_, id) => ({ id, name: `n${id}`, tags: ['a', 'b'] }))
    return [
      { inner: f.on({}), list },
      { inner: { part: 10 }, list },
    ]
  },
  'the last of many properties': (f) => {
    const many = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`p${index}`, index]))
    return [f.on({ ...many }), { ...many, part: 10 }]
  },
  'an element of an array': (f) => [f.on([1, 2, 3], 1), [1, 10, 3]],
  'an element of an array in a record': (f) => [{ list: f.on([1, 2], 1) }, { list: [1, 10] }],
  'an element of an array with a hole': (f) => {
    const sparse: unknown[] = []
    sparse[3] = 1
    const expected: unknown[] = []
    expected[0] = 10
    expected[3] = 1
    return [f.on(sparse, 0), expected]
  },
  'the first element of a long array': (f) => {
    const long = Array.from({ length: 500 }, (_, index) => index)
    return [f.on([...long], 0), [10, ...long.slice(1)]]
  },
  'an object without a prototype': (f) => [
    f.on(Object.create(null) as object),
    Object.assign(Object.create(null) as object, { part: 10 }),
  ],
  'the value of a Map': (f) => [new Map([['k', f.on({})]]), new Map([['k', { part: 10 }]])],
  'an element of a Set': (f) => [new Set([f.on({})]), new Set([{ part: 10 }])],
  'an own property of an error': (f) => {
    const expected = Object.assign(new Error('no'), { part: 10 })
    return [f.on(Object.assign(new Error('no'), { stack: expected.stack })), expected]
  },
  'what toJSON answers': (f) => [{ made: new Made(f) }, { made: { x: 1, part: 10 } }],
}

class Made {
  readonly #fickle: Fickle
  constructor(fickle: Fickle) {
    this.#fickle = fickle
  }
  toJSON(): unknown {
    return this.#fickle.on({ x: 1 })
  }
}

const json: Serializer = {
  name: 'json',
  serialize: (value) => JSON.stringify(value),
  deserialize: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as unknown,
}
const cases = Object.entries(VALUES)
let made = 0

onEveryEngine('a getter', (maker) => {
  // Stores the value by a call, and reads it there and in another process.
  const stored = async (
    options: object,
    write: (cache: BaseCache) => Promise<unknown>,
  ): Promise<unknown[]> => {
    const of = { classes: 'plain', ...options, prefix: `getters${++made}:` } as CacheOptions
    const cache = await maker.make(of)
    const other = maker.isShared ? await maker.make(of) : undefined
    const written = await write(cache)
    const read = [...(written === true ? [] : [written]), await cache.get('k')]
    if (other !== undefined) read.push(await other.get('k'))
    await Promise.all([cache.close(), other?.close()])
    return read
  }

  it.each(cases)('is asked once in %s', async (_, make) => {
    for (const second of [Number.NaN, new Date(0)]) {
      for (const way of ['set', 'load'] as const) {
        const fickle = new Fickle(10, second)
        const [value, expected] = make(fickle)
        const read = await stored({}, async (cache) =>
          way === 'set' ? cache.set('k', value) : cache.getOrSet('k', () => value),
        )
        for (const one of read) expect(one, way).toEqual(expected)
        expect(fickle.looks, way).toBe(1)
      }
    }
  })

  it('keeps what it answers first, be it JSON or not', async () => {
    for (const first of [Number.NaN, -0, new Date(5), undefined, 1n]) {
      const fickle = new Fickle(first, 10)
      const read = await stored({}, async (cache) => cache.set('k', { inner: fickle.on({ a: 1 }) }))
      for (const one of read)
        expect(one).toEqual({ inner: { a: 1, ...(first === undefined ? {} : { part: first }) } })
      expect(fickle.looks).toBe(1)
    }
  })

  it('is asked once by a serializer, a weigher and whoever waits for the load', async () => {
    const fickle = new Fickle(10, Number.NaN)
    const weigher = (value: unknown): number => JSON.stringify(value).length
    const options = maker.name === 'memory' ? { maxWeight: 1000, weigher } : { serializer: json }
    const value = fickle.on({ id: 1 })
    const read = await stored(options, async (cache) => {
      const all = await Promise.all([1, 2, 3].map(() => cache.getOrSet('k', () => value)))
      expect(all).toEqual([
        { id: 1, part: 10 },
        { id: 1, part: 10 },
        { id: 1, part: 10 },
      ])
      return true
    })
    for (const one of read) expect(one).toEqual({ id: 1, part: 10 })
    expect(fickle.looks).toBe(1)
  })
})

describe('a getter under compression and encryption', () => {
  const formats = {
    compressed: { compression: compression({ threshold: 0 }) },
    encrypted: { encryption: encryption({ keys: { a: Buffer.alloc(32, 1) } }) },
    both: {
      compression: compression({ threshold: 0 }),
      encryption: encryption({ keys: { a: Buffer.alloc(32, 1) } }),
    },
  }
  for (const [name, options] of Object.entries(formats)) {
    it.each(cases)(`is asked once in %s, ${name}`, (_, make) => {
      const format = new WireFormat({ ...options, classes: 'plain' })
      const fickle = new Fickle(10, Number.NaN)
      const [value, expected] = make(fickle)
      expect(format.deserialize(format.serialize(value))).toEqual(expected)
      expect(fickle.looks).toBe(1)
    })
  }

  it('is not asked beyond the first objects of a large value, whose other objects may be read twice', () => {
    const fickle = new Fickle(10)
    const list = Array.from({ length: 100 }, (_, id) => ({ id }))
    new WireFormat().serialize({ list, inner: fickle.on({}) })
    expect(fickle.looks).toBe(2)
  })
})
