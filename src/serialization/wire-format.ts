import { OptionsError } from '../core/errors.ts'
import { decodeBody, encodeBody, type Encoded } from './body.ts'
import { isExactJson } from './exact-json.ts'
import { isFrame, readFrame, writeHeader, type BodyHeader, type Envelope, type Frame } from './frame.ts'
import { refusal } from './refusal.ts'
import { resolveRules, type ValueOptions, type ValueRules } from './rules.ts'
import type { Serializer } from './serializer.ts'
import type { Compression, Encryption } from './stages.ts'
import { corrupt, unreadable } from './unreadable.ts'
import { joinUtf8, utf8 } from './utf8.ts'

/** Options of a {@link WireFormat}. */
export interface WireFormatOptions extends ValueOptions {
  /** A format in place of Cachette's own JSON for everything but integers. */
  readonly serializer?: Serializer | undefined
  /** Made by `compression()`; without it nothing is compressed, and what is can't be read. */
  readonly compression?: Compression | undefined
  /** Made by `encryption()`; with it only encrypted entries, and counters, are read. */
  readonly encryption?: Encryption | undefined
  /** Bytes of the largest value, before compression. @default 67,108,864 (64 MB) */
  readonly maxBytes?: number | undefined
}

/** Bytes taken apart, but for the value. */
export interface Opened {
  /** What the entry carries; absent for bare JSON. */
  readonly envelope?: Envelope
  readonly content: BodyHeader
  readonly body: Buffer
}

const noEnvelope: Envelope = { ttlMs: Infinity, graceMs: 0, loadMs: 0, tags: [] }
const bareJson: BodyHeader = { type: 'json' }

/**
 * Values to stored bytes and back. Bytes are bare JSON text where JSON keeps the value and there is nothing else to
 * keep, else a frame; docs/wire-format.md specifies both. Instances hold no state and may be shared.
 */
export class WireFormat {
  readonly #rules: ValueRules
  readonly #serializer: Serializer | undefined
  readonly #compression: Compression | undefined
  readonly #encryption: Encryption | undefined
  readonly #maxBytes: number
  /** Whether values that JSON keeps are stored as bare JSON whatever their size. */
  readonly #isPlain: boolean

  constructor(options: WireFormatOptions = {}) {
    const { serializer, compression, encryption, maxBytes = 64 * 1024 * 1024, ...values } = options
    if (!Number.isSafeInteger(maxBytes) || maxBytes < 1) {
      throw new OptionsError(`maxBytes must be a positive whole number, not ${String(maxBytes)}`)
    }
    if (serializer !== undefined && Buffer.byteLength(serializer.name) > 255) {
      throw new OptionsError('the name of a serializer has at most 255 bytes')
    }
    this.#rules = resolveRules(values)
    this.#serializer = serializer
    this.#compression = compression
    this.#encryption = encryption
    this.#maxBytes = maxBytes
    this.#isPlain = serializer === undefined && compression === undefined && encryption === undefined
  }

