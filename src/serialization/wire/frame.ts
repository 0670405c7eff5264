import { types } from 'node:util'
import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { unreadable } from './unreadable.ts'

// docs/wire-format.md specifies the layout. All numbers are big-endian. The offsets of the fixed part never change,
// because scripts on the server read ttlMs, graceMs and rowVersion by GETRANGE.

/** The first byte of a frame, which never begins JSON or any UTF-8 text. */
const magic = 0xc1
/** The version that this code writes, and the only one that it reads. */
const formatVersion = 1
/** The length of the fixed part, up to and including the number of tags. */
const fixedLength = 46

/** Offsets of the fixed part. */
export const offsets = {
  versionAndBody: 1,
  flags: 2,
  codec: 3,
  headerLength: 4,
  ttlMs: 8,
  graceMs: 16,
  loadMs: 24,
  rowVersion: 28,
  tagCount: 44,
} as const

/** The types of the body of a frame, in the low four bits of byte 1. */
const bodyTypes = ['raw', 'text', 'json', 'rich', 'counter', 'negative', 'custom'] as const

/** The type of the body of a frame. `negative` = there is no body, and the value is `null`. */
export type BodyType = (typeof bodyTypes)[number]

/** Ways a body is compressed, by the number in byte 3. */
const codecNames = ['none', 'gzip', 'brotli', 'zstd'] as const

/** A way a body is compressed. */
export type CodecName = (typeof codecNames)[number]

const flagCompressed = 1
const flagEncrypted = 2
const flagRowVersion = 4
const flagBuffer = 8
const knownFlags = flagCompressed | flagEncrypted | flagRowVersion | flagBuffer

const infinite = 0xffff_ffff_ffff_ffffn
const longestLoadMs = 0xffff_ffff

/** A tag of an entry and the generation it had when the entry was loaded. */
export interface TagGeneration {
  /** The tag. */
  readonly tag: string
  /** The hard generation: 16 lower-case hexadecimal digits. */
  readonly hard: string
  /** The soft generation: a counter inside the hard one, below 2^32. */
  readonly soft: number
}

/** The attributes of an entry beside its value. They are durations, because no time of day is ever stored. */
export interface Envelope {
  /** Milliseconds from the write until the entry is no longer fresh; `Infinity` = for ever. */
  readonly ttlMs: number
  /** Milliseconds after that in which the entry may be served as stale. */
  readonly graceMs: number
  /** Milliseconds that the load took; 0 if there was none. At most 2^32 - 1 are kept. */
  readonly loadMs: number
  /** The caller's version of the value: an unsigned 64-bit number. */
  readonly rowVersion?: bigint | undefined
  /** Its tags and namespaces. */
  readonly tags: readonly TagGeneration[]
}

/** The facts that a reader of a body needs. */
export interface BodyHeader {
  /** The type of the body. */
  readonly type: BodyType
  /** `raw`: whether the value is a Buffer rather than a Uint8Array. */
  readonly buffer?: boolean
  /** `custom`: name of the serializer. */
  readonly serializer?: string
  /** `rich`: bytes of the revive tree, which follows the JSON text. */
  readonly treeLength?: number
  /** The codec of a compressed body, and the number of its bytes before. */
  readonly compressed?: { readonly codec: Exclude<CodecName, 'none'>; readonly length: number }
  /** The name of the key of an encrypted body, and the nonce of 12 bytes. The body ends with the tag of 16 bytes. */
  readonly encrypted?: { readonly keyId: string; readonly nonce: Uint8Array }
}

/** A frame taken apart; `header` and `body` are views of the bytes. */
export interface Frame extends Envelope {
  /** The facts that a reader of the body needs. */
  readonly content: BodyHeader
  /** All bytes before the body, which an encrypted body authenticates. */
  readonly header: Uint8Array
  /** The body as it is stored, maybe compressed or encrypted. */
  readonly body: Uint8Array
}

/** Whether the bytes claim to be a frame; all others are bare JSON. */
export function isFrame(bytes: Uint8Array): boolean {
  return bytes[0] === magic
}

/** Returns the header of a frame: everything before the body. */
export function writeHeader(envelope: Envelope, content: BodyHeader): Buffer {
  const { ttlMs, graceMs, loadMs, rowVersion, tags } = envelope
  const names: Buffer[] = []
  let length: number = fixedLength
  for (const { tag } of tags) {
    const name = Buffer.from(tag)
    names.push(name)
    length += 2 + name.length + 12
  }
  const serializer = content.type === 'custom' ? Buffer.from(content.serializer ?? '') : undefined
  const keyId = content.encrypted === undefined ? undefined : Buffer.from(content.encrypted.keyId)
  length +=
    (serializer === undefined ? 0 : 1 + serializer.length) +
    (content.type === 'rich' ? 4 : 0) +
    (content.compressed === undefined ? 0 : 4) +
    (keyId === undefined ? 0 : 1 + keyId.length + 12)
  const header = Buffer.alloc(length)
  header[0] = magic
  header[offsets.versionAndBody] = (formatVersion << 4) | bodyTypes.indexOf(content.type)
  header[offsets.flags] =
    (content.compressed === undefined ? 0 : flagCompressed) |
    (content.encrypted === undefined ? 0 : flagEncrypted) |
    (rowVersion === undefined ? 0 : flagRowVersion) |
    (content.buffer === true ? flagBuffer : 0)
  header[offsets.codec] = codecNames.indexOf(content.compressed?.codec ?? 'none')
  header.writeUInt32BE(length, offsets.headerLength)
  writeDuration(header, ttlMs, offsets.ttlMs)
  writeDuration(header, graceMs, offsets.graceMs)
  header.writeUInt32BE(Math.min(Math.round(loadMs), longestLoadMs), offsets.loadMs)
  header.write((rowVersion ?? 0n).toString(16).padStart(16, '0'), offsets.rowVersion, 'latin1')
  header.writeUInt16BE(tags.length, offsets.tagCount)
  let at: number = fixedLength
  for (const [index, { hard, soft }] of tags.entries()) {
    const name = names[index]!
    at = header.writeUInt16BE(name.length, at)
    at += name.copy(header, at)
    at += header.write(hard, at, 'hex')
    at = header.writeUInt32BE(soft, at)
  }
  if (serializer !== undefined) {
    header[at] = serializer.length
    at += 1 + serializer.copy(header, at + 1)
  }
  if (content.type === 'rich') at = header.writeUInt32BE(content.treeLength ?? 0, at)
  if (content.compressed !== undefined) at = header.writeUInt32BE(content.compressed.length, at)
  if (keyId !== undefined && content.encrypted !== undefined) {
    header[at] = keyId.length
    at += 1 + keyId.copy(header, at + 1)
    header.set(content.encrypted.nonce, at)
  }
  return header
}

