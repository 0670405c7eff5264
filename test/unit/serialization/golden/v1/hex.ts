import type { Serializer } from '../../../../../src/serialization/index.ts'

/** Hexadecimal text: a serializer as a user might plug in. */
export const hex: Serializer = {
  name: 'hex',
  serialize: (value) => Buffer.from(String(value)).toString('hex'),
  deserialize: (bytes) => Buffer.from(Buffer.from(bytes).toString(), 'hex').toString(),
}