  /**
   * The bytes of a value, private to the caller. Throws a SerializationError whose `path` and `kind` name what
   * can't be stored.
   */
  serialize(value: unknown): Uint8Array {
    if (this.#isPlain && typeof value === 'object' && isExactJson(value, this.#rules)) {
      // The shortest way for what most values are.
      const text = JSON.stringify(value)
      if (this.#fits(text)) return utf8(text)
    }
    const bytes = this.write(this.#encode(value))
    return typeof bytes === 'string' ? utf8(bytes) : bytes
  }

  /** The value of such bytes, as JSON text of any other writer too. Throws a SerializationError: a miss. */
  deserialize(bytes: Uint8Array): unknown {
    return this.decode(this.read(bytes))
  }

  /** First half of a write: the value as it is now, whatever the caller does to it afterwards. */
  encode(value: unknown): Encoded {
    const encoded = this.#encode(value)
    return typeof encoded.data === 'string' ? encoded : { ...encoded, data: Buffer.from(encoded.data) }
  }

  /**
   * Second half of a write: what is sent. Text is bare JSON, which the client may send as it is. An entry that is
   * encrypted can be read under its `key` only.
   */
  write(encoded: Encoded, envelope?: Envelope, key: string = ''): string | Uint8Array {
    const { type, data, tree } = encoded
    if (envelope === undefined && type === 'json' && typeof data === 'string' && this.#staysBare(data))
      return data
    const treeBytes = tree === undefined ? undefined : utf8(tree)
    const content: BodyHeader = {
      type,
      ...(encoded.buffer === undefined ? {} : { buffer: encoded.buffer }),
      ...(this.#serializer === undefined ? {} : { serializer: this.#serializer.name }),
      ...(treeBytes === undefined ? {} : { treeLength: treeBytes.length }),
    }
    const carried = envelope ?? noEnvelope
    if (this.#compression !== undefined || this.#encryption !== undefined) {
      const body = treeBytes === undefined ? [bytesOfText(data)] : [bytesOfText(data), treeBytes]
      return this.#stages(content, joined(body), carried, key)
    }
    const header = writeHeader(carried, content)
    return typeof data === 'string' ? joinUtf8(header, data, treeBytes) : joined([header, data])
  }

  /** First half of a read: the envelope, and the body decrypted and decompressed. Throws a SerializationError. */
  read(bytes: Uint8Array | string, key: string = ''): Opened {
    if (bytes.length > this.#maxBytes + 65_536) throw unreadable('limit', `more than ${this.#maxBytes} bytes`)
    if (typeof bytes === 'string' || !isFrame(bytes)) return this.#readBare(bytes)
    const frame = readFrame(bytes)
    const { content } = frame
    const decrypted = this.#decrypt(frame, key)
    const body =
      content.compressed === undefined ? decrypted : this.#decompress(content.compressed, decrypted)
    const { ttlMs, graceMs, loadMs, rowVersion, tags } = frame
    return { envelope: { ttlMs, graceMs, loadMs, rowVersion, tags }, content, body: asBuffer(body) }
  }

  /** Second half of a read: a value of the caller's own each time it is called. Throws a SerializationError. */
  decode({ envelope, content, body }: Opened): unknown {
    if (envelope !== undefined) return decodeBody(content, body, this.#rules, this.#serializer)
    try {
      return JSON.parse(body.toString())
    } catch {
      throw unreadable('foreign', 'neither a frame nor JSON')
    }
  }

  #encode(value: unknown): Encoded {
    const encoded = encodeBody(value, this.#rules, this.#serializer)
    if (!this.#fits(encoded.data)) {
      throw refusal([], 'size', `the value takes more than ${this.#maxBytes} bytes (option maxBytes)`)
    }
    return encoded
  }

  #fits(data: string | Uint8Array): boolean {
    // No text takes more than three bytes for each of its units; only near the limit is it worth counting them.
    if (data.length * 3 <= this.#maxBytes) return true
    return (typeof data === 'string' ? Buffer.byteLength(data) : data.length) <= this.#maxBytes
  }

  #staysBare(text: string): boolean {
    if (this.#encryption !== undefined) return false
    return this.#compression === undefined || text.length < this.#compression.threshold
  }

  #stages(content: BodyHeader, body: Uint8Array, envelope: Envelope, key: string): Uint8Array {
    // Most bytes of a raw value are compressed already; trying costs more than it saves.
    const compressed = content.type === 'raw' ? undefined : this.#compression?.compress(body)
    if (compressed === undefined) return this.#seal(content, body, envelope, key)
    const { codec, bytes, length } = compressed
    return this.#seal({ ...content, compressed: { codec, length } }, bytes, envelope, key)
  }

  #seal(content: BodyHeader, body: Uint8Array, envelope: Envelope, key: string): Uint8Array {
    if (this.#encryption === undefined) return joined([writeHeader(envelope, content), body])
    const encrypted = this.#encryption.start()
    const header = writeHeader(envelope, { ...content, encrypted })
    return joined([header, this.#encryption.seal(encrypted, [header, utf8(key)], body)])
  }

  #readBare(bytes: Uint8Array | string): Opened {
    const body = asBuffer(typeof bytes === 'string' ? utf8(bytes) : bytes)
    // Counters are the one thing that can't be encrypted: Redis adds to them.
    if (this.#encryption !== undefined && !/^-?\d{1,16}$/.test(body.toString('latin1', 0, 18))) {
      throw unreadable('cipher', 'not encrypted')
    }
    return { content: bareJson, body }
  }

  #decrypt({ content, header, body }: Frame, key: string): Uint8Array {
    if (content.encrypted === undefined) {
      if (this.#encryption === undefined || content.type === 'counter') return body
      throw unreadable('cipher', 'not encrypted')
    }
    const opened = this.#encryption?.open(content.encrypted, [header, utf8(key)], body)
    if (opened === undefined) throw unreadable('cipher', `encrypted with the key ${content.encrypted.keyId}`)
    return opened
  }

  #decompress({ codec, length }: NonNullable<BodyHeader['compressed']>, body: Uint8Array): Uint8Array {
    if (length > this.#maxBytes) throw unreadable('limit', `more than ${this.#maxBytes} bytes`)
    const bytes = this.#compression?.decompress(codec, body, length)
    if (bytes === undefined) throw unreadable('codec', `compressed with ${codec}`)
    return bytes.length === length ? bytes : corrupt('a compressed body')
  }
}

function bytesOfText(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? utf8(data) : data
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
