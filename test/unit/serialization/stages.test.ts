import * as zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  compression,
  encryption,
  readFrame,
  SerializationError,
  WireFormat,
  type WireFormatOptions,
} from '../../../src/serialization/index.ts'
import { isFrame, writeHeader, type Envelope } from '../../../src/serialization/wire/frame.ts'

const key1 = Buffer.alloc(32, 1)
const key2 = Buffer.alloc(32, 2)
const envelope: Envelope = {
  ttlMs: 1_500,
  graceMs: 60_000,
  loadMs: 12,
  rowVersion: 0xfedc_ba98_7654_3210n,
  tags: [
    { tag: 'users', hard: '0123456789abcdef', soft: 0 },
    { tag: 'größe', hard: 'ffffffffffffffff', soft: 4_294_967_295 },
  ],
}
const long = { at: new Date(1), text: 'cache '.repeat(1_000) }

function wire(options: WireFormatOptions = {}): WireFormat {
  return new WireFormat(options)
}

function written(options: WireFormatOptions, value: unknown, envelope?: Envelope, key?: string): Buffer {
  const format = wire(options)
  return Buffer.from(format.write(format.encode(value), envelope, key))
}

function readBack(options: WireFormatOptions, bytes: Uint8Array, key?: string): unknown {
  const format = wire(options)
  return format.decode(format.read(bytes, key))
}

function kindOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof SerializationError) return error.kind
    throw error
  }
  return 'no error'
}

function pseudoRandom(length: number): Uint8Array {
  let state = 1
  return Uint8Array.from({ length }, () => (state = (state * 48_271) % 2_147_483_647) >>> 8)
}

describe('bare JSON', () => {
  it('is what is stored when JSON keeps the value and there is nothing else to keep', () => {
    const text = (value: unknown): string => Buffer.from(wire().serialize(value)).toString()
    expect(text({ id: 1, name: 'ä', list: [null, true] })).toBe('{"id":1,"name":"ä","list":[null,true]}')
    expect(text('text')).toBe('"text"')
    expect(text(41)).toBe('41')
    expect(text({ a: undefined, b: 1 })).toBe('{"b":1}')
    expect(isFrame(wire().serialize({ at: new Date(1) }))).toBe(true)
  })

  it('may be written by another language and by INCRBY', () => {
    expect(wire().deserialize(Buffer.from(' {"id": 1, "b\\u00e4r": [1.50, null]}\n'))).toEqual({
      id: 1,
      bär: [1.5, null],
    })
    const stored = Buffer.from(wire().serialize(41)).toString()
    expect(wire().deserialize(Buffer.from(String(Number(stored) + 1)))).toBe(42)
  })

  it('is right for a value whose getter writes another value', () => {
    const shared = { n: 1 }
    const value = {
      first: shared,
      get inner() {
        return Buffer.from(wire().serialize({ other: [{}, {}] })).toString()
      },
      second: shared,
    }
    const read = wire().deserialize(wire().serialize(value)) as { first: object; second: object }
    expect(read.second).toBe(read.first)
    expect(read).toEqual({ first: { n: 1 }, inner: '{"other":[{},{}]}', second: { n: 1 } })
  })

  it('may be handed over as text', () => {
    expect(wire().decode(wire().read('{"a":1}'))).toEqual({ a: 1 })
    expect(wire().write(wire().encode({ a: 1 }))).toBe('{"a":1}')
  })

  it('that is none is a miss', () => {
    for (const text of ['', 'x', '{"a":', '\u0000', 'undefined']) {
      expect(kindOf(() => wire().deserialize(Buffer.from(text)))).toBe('foreign')
    }
  })
})

