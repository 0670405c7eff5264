export { SerializationError } from '../core/errors.ts'
export type { Encoded } from './wire/body.ts'
export { compression, type Codec, type CompressionOptions } from './wire/compression.ts'
export { encryption, type EncryptionOptions } from './wire/encryption.ts'
export {
  isFrame,
  readFrame,
  writeHeader,
  type BodyHeader,
  type BodyType,
  type CodecName,
  type Envelope,
  type Frame,
  type TagGeneration,
} from './wire/frame.ts'
export { register, TypeRegistry, type ClassCodec, type StorableClass } from './json/registry.ts'
export type { ValueOptions } from './json/rules.ts'
export type { Serializer } from '../core/serializer.ts'
export type { Compression, Encryption } from './wire/stages.ts'
export type { UnreadableKind } from './wire/unreadable.ts'
export { WireFormat, type Opened, type WireFormatOptions } from './wire/wire-format.ts'