/** Takes a frame apart, or throws a SerializationError whose `kind` tells why it can't be read. */
export function readFrame(bytes: Uint8Array): Frame {
  if (!types.isUint8Array(bytes))
    throw new OptionsError(`readFrame: bytes: ${inspect(bytes)} is no Uint8Array`)
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.length < 2 || view[0] !== magic) throw unreadable('corrupt', 'no frame')
  const versionAndBody = view[offsets.versionAndBody]!
  if (versionAndBody >>> 4 !== formatVersion) throw unreadable('version', `version ${versionAndBody >>> 4}`)
  if (view.length < fixedLength) throw unreadable('corrupt', 'the frame is cut off')
  const type = bodyTypes[versionAndBody & 15]
  if (type === undefined) throw unreadable('body', `body type ${versionAndBody & 15}`)
  const flags = view[offsets.flags]!
  if ((flags & ~knownFlags) !== 0) throw unreadable('flags', `flags ${flags}`)
  const codec = codecNames[view[offsets.codec]!]
  if (codec === undefined) throw unreadable('codec', `compression ${view[offsets.codec]}`)
  const headerLength = view.readUInt32BE(offsets.headerLength)
  if (headerLength < fixedLength || headerLength > view.length)
    throw unreadable('corrupt', 'the frame is cut off')
  const fields = new HeaderReader(view.subarray(0, headerLength))
  const tags = fields.tags(view.readUInt16BE(offsets.tagCount))
  const serializer = type === 'custom' ? fields.shortText() : undefined
  const treeLength = type === 'rich' ? fields.uint32() : undefined
  const compressed = readCompressed(codec, (flags & flagCompressed) !== 0, fields)
  const encrypted =
    (flags & flagEncrypted) === 0 ? undefined : { keyId: fields.shortText(), nonce: fields.take(12) }
  return {
    ttlMs: duration(view.readBigUInt64BE(offsets.ttlMs)),
    graceMs: duration(view.readBigUInt64BE(offsets.graceMs)),
    loadMs: view.readUInt32BE(offsets.loadMs),
    rowVersion: (flags & flagRowVersion) === 0 ? undefined : readRowVersion(view),
    tags,
    content: {
      type,
      buffer: (flags & flagBuffer) !== 0,
      ...(serializer === undefined ? {} : { serializer }),
      ...(treeLength === undefined ? {} : { treeLength }),
      ...(compressed === undefined ? {} : { compressed }),
      ...(encrypted === undefined ? {} : { encrypted }),
    },
    header: view.subarray(0, headerLength),
    body: view.subarray(headerLength),
  }
}

function readCompressed(codec: CodecName, flag: boolean, fields: HeaderReader): BodyHeader['compressed'] {
  if (flag !== (codec !== 'none')) throw unreadable('corrupt', 'flag and kind of compression disagree')
  return codec === 'none' ? undefined : { codec, length: fields.uint32() }
}

function readRowVersion(view: Buffer): bigint {
  const digits = view.toString('latin1', offsets.rowVersion, offsets.rowVersion + 16)
  if (!/^[0-9a-f]{16}$/.test(digits)) throw unreadable('corrupt', 'the rowVersion is no hexadecimal number')
  return BigInt(`0x${digits}`)
}

function writeDuration(header: Buffer, value: number, offset: number): void {
  // Halves replace a BigInt, because every write does this. 2^53 ms are 285,000 years.
  const whole = value === Infinity ? 0 : Math.min(Math.max(0, Math.ceil(value)), Number.MAX_SAFE_INTEGER)
  header.writeUInt32BE(value === Infinity ? 0xffff_ffff : Math.floor(whole / 0x1_0000_0000), offset)
  header.writeUInt32BE(value === Infinity ? 0xffff_ffff : whole % 0x1_0000_0000, offset + 4)
}

function duration(value: bigint): number {
  return value === infinite ? Infinity : Number(value)
}

/** Reads the variable part of a header, never beyond its end. */
class HeaderReader {
  readonly #header: Buffer
  #at = fixedLength

  constructor(header: Buffer) {
    this.#header = header
  }

  take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#header.length) throw unreadable('corrupt', 'the header is cut off')
    const part = this.#header.subarray(this.#at, end)
    this.#at = end
    return part
  }

  uint32(): number {
    return this.take(4).readUInt32BE(0)
  }

  shortText(): string {
    return this.take(this.take(1)[0]!).toString()
  }

  tags(count: number): TagGeneration[] {
    const tags: TagGeneration[] = []
    for (let index = 0; index < count; index++) {
      const tag = this.take(this.take(2).readUInt16BE(0)).toString()
      tags.push({ tag, hard: this.take(8).toString('hex'), soft: this.uint32() })
    }
    return tags
  }
}