describe('frame', () => {
  it('keeps the envelope beside the value', () => {
    const opened = wire().read(written({}, long, envelope))
    expect(opened.envelope).toEqual(envelope)
    expect(wire().decode(opened)).toEqual(long)
    const { envelope: forever } = wire().read(
      written({}, 1, { ttlMs: Infinity, graceMs: 0, loadMs: 0, tags: [] }),
    )
    expect(forever).toEqual({ ttlMs: Infinity, graceMs: 0, loadMs: 0, rowVersion: undefined, tags: [] })
  })

  it('has ttlMs, graceMs and rowVersion where scripts read them', () => {
    const bytes = written({}, long, envelope)
    expect(bytes.readBigUInt64BE(8)).toBe(1_500n)
    expect(bytes.readBigUInt64BE(16)).toBe(60_000n)
    expect(bytes.toString('latin1', 28, 44)).toBe('fedcba9876543210')
  })

  it('of a counter or of nothing is read', () => {
    const framed = (type: 'counter' | 'negative', body: string): Buffer =>
      Buffer.concat([writeHeader(envelope, { type }), Buffer.from(body)])
    expect(wire().deserialize(framed('counter', '-42'))).toBe(-42)
    expect(kindOf(() => wire().deserialize(framed('counter', '4.2')))).toBe('corrupt')
    expect(kindOf(() => wire().deserialize(framed('counter', '99999999999999999')))).toBe('corrupt')
    expect(wire().deserialize(framed('negative', ''))).toBe(null)
  })

  it('of a later version, with unknown flags or an unknown body is a miss of its own kind', () => {
    const bytes = written({}, long)
    const changed = (offset: number, byte: number): string => {
      const copy = Buffer.from(bytes)
      copy[offset] = byte
      return kindOf(() => wire().deserialize(copy))
    }
    expect(changed(1, 0x23)).toBe('version')
    expect(changed(1, 0x1f)).toBe('body')
    expect(changed(2, 0x40)).toBe('flags')
    expect(changed(3, 9)).toBe('codec')
  })

  it('that is cut off anywhere is a miss', () => {
    const bytes = written({}, { at: new Date(1) }, envelope)
    for (let end = 0; end < bytes.length; end++) {
      expect(['corrupt', 'foreign'], `cut at ${end}`).toContain(
        kindOf(() => wire().deserialize(bytes.subarray(0, end))),
      )
    }
  })

  it('ignores header bytes behind those it knows', () => {
    const bytes = written({}, 'x', envelope)
    const end = bytes.readUInt32BE(4)
    bytes.writeUInt32BE(end + 3, 4)
    const longer = Buffer.concat([bytes.subarray(0, end), Buffer.from([1, 2, 3]), bytes.subarray(end)])
    expect(wire().deserialize(longer)).toBe('x')
  })

  it('gives each reader a value of its own', () => {
    for (const value of [Buffer.from('abc'), new Uint8Array([1]), { at: new Date(1) }]) {
      for (const source of [wire().read(wire().serialize(value)), wire().encode(value)]) {
        const first = wire().decode(source) as Record<string, unknown>
        if (first instanceof Uint8Array) first[0] = 9
        else first['at'] = 9
        expect(wire().decode(source)).toEqual(value)
      }
    }
  })

  it('of an encoded buffer is not changed by the caller', () => {
    const buffer = Buffer.from('abc')
    const encoded = wire().encode(buffer)
    buffer[0] = 0
    expect(wire().deserialize(Buffer.from(wire().write(encoded)))).toEqual(Buffer.from('abc'))
  })
})

describe('compression', () => {
  it.each(['brotli', 'gzip'] as const)('with %s keeps the value and saves bytes', (codec) => {
    const options = { compression: compression({ codec }) }
    for (const value of [long, 'x'.repeat(5_000), { text: long.text }]) {
      const bytes = written(options, value, envelope)
      expect(bytes.length).toBeLessThan(1_000)
      expect(readBack(options, bytes)).toEqual(value)
      expect(readBack({ compression: compression({ codec: 'none' }) }, bytes)).toEqual(value)
    }
  })

  // Node 20 has no zstd; `npm run test:newer-node` runs these tests where it is, and says so.
  it('is by zstd where Node has it, else by brotli', () => {
    const hasZstd = 'zstdCompressSync' in zlib
    expect(hasZstd || process.env['CACHETTE_TEST_NODE'] !== 'newer').toBe(true)
    const options = { compression: compression() }
    const bytes = written(options, long)
    expect(readFrame(bytes).content.compressed?.codec).toBe(hasZstd ? 'zstd' : 'brotli')
    expect(readBack(options, bytes)).toEqual(long)
  })

  it('leaves small bodies, raw bytes and what does not shrink as they are', () => {
    const options = { compression: compression({ codec: 'brotli', threshold: 1_000 }) }
    expect(written(options, { a: 1 }).toString()).toBe('{"a":1}')
    expect(readFrame(written(options, Buffer.alloc(5_000))).content.compressed).toBeUndefined()
    const noise = {
      name: 'noise',
      serialize: () => pseudoRandom(5_000),
      deserialize: (bytes: Uint8Array) => bytes.length,
    }
    const bytes = written({ ...options, serializer: noise }, 'any', envelope)
    expect(readFrame(bytes).content.compressed).toBeUndefined()
    expect(readBack({ ...options, serializer: noise }, bytes)).toBe(5_000)
  })

  it('leaves JSON bare if compressing it is not worth a frame', () => {
    const lazy = { ...compression({ codec: 'gzip' }), compress: () => undefined }
    expect(written({ compression: lazy }, { text: long.text }).toString()).toBe(
      JSON.stringify({ text: long.text }),
    )
  })

  it('that the reader has not is a miss', () => {
    const bytes = written({ compression: compression({ codec: 'gzip' }) }, long)
    expect(kindOf(() => readBack({}, bytes))).toBe('codec')
    expect(() => compression({ codec: 'lzma' as 'gzip' })).toThrow('lzma')
  })

  it('of another length than announced is a miss', () => {
    const options = { compression: compression() }
    const body = zlib.gzipSync('"four"')
    const framed = (length: number): Buffer =>
      Buffer.concat([writeHeader(envelope, { type: 'json', compressed: { codec: 'gzip', length } }), body])
    expect(readBack(options, framed(6))).toBe('four')
    for (const length of [0, 5, 7, 1_000])
      expect(kindOf(() => readBack(options, framed(length)))).toBe('corrupt')
  })

  it('stops a bomb at the length it announces, and refuses the announcement of a large one', () => {
    const options = { compression: compression(), maxBytes: 1_000_000 }
    const bomb = zlib.gzipSync(Buffer.alloc(50_000_000))
    const framed = (length: number): Buffer =>
      Buffer.concat([writeHeader(envelope, { type: 'json', compressed: { codec: 'gzip', length } }), bomb])
    const before = process.memoryUsage().rss
    expect(kindOf(() => readBack(options, framed(1_000)))).toBe('corrupt')
    expect(kindOf(() => readBack(options, framed(50_000_000)))).toBe('limit')
    expect(process.memoryUsage().rss - before).toBeLessThan(30_000_000)
  })
})

