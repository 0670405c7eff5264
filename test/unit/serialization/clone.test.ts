import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { admit, copy, freeze, reveal } from '../../../src/serialization/clone.ts'
import { TypeRegistry } from '../../../src/serialization/json/registry.ts'
import { resolveRules, type ValueOptions } from '../../../src/serialization/json/rules.ts'
import { differences } from './differences.ts'

function roundTrip(value: unknown, options: ValueOptions = {}): unknown {
  const { stored, refused } = admit(value, resolveRules(options))
  if (refused !== undefined) throw refused
  return copy(stored)
}

function refusalOf(value: unknown, options: ValueOptions = {}): { path: string; kind: string } {
  const { refused } = admit(value, resolveRules(options))
  if (refused === undefined) throw new Error(`${inspect(value)} is admitted`)
  expect(refused.name).toBe('SerializationError')
  expect(refused.message).toContain(refused.path)
  return { path: refused.path, kind: refused.kind }
}

/** The list with holes at these places. */
function holey(list: unknown[], ...places: number[]): unknown[] {
  for (const place of places) Reflect.deleteProperty(list, place)
  return list
}

class Money {
  readonly cents: number
  constructor(cents: number) {
    this.cents = cents
  }
}

class SubMap extends Map<number, number> {}

class Point {
  readonly #x = 1
  get x(): number {
    return this.#x
  }
}

