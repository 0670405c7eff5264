export { SerializationError } from '../core/errors.ts'
export type { Encoded } from './body.ts'
export { compression, type Codec, type CompressionOptions } from './compression.ts'
export { encryption, type EncryptionOptions } from './encryption.ts'
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
} from './frame.ts'
export { register, TypeRegistry, type ClassCodec, type StorableClass } from './registry.ts'
export type { ValueOptions } from './rules.ts'
export type { Serializer } from '../core/serializer.ts'
export type { Compression, Encryption } from './stages.ts'
export type { UnreadableKind } from './unreadable.ts'
export { WireFormat, type Opened, type WireFormatOptions } from './wire-format.ts'