describe('encryption', () => {
  const options = { encryption: encryption({ keys: { old: key1, new: key2.toString('base64') } }) }

  it('hides the value and keeps it, compressed too', () => {
    for (const more of [{}, { compression: compression({ codec: 'brotli' }) }]) {
      const bytes = written({ ...options, ...more }, long, envelope, 'app:1')
      expect(bytes.includes('cache cache')).toBe(false)
      expect(readBack({ ...options, ...more }, bytes, 'app:1')).toEqual(long)
    }
    expect(isFrame(written(options, 1))).toBe(true)
    expect(written(options, long, envelope)).not.toEqual(written(options, long, envelope))
  })

  it('reads what older keys encrypted and writes with the current one', () => {
    const before = { encryption: encryption({ keys: { old: key1, new: key2 }, current: 'old' }) }
    expect(readBack(options, written(before, long, envelope, 'k'), 'k')).toEqual(long)
    expect(readFrame(written(options, long)).content.encrypted?.keyId).toBe('new')
    const removed = { encryption: encryption({ keys: { new: key2 } }) }
    expect(kindOf(() => readBack(removed, written(before, long)))).toBe('cipher')
  })

  it('finds any change of header, body or key to be a miss', () => {
    const bytes = written(options, { at: new Date(1) }, envelope, 'app:1')
    expect(kindOf(() => readBack(options, bytes, 'app:2'))).toBe('cipher')
    expect(kindOf(() => readBack({}, bytes, 'app:1'))).toBe('cipher')
    for (let offset = 0; offset < bytes.length; offset++) {
      const changed = Buffer.from(bytes)
      changed[offset]! ^= 1
      expect(
        kindOf(() => readBack(options, changed, 'app:1')),
        `byte ${offset}`,
      ).not.toBe('no error')
    }
  })

  it('takes what is not encrypted for a miss, but for counters', () => {
    expect(kindOf(() => readBack(options, Buffer.from('{"a":1}')))).toBe('cipher')
    expect(kindOf(() => readBack(options, written({}, long)))).toBe('cipher')
    expect(readBack(options, Buffer.from('42'))).toBe(42)
  })

  it('refuses keys of another size', () => {
    expect(() => encryption({ keys: { a: Buffer.alloc(16) } })).toThrow('16 bytes')
    expect(() => encryption({ keys: {} })).toThrow('current')
    expect(() => encryption({ keys: { a: key1 }, current: 'b' })).toThrow('current')
  })
})

describe('limits', () => {
  it('refuse values of more bytes than maxBytes, and miss such bytes', () => {
    const small = wire({ maxBytes: 10 })
    expect(small.deserialize(small.serialize('12345678'))).toBe('12345678')
    for (const value of ['123456789', 'ääää1', Buffer.alloc(11), { a: 'abcde' }, { a: 1n, b: 1 }]) {
      expect(kindOf(() => small.serialize(value))).toBe('size')
    }
    expect(kindOf(() => small.deserialize(Buffer.alloc(70_000, 32)))).toBe('limit')
  })

  it('are whole numbers', () => {
    for (const options of [
      { maxBytes: 0 },
      { maxDepth: 0.5 },
      { maxCount: -1 },
      { classes: 'keep' as 'plain' },
    ]) {
      expect(() => wire(options)).toThrow(/must be/)
    }
  })
})