describe('admit and copy', () => {
  const kept: Record<string, unknown> = {
    null: null,
    text: 'text',
    'lone surrogate': '\ud800',
    'negative zero': -0,
    NaN: Number.NaN,
    infinity: -Infinity,
    bigint: 2n ** 70n,
    undefined: undefined,
    'plain object': { a: 1, b: { c: [1, 2, { d: null }] } },
    'null prototype': { inner: Object.assign(Object.create(null), { a: 1 }) },
    'undefined in array and map': [undefined, new Map([[undefined, undefined]])],
    'array with holes': { list: holey([1, 2, 3, 4, undefined], 1, 3) },
    date: { at: new Date(5), never: new Date(Number.NaN) },
    map: new Map<unknown, unknown>([
      [{ k: 1 }, new Set([1, 'a'])],
      [Number.NaN, -0],
    ]),
    regexp: [/a[b/]c/giu, /\//],
    url: [new URL('https://example.com/a?b=c#d'), new URLSearchParams('a=1&a=2')],
    views: [new Float64Array([1, -0, Number.NaN]), new BigInt64Array([1n]), new Uint8Array([1, 2])],
    buffers: [Buffer.from('abc'), new Uint8Array([1, 2, 3]).buffer, new DataView(new ArrayBuffer(3))],
    'own __proto__': JSON.parse('{"__proto__": {"polluted": {"deep": 1}}, "a": {"__proto__": 1}}'),
    'constructor key': { constructor: { prototype: { a: 1 } }, toString: 1 },
  }
  for (const [name, value] of Object.entries(kept)) {
    it(`keeps ${name}`, () => {
      const result = roundTrip(value)
      expect(differences(result, value)).toEqual([])
      expect(Object.is(result, value)).toBe(typeof value !== 'object' || value === null)
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    })
  }

  it('gives every reader a copy of its own', () => {
    const source = {
      list: [1],
      at: new Date(1),
      index: new Map([['a', { n: 1 }]]),
      bytes: Buffer.from('abc'),
    }
    const { stored } = admit(source)
    source.list.push(2)
    source.at.setTime(2)
    source.index.get('a')!.n = 2
    source.bytes[0] = 0
    const first = copy(stored!) as typeof source
    expect(first).toEqual({
      list: [1],
      at: new Date(1),
      index: new Map([['a', { n: 1 }]]),
      bytes: Buffer.from('abc'),
    })
    first.list.push(3)
    first.at.setTime(3)
    first.index.get('a')!.n = 3
    first.bytes[0] = 1
    expect(copy(stored!)).toEqual({
      list: [1],
      at: new Date(1),
      index: new Map([['a', { n: 1 }]]),
      bytes: Buffer.from('abc'),
    })
  })

  it('keeps a hole a hole and drops properties that are undefined', () => {
    const result = roundTrip({ list: holey([1, 2, 3], 1), gone: undefined, kept: 1 }) as { list: unknown[] }
    expect(1 in result.list).toBe(false)
    expect(Object.keys(result)).toEqual(['list', 'kept'])
  })

  it('keeps repeated and cyclic references', () => {
    const shared = { at: new Date(1) }
    const value: Record<string, unknown> = { a: shared, b: [shared, shared.at], index: new Map() }
    value['self'] = value
    ;(value['index'] as Map<unknown, unknown>).set(value, value['index'])
    const result = roundTrip(value) as {
      a: typeof shared
      b: unknown[]
      self: unknown
      index: Map<unknown, unknown>
    }
    expect(result.self).toBe(result)
    expect(result.b[0]).toBe(result.a)
    expect(result.b[1]).toBe(result.a.at)
    expect(result.index.get(result)).toBe(result.index)
    expect(result.a).not.toBe(shared)
  })

  it('copies the bytes a view shows, not the buffer behind it', () => {
    const backing = new ArrayBuffer(8192)
    const result = roundTrip({ view: new Uint8Array(backing, 16, 4), pooled: Buffer.from('abc') }) as {
      view: Uint8Array
      pooled: Buffer
    }
    expect(result.view.buffer.byteLength).toBe(4)
    expect(result.pooled.buffer.byteLength).toBe(3)
    expect(Buffer.isBuffer(result.pooled)).toBe(true)
    expect(Buffer.isBuffer(result.view)).toBe(false)
  })

  it('keeps errors with type, name, cause, errors and own properties', () => {
    class HttpError extends TypeError {
      override name = 'HttpError'
      status = 404
    }
    const error = new HttpError('not found', { cause: new AggregateError([new RangeError('x')], 'all') })
    const result = roundTrip({ error }) as { error: HttpError & { cause: AggregateError } }
    expect(result.error).toBeInstanceOf(TypeError)
    expect(result.error).toMatchObject({
      name: 'HttpError',
      message: 'not found',
      status: 404,
      stack: error.stack,
    })
    expect(result.error.cause).toBeInstanceOf(AggregateError)
    expect(result.error.cause.errors[0]).toBeInstanceOf(RangeError)
    expect(Object.keys(result.error)).toEqual(['status'])
  })

  it('refuses what holds no data and names the path', () => {
    expect(refusalOf({ user: { save() {} } })).toEqual({ path: '$.user.save', kind: 'function' })
    expect(refusalOf([1, [Symbol('x')]])).toEqual({ path: '$[1][0]', kind: 'symbol' })
    expect(refusalOf({ 'odd name': Promise.resolve() })).toEqual({ path: '$["odd name"]', kind: 'Promise' })
    expect(refusalOf(new Map([['a', new WeakMap()]]))).toEqual({ path: '$.get("a")', kind: 'WeakMap' })
    expect(refusalOf({ p: new Proxy({}, {}) })).toEqual({ path: '$.p', kind: 'Proxy' })
    expect(refusalOf(new Set([process.stdout])).path).toBe('$.values()[0]')
    expect(refusalOf({ n: new Number(1) }).kind).toBe('Number')
    expect(refusalOf(Object.create(Date.prototype)).kind).toBe('Date')
    expect(refusalOf(1n << 300_000n).kind).toBe('bigint')
  })

  it('refuses instances of unregistered classes with both remedies', () => {
    const { refused } = admit({ price: new Money(5) })
    expect(refused?.message).toMatch(/^\$\.price: an instance of Money .*register\(Money, .*classes: 'plain'/)
    expect(refusalOf(new (class Sub extends Map {})()).kind).toBe('Sub')
    expect(refusalOf(new (class List extends Array {})()).kind).toBe('List')
  })

  it("stores the data of unregistered classes under classes: 'plain'", () => {
    expect(roundTrip({ price: new Money(5) }, { classes: 'plain' })).toStrictEqual({ price: { cents: 5 } })
    class Doc {
      toJSON(): object {
        return { at: new Date(1) }
      }
    }
    expect(roundTrip([new Doc()], { classes: 'plain' })).toStrictEqual([{ at: new Date(1) }])
    expect(roundTrip(new SubMap([[1, 2]]), { classes: 'plain' })).toStrictEqual(new Map([[1, 2]]))
    expect(refusalOf({ point: new Point() }, { classes: 'plain' }).path).toBe('$.point')
    expect(refusalOf({ s: process.stdout }, { classes: 'plain' }).path).toBe('$.s')
  })

  it('gives registered classes back as instances', () => {
    const registry = new TypeRegistry().register(Money, {
      encode: (money) => ({ cents: money.cents }),
      decode: ({ cents }: { cents: number }) => new Money(cents),
    })
    const price = new Money(5)
    const result = roundTrip({ price, again: price }, { registry }) as { price: Money; again: Money }
    expect(result.price).toBeInstanceOf(Money)
    expect(result.price.cents).toBe(5)
    expect(result.again).toBe(result.price)
    expect(roundTrip(price, { registry })).toStrictEqual(price)
  })

  it('refuses a registered class whose data contain the instance', () => {
    class Node {
      self = this
    }
    const registry = new TypeRegistry().register(Node, {
      encode: (node) => ({ self: node.self }),
      decode: () => new Node(),
    })
    expect(refusalOf([new Node()], { registry }).path).toBe('$[0].encode().self')
  })

  it('refuses what is too deep or too large', () => {
    let deep: unknown = 1
    for (let level = 0; level < 500; level++) deep = [deep]
    expect(roundTrip(deep)).toEqual(deep)
    expect(refusalOf([[deep]]).kind).toBe('depth')
    for (let level = 0; level < 20_000; level++) deep = { deep }
    expect(refusalOf(deep).kind).toBe('depth')
    expect(refusalOf(deep, { maxDepth: 1_000_000 }).kind).toBe('depth')
    expect(refusalOf(Object.assign([], { length: 4_294_967_295 })).kind).toBe('count')
    expect(refusalOf([1, 2, 3], { maxCount: 2 }).kind).toBe('count')
  })

  it('refuses a value whose getter throws', () => {
    const value = {
      get broken(): never {
        throw new Error('no')
      },
    }
    expect(refusalOf({ value })).toEqual({ path: '$.value', kind: 'throws' })
  })

  it('stays exact when Object.prototype has enumerable additions', () => {
    const prototype = Object.prototype as { extra?: object }
    prototype.extra = { a: 1 }
    try {
      const result = roundTrip({ a: { b: 1 } }) as { a: object }
      expect(Object.keys(result)).toEqual(['a'])
      expect(Object.keys(result.a)).toEqual(['b'])
    } finally {
      delete prototype.extra
    }
  })
})

describe('freeze', () => {
  it('freezes plain values in depth, circles included', () => {
    const value: Record<string, unknown> = { list: [{ a: 1 }], nothing: null }
    value['self'] = value
    const { stored } = admit(value)
    expect(freeze(stored!)).toBe(true)
    const shared = reveal(stored!) as { list: object[]; self: unknown }
    expect(shared.self).toBe(shared)
    expect(Object.isFrozen(shared.list[0])).toBe(true)
    expect(Object.isFrozen(value)).toBe(false)
    expect(Object.isFrozen(copy(stored!))).toBe(false)
  })

  it('answers false for what can not be frozen', () => {
    for (const value of [{ at: new Date(1) }, [new Map()], { a: [Buffer.from('a')] }, new Set()]) {
      expect(freeze(admit(value).stored!)).toBe(false)
    }
    expect(freeze(admit('text').stored!)).toBe(true)
  })
})
