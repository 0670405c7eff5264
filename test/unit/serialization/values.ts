import { types } from 'node:util'
import vm from 'node:vm'
import { TypeRegistry } from '../../../src/serialization/json/registry.ts'
import type { ValueOptions } from '../../../src/serialization/json/rules.ts'

/** A class with a private field, as money and decimals are. */
export class Money {
  readonly cents: number
  constructor(cents: number) {
    this.cents = cents
  }
}

/** A class whose data are other values of the same class. */
export class Pair {
  readonly left: unknown
  readonly right: unknown
  constructor(left: unknown, right: unknown) {
    this.left = left
    this.right = right
  }
}

export const registry: TypeRegistry = new TypeRegistry()
  .register(Money, {
    encode: (money) => money.cents,
    decode: (cents: number) => new Money(cents),
  })
  .register(Pair, {
    encode: ({ left, right }) => [left, right],
    decode: ([left, right]: unknown[]) => new Pair(left, right),
  })

/** The list with holes at these places. */
export function holey(list: unknown[], ...places: number[]): unknown[] {
  for (const place of places) Reflect.deleteProperty(list, place)
  return list
}

/** A value inside of itself `depth` times, the innermost included. */
export function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = wrap(0)
  for (let level = 0; level < depth; level++) value = wrap(value)
  return value
}

export interface Kept {
  readonly value: unknown
  readonly expected: unknown
}

class HttpError extends TypeError {
  override name = 'HttpError'
  status = 404
  details = { at: new Date(1) }
}

