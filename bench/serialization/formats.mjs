import v8 from 'node:v8'
import { parse, stringify } from 'devalue'
import { Packr } from 'msgpackr'
import { fromJSON, toJSON } from 'seroval'
import { parse as parseSuper, stringify as stringifySuper } from 'superjson'
import { WireFormat } from '../../src/serialization/index.ts'

const wire = new WireFormat()
const packr = new Packr({ structuredClone: true, moreTypes: true })

const text = (write, read) => ({
  write: (value) => Buffer.from(write(value)),
  read: (bytes) => read(bytes.toString()),
})

/** The measured work: value to bytes and back. All others are compared with the first. */
export const formats = {
  JSON: text(JSON.stringify, JSON.parse),
  cachette: { write: (value) => wire.serialize(value), read: (bytes) => wire.deserialize(bytes) },
  v8: { write: (value) => v8.serialize(value), read: (bytes) => v8.deserialize(bytes) },
  msgpackr: { write: (value) => packr.pack(value), read: (bytes) => packr.unpack(bytes) },
  devalue: text(stringify, parse),
  superjson: text(stringifySuper, parseSuper),
  seroval: text(
    (value) => JSON.stringify(toJSON(value)),
    (json) => fromJSON(JSON.parse(json)),
  ),
}
