import { Money, Pair } from '../../values.ts'

/** The envelope of every golden frame. */
export const envelope = {
  ttlMs: 1_800_000,
  graceMs: 60_000,
  loadMs: 42,
  rowVersion: 0x0123_4567_89ab_cdefn,
  tags: [
    { tag: 'users', hard: '00112233445566ff', soft: 3 },
    { tag: 'größe', hard: 'ffeeddccbbaa9900', soft: 0 },
  ],
}

/** The key of the golden encrypted frames, by its name. */
export const keys: Record<string, Uint8Array> = { k1: Buffer.from('0123456789abcdef0123456789abcdef') }
/** The cache key under which they are stored. */
export const cacheKey = 'app:user:1'

const plain = { id: 1, name: 'Zoë', roles: ['admin'], score: 1.5, active: true, nothing: null }

function sparse(): unknown[] {
  const list: unknown[] = [1]
  list[3] = new Date(3)
  return list
}

function cyclic(): unknown {
  const author = { name: 'Ada' }
  const value: Record<string, unknown> = { first: author, second: author, at: new Date(0) }
  value['self'] = value
  value['index'] = new Map<unknown, unknown>([
    [author, value],
    ['list', new Set([author])],
  ])
  return value
}

function failure(): Error {
  const cause = Object.assign(new RangeError('inner'), { code: 'E_INNER' })
  cause.stack = 'RangeError: inner\n    at golden'
  const error = new AggregateError([cause], 'all', { cause })
  error.stack = 'AggregateError: all\n    at golden'
  Object.defineProperty(error, 'name', { value: 'GoldenError', configurable: true, writable: true })
  return error
}

/** Every mark of the revive tree. */
function everything(): unknown {
  return {
    plain,
    undefined: [undefined],
    numbers: [Number.NaN, Infinity, -Infinity, -0],
    bigints: [0n, 255n, -255n, 2n ** 100n],
    dates: [new Date('2026-11-24T10:20:30.400Z'), new Date(-1), new Date(8.64e15), new Date(Number.NaN)],
    records: [1, 2, 3].map((id) => ({ id, at: new Date(id) })),
    optional: Array.from({ length: 12 }, (_, id) => ({ id, at: id % 2 === 0 ? null : new Date(id) })),
    patterns: [/a\/b/giu, Object.assign(/x/y, { lastIndex: 2 })],
    urls: [new URL('https://user@example.com:8443/p?q=1#h'), new URLSearchParams('a=1&a=2')],
    map: new Map<unknown, unknown>([
      ['a', 1],
      [2n, new Date(0)],
    ]),
    set: new Set([1, 'a', new Set([undefined])]),
    sparse: sparse(),
    nothing: Object.assign(Object.create(null), { at: new Date(0) }),
    proto: Object.defineProperty({}, '__proto__', {
      value: new Date(0),
      enumerable: true,
      writable: true,
      configurable: true,
    }),
    bytes: [
      Buffer.from('abc'),
      Uint8Array.of(1, 2),
      Uint8Array.of(3).buffer,
      new DataView(Uint8Array.of(4, 5).buffer),
    ],
    typed: [
      Int8Array.of(-1),
      Uint8ClampedArray.of(1),
      Int16Array.of(-2),
      Uint16Array.of(2),
      Int32Array.of(-3),
      Uint32Array.of(3),
      Float32Array.of(0.5),
      Float64Array.of(-0.25),
      BigInt64Array.of(-4n),
      BigUint64Array.of(4n),
    ],
    money: new Money(499),
    pair: new Pair(new Money(1), [new Date(1)]),
  }
}

/** How a golden file was made, and the value that it must give for ever. */
export interface GoldenCase {
  readonly value: unknown
  readonly framed?: boolean
  readonly codec?: 'gzip' | 'brotli' | 'zstd'
  readonly encrypted?: boolean
  /** A value that only a serializer of the user's own reads: it was written by the one named `hex`. */
  readonly custom?: boolean
}

/** The golden files of version 1 by name. Cases are added, never changed. */
export function goldenCases(): Record<string, GoldenCase> {
  const long = { text: 'cache '.repeat(500), plain }
  return {
    'bare-object': { value: plain },
    'bare-integer': { value: 41 },
    'bare-text': { value: 'Zoë' },
    'bare-null': { value: null },
    'raw-buffer': { value: Buffer.from([0, 1, 2, 253, 254, 255]) },
    'raw-uint8array': { value: Uint8Array.of(193, 19), framed: true },
    text: { value: 'ä€😀'.repeat(1_500) },
    json: { value: plain, framed: true },
    'rich-everything': { value: everything() },
    'rich-date': { value: new Date('2026-11-24T10:20:30.400Z'), framed: true },
    'rich-cycles': { value: cyclic(), framed: true },
    'rich-error': { value: failure() },
    'rich-undefined': { value: undefined },
    custom: { value: 'golden', custom: true, framed: true },
    'gzip-json': { value: long, codec: 'gzip', framed: true },
    'gzip-text': { value: 'cache '.repeat(1_000), codec: 'gzip' },
    'gzip-rich': { value: { ...long, at: new Date(0) }, codec: 'gzip' },
    'brotli-json': { value: long, codec: 'brotli' },
    'zstd-json': { value: long, codec: 'zstd' },
    'encrypted-json': { value: plain, encrypted: true, framed: true },
    'encrypted-gzip-rich': { value: { ...long, at: new Date(0) }, encrypted: true, codec: 'gzip' },
  }
}