/** Every row of the fidelity table that round-trips, and what comes back where that differs (it is documented). */
export function keptValues(): Record<string, Kept> {
  const shared = { at: new Date(5) }
  const circle: Record<string, unknown> = { a: shared, b: [shared, shared.at], index: new Map() }
  circle['self'] = circle
  ;(circle['index'] as Map<unknown, unknown>).set(circle, circle['index'])
  const cyclicSet = new Set<unknown>()
  cyclicSet.add(cyclicSet)
  const cyclicError = new Error('round')
  Object.defineProperty(cyclicError, 'cause', { value: { cyclicError } })
  const cyclicList: unknown[] = [1]
  cyclicList.push(cyclicList, holey([1, 2, cyclicList], 0))
  const money = new Money(5)
  const same: Record<string, unknown> = {
    null: null,
    booleans: [true, false],
    numbers: [0, 1.5, -2, 1e21, Number.MAX_SAFE_INTEGER, Number.MIN_VALUE],
    text: 'text',
    'long text': 'ä'.repeat(10_000),
    'long text with a lone surrogate': `${'x'.repeat(10_000)}\ud800`,
    'lone surrogates': ['\ud800', { '\udc00': 1 }],
    'undefined at the top': undefined,
    'undefined in arrays': [undefined, [undefined]],
    holes: [holey([1, 2, 3], 1), holey([1], 0), holey([undefined, new Date(1), 3, 4], 3, 2)],
    'NaN at the top': Number.NaN,
    'numbers that JSON has not': [Number.NaN, Infinity, -Infinity, -0, { a: -0 }],
    bigints: [0n, -1n, 2n ** 200n, -(2n ** 63n)],
    dates: [new Date(0), new Date(8.64e15), new Date(-8.64e15), new Date(Number.NaN)],
    'date at the top': new Date(1),
    'records with dates': Array.from({ length: 20 }, (_, id) => ({ id, at: new Date(id) })),
    'records with optional dates': Array.from({ length: 40 }, (_, id) => ({
      id,
      at: id % 3 ? new Date(id) : null,
    })),
    regexps: [/a[b/]c/giu, /\//, new RegExp(''), Object.assign(/x/g, { lastIndex: 3 })],
    map: new Map<unknown, unknown>([
      ['a', 1],
      [{ k: 1 }, new Set([1, 'a'])],
      [Number.NaN, -0],
      [undefined, undefined],
    ]),
    'empty map and set': [new Map(), new Set()],
    'nested maps and sets': new Map([[new Set([new Map([[1, new Date(1)]])]), new Set([new Set()])]]),
    urls: [new URL('https://user:pw@example.com:81/a?b=c#d'), new URLSearchParams('a=1&a=2&b=%20')],
    'typed arrays': [
      new Int8Array([-1]),
      new Uint8Array([1, 2]),
      new Uint8ClampedArray([3]),
      new Int16Array([-1, 2]),
      new Uint16Array([1]),
      new Int32Array([-1]),
      new Uint32Array([1]),
      new Float32Array([0.5]),
      new Float64Array([1, -0, Number.NaN]),
      new BigInt64Array([-1n]),
      new BigUint64Array([1n]),
    ],
    buffers: [
      Buffer.from('abc'),
      Uint8Array.from([1, 2, 3]).buffer,
      new DataView(new ArrayBuffer(3)),
      Buffer.alloc(0),
    ],
    'buffer at the top': Buffer.from('abc'),
    'Uint8Array at the top': new Uint8Array([1, 2]),
    'Float64Array at the top': new Float64Array([1, 2]),
    errors: [
      new HttpError('not found', { cause: new RangeError('inner', { cause: null }) }),
      new AggregateError([new TypeError('a'), 'b'], 'all', { cause: undefined }),
      Object.assign(new Error('code'), { code: 'E_CODE' }),
    ].map((error) => asStored(error)),
    'null prototype': [
      Object.assign(Object.create(null), { a: { b: 1 }, at: new Date(1) }),
      Object.create(null),
    ],
    'own __proto__ keys': JSON.parse('{"__proto__": {"polluted": {"deep": 1}}, "a": {"__proto__": 1}}'),
    'own __proto__ keys beside a date': Object.assign(JSON.parse('{"__proto__": {"polluted": 1}}'), {
      at: new Date(1),
    }),
    'a date at the key __proto__': Object.defineProperty({}, '__proto__', {
      value: new Date(1),
      enumerable: true,
    }),
    'constructor and prototype keys': {
      constructor: { prototype: { a: new Date(1) } },
      toString: 1,
      length: 2,
    },
    'odd keys': { '': 1, 'a.b': new Date(1), $: 2n, '0': new Date(2), '*': new Date(3), '[0]': 1 },
    'repeated and cyclic references': circle,
    'repeated references in plain data': { a: [1], ...((list) => ({ b: list, c: list }))([{ x: 1 }]) },
    'repeated dates': ((at) => [at, at, { at }])(new Date(1)),
    'cycles of every container': [cyclicSet, asStored(cyclicError), cyclicList],
    'a Map that holds itself': ((map) => map.set(map, { map }))(new Map<unknown, unknown>()),
    'registered classes': { money, pair: new Pair(money, new Pair(new Date(1), [money])) },
    'a registered class at the top': new Money(1),
    'depth 500': nested(499, (inner) => ({ inner })),
    'depth 500 of maps': nested(499, (inner) => new Map<unknown, unknown>([[inner, inner]])),
    'depth 500 of arrays with dates': nested(498, (inner) => [inner, new Date(1)]),
    'depth 500 of errors': nested(498, (cause) => asStored(new Error('x', { cause }))),
    'depth 250 of registered classes': nested(165, (inner) => new Pair(inner, 0)),
    '50,000 integers': Array.from({ length: 50_000 }, (_, index) => index),
  }
  const different: Record<string, Kept> = {
    'nothing of undefined properties': { value: { gone: undefined, kept: 1 }, expected: { kept: 1 } },
    'nothing of undefined properties beside a date': {
      value: { gone: undefined, at: new Date(1) },
      expected: { at: new Date(1) },
    },
    'nothing of symbol keys and hidden properties': {
      value: Object.defineProperty({ [Symbol('s')]: 1, a: 1 }, 'hidden', { value: 1 }),
      expected: { a: 1 },
    },
    'nothing of a hidden toJSON': {
      value: Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 'other' }),
      expected: { a: 1 },
    },
    'nothing of further properties of arrays': {
      value: Object.assign([1, 2], { extra: 1, toJSON: () => 'other' }),
      expected: [1, 2],
    },
    'what a getter answers': {
      value: {
        get at() {
          return 5
        },
      },
      expected: { at: 5 },
    },
    'the bytes a view shows': {
      value: { view: new Uint8Array(new ArrayBuffer(64), 16, 4) },
      expected: { view: new Uint8Array(4) },
    },
    'values of another realm': {
      value: vm.runInNewContext(
        '({ a: [1, { b: new Date(5) }], m: new Map([[1, new Set([2])]]), u: new Uint8Array(2) })',
      ),
      expected: { a: [1, { b: new Date(5) }], m: new Map([[1, new Set([2])]]), u: new Uint8Array(2) },
    },
    'errors of unregistered classes as their built-in type': {
      value: new HttpError('x'),
      expected: Object.defineProperty(
        Object.assign(asStored(new TypeError('x')) as object, { status: 404, details: { at: new Date(1) } }),
        'name',
        { value: 'HttpError' },
      ),
    },
  }
  for (const kept of Object.values(different)) hideStacks(kept.value, kept.expected)
  return {
    ...Object.fromEntries(Object.entries(same).map(([name, value]) => [name, { value, expected: value }])),
    ...different,
  }
}

