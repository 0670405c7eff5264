// The format of version 1 as it was released: this folder is frozen. Files and cases may be added to it; a change
// of what is here means that entries written by earlier versions are no longer read.
import { readdirSync, readFileSync } from 'node:fs'
import * as zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  compression,
  encryption,
  WireFormat,
  type SerializationError,
} from '../../../../../src/serialization/index.ts'
import { differences } from '../../differences.ts'
import { registry } from '../../values.ts'
import { cacheKey, envelope, goldenCases, keys } from './cases.ts'
import { hex } from './hex.ts'

const read = (name: string): Buffer => readFileSync(new URL(`${name}.bin`, import.meta.url))

describe('a golden file of version 1', () => {
  const cases = Object.entries(goldenCases()).filter(
    ([, { codec }]) => codec !== 'zstd' || 'zstdDecompressSync' in zlib,
  )

  it.each(cases)(
    '%s gives the value and the envelope it was made of',
    (name, { value, framed, encrypted, custom }) => {
      const wire = new WireFormat({
        registry,
        compression: compression({ codec: 'none' }),
        ...(custom === true ? { serializer: hex } : {}),
        ...(encrypted === true ? { encryption: encryption({ keys }) } : {}),
      })
      const opened = wire.read(read(name), cacheKey)
      expect(differences(wire.decode(opened), value)).toEqual([])
      expect(opened.envelope?.tags ?? []).toEqual(framed === true ? envelope.tags : [])
      expect(opened.envelope?.ttlMs ?? Infinity).toBe(framed === true ? envelope.ttlMs : Infinity)
      expect(opened.envelope?.rowVersion).toBe(framed === true ? envelope.rowVersion : undefined)
    },
  )

  it.each(cases.filter(([, { codec, encrypted }]) => codec === undefined && encrypted !== true))(
    '%s is what is written today',
    (name, { value, framed, custom }) => {
      const wire = new WireFormat({ registry, ...(custom === true ? { serializer: hex } : {}) })
      const bytes = wire.write(wire.encode(value), framed === true ? envelope : undefined, cacheKey)
      expect(Buffer.from(bytes).toString('latin1')).toBe(read(name).toString('latin1'))
    },
  )

  it('of a counter or of nothing gives its value', () => {
    expect(new WireFormat().deserialize(read('counter'))).toBe(-42)
    expect(new WireFormat().deserialize(read('negative'))).toBe(null)
  })

  it.each([
    ['unknown-version', 'version'],
    ['unknown-body', 'body'],
    ['unknown-flag', 'flags'],
    ['unknown-codec', 'codec'],
  ])('%s is a miss of its own kind', (name, kind) => {
    let error: unknown
    try {
      new WireFormat().deserialize(read(name))
    } catch (thrown) {
      error = thrown
    }
    expect((error as SerializationError).kind).toBe(kind)
  })

  it('is there for every case', () => {
    const files = readdirSync(new URL('.', import.meta.url)).filter((file) => file.endsWith('.bin'))
    expect(files).toHaveLength(Object.keys(goldenCases()).length + 6)
  })
})
