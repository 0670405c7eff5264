import { parse, stringify } from 'devalue'
import { Packr } from 'msgpackr'
import { parse as parseSuper, stringify as stringifySuper } from 'superjson'
import { describe, expect, it } from 'vitest'
import {
  compression,
  encryption,
  readFrame,
  WireFormat,
  type SerializationError,
  type Serializer,
} from '../../../src/serialization/index.ts'

// The plug-ins of docs/serializers.md.

const packr = new Packr({ structuredClone: true, moreTypes: true })
const msgpack: Serializer = {
  name: 'msgpackr',
  serialize: (value) => packr.pack(value),
  deserialize: (bytes) => packr.unpack(bytes),
}

const devalue: Serializer = {
  name: 'devalue',
  serialize: (value) => stringify(value),
  deserialize: (bytes) => parse(Buffer.from(bytes).toString()),
}

const superjson: Serializer = {
  name: 'superjson',
  serialize: (value) => stringifySuper(value),
  deserialize: (bytes) => parseSuper(Buffer.from(bytes).toString()),
}

const value = {
  id: 1,
  at: new Date(5),
  tags: new Set(['a']),
  index: new Map([['a', { n: 1n }]]),
  text: 'cache '.repeat(500),
}

function kindOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    return (error as SerializationError).kind
  }
  return 'no error'
}

describe.each([msgpack, devalue, superjson])('the plug-in $name', (serializer) => {
  const wire = new WireFormat({ serializer })

  it('keeps what it can, alone and under compression and encryption', () => {
    for (const stages of [
      {},
      { compression: compression(), encryption: encryption({ keys: { a: Buffer.alloc(32) } }) },
    ]) {
      const staged = new WireFormat({ serializer, ...stages })
      for (const each of [value, 'text', [1.5, null], -0.5]) {
        expect(staged.deserialize(staged.serialize(each))).toEqual(each)
        expect(staged.decode(staged.encode(each))).toEqual(each)
      }
    }
  })

  it('is named in the bytes, and a reader with another one misses', () => {
    const bytes = wire.serialize(value)
    expect(readFrame(bytes).content).toMatchObject({ type: 'custom', serializer: serializer.name })
    expect(kindOf(() => new WireFormat().deserialize(bytes))).toBe('serializer')
    expect(
      kindOf(() => new WireFormat({ serializer: { ...serializer, name: 'x' } }).deserialize(bytes)),
    ).toBe('serializer')
  })

  it('leaves integers to Redis and reads bare JSON', () => {
    expect(Buffer.from(wire.serialize(41)).toString()).toBe('41')
    expect(wire.deserialize(Buffer.from('{"a":1}'))).toEqual({ a: 1 })
  })

  it('that meets bytes it can not read misses', () => {
    const bytes = Buffer.from(wire.serialize(value))
    expect(kindOf(() => wire.deserialize(bytes.subarray(0, bytes.length - 20)))).toBe('serializer')
  })
})

describe('a plug-in that throws', () => {
  it('refuses the value', () => {
    const wire = new WireFormat({ serializer: devalue })
    expect(kindOf(() => wire.serialize({ f() {} }))).toBe('serializer')
  })
})