/** Errors of subclasses come back as their built-in type, so the table holds only such errors. */
function asStored(value: unknown): unknown {
  if (!types.isNativeError(value)) return value
  value.stack = `${value.name}: ${value.message}\n    at a-test`
  if (value instanceof HttpError) Object.setPrototypeOf(value, TypeError.prototype)
  if (value instanceof HttpError || Object.hasOwn(value, 'name')) {
    Object.defineProperty(value, 'name', { value: 'HttpError', enumerable: false })
  }
  if (types.isNativeError(value.cause)) asStored(value.cause)
  if (value instanceof AggregateError) for (const error of value.errors as unknown[]) asStored(error)
  return value
}

function hideStacks(...values: unknown[]): void {
  for (const value of values) if (types.isNativeError(value)) value.stack = 'Error: x'
}

export interface Refused {
  readonly value: unknown
  readonly path: string
  readonly kind: string
  readonly options?: ValueOptions
}

/** How a path of many equal steps is cut. */
function longPath(step: string): string {
  const path = `$${step.repeat(1_000)}`
  return `${path.slice(0, 250)} … ${path.slice(-250)}`
}

/** What is refused, where the error says it is, and what it calls it. */
export function refusedValues(): Record<string, Refused> {
  class Unknown {
    a = 1
  }
  class Hidden {
    readonly #a = 1
    get a(): number {
      return this.#a
    }
  }
  class Loop {
    readonly self = this
  }
  class Json {
    toJSON(): unknown {
      return { json: this }
    }
  }
  const loops = new TypeRegistry().register(Loop, {
    encode: ({ self }) => ({ self }),
    decode: () => new Loop(),
  })
  const plain: ValueOptions = { classes: 'plain' }
  return {
    'a function': { value: { user: { save() {} } }, path: '$.user.save', kind: 'function' },
    'a function at the top': { value: () => 1, path: '$', kind: 'function' },
    'a toJSON of its own': { value: [{ a: 1, toJSON: () => 2 }], path: '$[0].toJSON', kind: 'function' },
    'a symbol': { value: [1, [Symbol('x')]], path: '$[1][0]', kind: 'symbol' },
    'a symbol at the top': { value: Symbol('x'), path: '$', kind: 'symbol' },
    'a Promise': { value: { 'odd name': Promise.resolve() }, path: '$["odd name"]', kind: 'Promise' },
    'a WeakMap': { value: new Map([['a', new WeakMap()]]), path: '$.get("a")', kind: 'WeakMap' },
    'a WeakRef': { value: new Map([[new WeakRef({}), 1]]), path: '$.keys()[0]', kind: 'WeakRef' },
    'a Proxy of a plain object': { value: { p: new Proxy({}, {}) }, path: '$.p', kind: 'Proxy' },
    'a Proxy of an array': { value: new Proxy([], {}), path: '$', kind: 'Proxy' },
    'a stream': {
      value: new Set([process.stdin]),
      path: '$.values()[0]',
      kind: process.stdin.constructor.name,
    },
    'a web stream': { value: { body: new ReadableStream() }, path: '$.body', kind: 'ReadableStream' },
    'a Response': { value: [new Response('x')], path: '$[0]', kind: 'Response' },
    Headers: { value: [new Headers()], path: '$[0]', kind: 'Headers' },
    'a Blob': { value: [new Blob([])], path: '$[0]', kind: 'Blob' },
    'a boxed number': { value: { n: new Number(1) }, path: '$.n', kind: 'Number' },
    'an iterator': {
      value: [[1].values()],
      path: '$[0]',
      kind: 'Iterator' in globalThis ? 'Iterator' : 'Array Iterator',
    },
    'a fake date': { value: Object.create(Date.prototype), path: '$', kind: 'Date' },
    'a fake URL': { value: [Object.create(URL.prototype)], path: '$[0]', kind: 'URL' },
    'a SharedArrayBuffer': { value: [new SharedArrayBuffer(1)], path: '$[0]', kind: 'SharedArrayBuffer' },
    'a long bigint': { value: [1n << 300_000n], path: '$[0]', kind: 'bigint' },
    'a long RegExp': { value: [new RegExp('a'.repeat(20_000))], path: '$[0]', kind: 'RegExp' },
    'an unregistered class': { value: { price: new Unknown() }, path: '$.price', kind: 'Unknown' },
    'a subclass of Map': { value: new (class Sub extends Map {})(), path: '$', kind: 'Sub' },
    'a subclass of Array': { value: { l: new (class List extends Array {})() }, path: '$.l', kind: 'List' },
    'a subclass of a registered class': {
      value: new (class Euro extends Money {})(1),
      path: '$',
      kind: 'Euro',
    },
    'a prototype that is a plain object': { value: Object.create({ a: 1 }), path: '$', kind: 'Object' },
    'a class with private fields only': {
      value: { h: new Hidden() },
      path: '$.h',
      kind: 'Hidden',
      options: plain,
    },
    'a stream as plain data': {
      value: { s: process.stdin },
      path: '$.s',
      kind: process.stdin.constructor.name,
      options: plain,
    },
    'a function in plain data': {
      value: [Object.assign(new Unknown(), { f() {} })],
      path: '$[0].f',
      kind: 'function',
      options: plain,
    },
    'a toJSON that leads back': {
      value: [new Json()],
      path: '$[0].toJSON().json',
      kind: 'Json',
      options: plain,
    },
    'a registered class that leads back': {
      value: [new Loop()],
      path: '$[0].encode().self',
      kind: 'Loop',
      options: { registry: loops },
    },
    'a getter that throws': {
      value: {
        inner: {
          get broken(): never {
            throw new Error('no')
          },
        },
      },
      path: '$.inner',
      kind: 'throws',
    },
    'too much depth': {
      value: nested(501, (inner) => ({ inner })),
      path: longPath('.inner'),
      kind: 'depth',
    },
    'depth beyond the stack': {
      value: nested(30_000, (inner) => [inner]),
      path: longPath('[0]'),
      kind: 'depth',
      options: { maxDepth: 1_000_000 },
    },
    'a huge array': { value: Object.assign([], { length: 4_294_967_295 }), path: '$', kind: 'count' },
    'too many parts': { value: [1, [2, 3]], path: '$[1]', kind: 'count', options: { maxCount: 3 } },
  }
}
