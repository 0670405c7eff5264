import { types } from 'node:util'
import { OptionsError, SerializationError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { checkMethods, checkReadable } from '../../options/checks.ts'
import { checkSerializer } from '../../options/options.ts'
import { decodeBody, decodeEncoded, encodeBody, joinUtf8, utf8, type Encoded } from './body.ts'
import { parseWithin } from '../depth.ts'
import { exactJson, type ExactJson } from '../json/exact-json.ts'
import { isFrame, readFrame, writeHeader, type BodyHeader, type Envelope, type Frame } from './frame.ts'
import { refusal } from '../refusal.ts'
import { resolveRules, type ValueOptions, type ValueRules } from '../json/rules.ts'
import type { Serializer } from '../../core/serializer.ts'
import type { Compression, Encryption } from './stages.ts'
import { corrupt, unreadable } from './unreadable.ts'

/** Options of a {@link WireFormat}. */
export interface WireFormatOptions extends ValueOptions {
  /** A format in place of Cachette's own JSON for everything but integers. */
  readonly serializer?: Serializer | undefined
  /** The result of `compression()`. Without it nothing is compressed, and compressed entries can't be read. */
  readonly compression?: Compression | undefined
  /** The result of `encryption()`. With it only encrypted entries, and counters, are read. */
  readonly encryption?: Encryption | undefined
  /** The size of the largest value in bytes, before compression. @default 67,108,864 (64 MB) */
  readonly maxBytes?: number | undefined
}

/** The parts of stored bytes, without the value. */
export interface Opened {
  /** The envelope of the entry; absent for bare JSON. */
  readonly envelope?: Envelope
  /** The facts that a reader of the body needs. */
  readonly content: BodyHeader
  /** The body, decrypted and decompressed. */
  readonly body: Buffer
}

const noEnvelope: Envelope = { ttlMs: Infinity, graceMs: 0, loadMs: 0, tags: [] }
const bareJson: BodyHeader = { type: 'json' }

/**
 * Converts values to stored bytes and back. Bytes are bare JSON text if JSON keeps the value and there is nothing else
 * to keep, else a frame. docs/wire-format.md specifies both. Instances hold no state and may be shared.
 */
export class WireFormat {
  readonly #rules: ValueRules
  readonly #serializer: Serializer | undefined
  readonly #compression: Compression | undefined
  readonly #encryption: Encryption | undefined
  readonly #maxBytes: number
  /**
   * The length up to which a text fits for sure, because each unit takes at most three bytes. Only longer ones are
   * counted.
   */
  readonly #surelyFits: number
  /** Whether values that JSON keeps are stored as bare JSON at any size. */
  readonly #isPlain: boolean

  constructor(options: WireFormatOptions = {}) {
    checkReadable(options, 'WireFormat')
    const { serializer, compression, encryption, maxBytes = 64 * 1024 * 1024, ...values } = options
    if (!Number.isSafeInteger(maxBytes) || maxBytes < 1) {
      throw new OptionsError(`maxBytes must be a positive whole number, not ${inspect(maxBytes)}`)
    }
    if (serializer !== undefined) checkSerializer(serializer)
    if (compression !== undefined) checkMethods(compression, ['compress', 'decompress'], 'compression')
    if (encryption !== undefined) checkMethods(encryption, ['start', 'seal', 'open'], 'encryption')
    this.#rules = resolveRules(values)
    this.#serializer = serializer
    this.#compression = compression
    this.#encryption = encryption
    this.#maxBytes = maxBytes
    this.#surelyFits = Math.floor(maxBytes / 3)
    this.#isPlain = serializer === undefined && compression === undefined && encryption === undefined
  }

  /**
   * Returns the bytes of a value, private to the caller. Throws a SerializationError whose `path` and `kind` name the
   * part that can't be stored.
   */
  serialize(value: unknown, key: string = ''): Uint8Array {
    checkText(key, 'serialize: key')
    let exact: ExactJson | undefined
    if (this.#isPlain && typeof value === 'object') {
      // This is the shortest way, and most values take it.
      exact = exactJson(value, this.#rules)
      if (typeof exact === 'string' && exact.length <= this.#surelyFits) return utf8(exact)
    }
    const bytes = this.write(this.#encode(value, exact), undefined, key)
    return typeof bytes === 'string' ? utf8(bytes) : bytes
  }

  /** Returns the value of such bytes, and of JSON text of any other writer. Throws a SerializationError for a miss. */
  deserialize(bytes: Uint8Array | string, key: string = ''): unknown {
    if (typeof bytes !== 'string' && !types.isUint8Array(bytes))
      throw new OptionsError(`deserialize: bytes: ${inspect(bytes)} is neither a Uint8Array nor text`)
    checkText(key, 'deserialize: key')
    if (this.#encryption === undefined && (typeof bytes === 'string' || !isFrame(bytes)))
      return parseBare(bytes, this.#rules.maxDepth, this.#maxBytes, this.#surelyFits)
    return this.decode(this.read(bytes, key))
  }

  /**
   * Does the first half of a write. Returns the value as it is now, safe from later changes by the caller.
   * @internal
   */
  encode(value: unknown): Encoded {
    const encoded = this.#encode(value)
    return typeof encoded.data === 'string' ? encoded : { ...encoded, data: Buffer.from(encoded.data) }
  }

  /**
   * Does the second half of a write. Returns the text or bytes to send. Text is bare JSON, which the client may send as
   * it is. An encrypted entry can be read only under its `key`.
   * @internal
   */
  write(encoded: Encoded, envelope?: Envelope, key: string = ''): string | Uint8Array {
    const compressed = this.#compression && compress(encoded, this.#compression)
    if (
      compressed === undefined &&
      envelope === undefined &&
      this.#encryption === undefined &&
      isBare(encoded)
    ) {
      return encoded.data
    }
    const tree = encoded.tree === undefined ? undefined : utf8(encoded.tree)
    const content: BodyHeader = {
      type: encoded.type,
      ...(encoded.buffer === undefined ? {} : { buffer: encoded.buffer }),
      ...(this.#serializer === undefined ? {} : { serializer: this.#serializer.name }),
      ...(tree === undefined ? {} : { treeLength: tree.length }),
      ...(compressed === undefined
        ? {}
        : { compressed: { codec: compressed.codec, length: compressed.length } }),
    }
    const carried = envelope ?? noEnvelope
    if (this.#encryption !== undefined) {
      const encrypted = this.#encryption.start()
      const header = writeHeader(carried, { ...content, encrypted })
      const body = compressed?.bytes ?? bytesOfBody(encoded)
      return joined([header, this.#encryption.seal(encrypted, [header, utf8(key)], body)])
    }
    const header = writeHeader(carried, content)
    if (compressed !== undefined) return joined([header, compressed.bytes])
    const { data } = encoded
    return typeof data === 'string' ? joinUtf8(header, data, tree) : joined([header, data])
  }

  /**
   * Does the first half of a read. Returns the envelope and the decrypted and decompressed body. Throws a
   * SerializationError.
   * @internal
   */
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

  /**
   * Does the second half of a read. Returns a new value for the caller at each call, from stored bytes or from a value
   * that was encoded just now. Throws a SerializationError.
   * @internal
   */
  decode(source: Opened | Encoded): unknown {
    if ('data' in source) return decodeEncoded(source, this.#rules, this.#serializer)
    const { envelope, content, body } = source
    return envelope === undefined
      ? parseBare(body, this.#rules.maxDepth, this.#maxBytes, this.#surelyFits)
      : decodeBody(content, body, this.#rules, this.#serializer)
  }

  #encode(value: unknown, exact?: ExactJson): Encoded {
    const encoded = encodeBody(value, this.#rules, this.#serializer, exact)
    const { data, tree = '' } = encoded
    if (data.length + tree.length <= this.#surelyFits) return encoded
    const bytes = typeof data === 'string' ? Buffer.byteLength(data) : data.length
    if (bytes + Buffer.byteLength(tree) <= this.#maxBytes) return encoded
    throw refusal([], 'size', `the value takes more than ${this.#maxBytes} bytes (option maxBytes)`)
  }

  #readBare(bytes: Uint8Array | string): Opened {
    const body = asBuffer(typeof bytes === 'string' ? utf8(bytes) : bytes)
    // Only counters can't be encrypted, because Redis adds to them.
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

function checkText(text: unknown, where: string): void {
  if (typeof text !== 'string') throw new OptionsError(`${where}: ${inspect(text)} is not text`)
}

/** The number of digits from which on a double may not hold a whole number. */
const UNSAFE_DIGITS = 16

function parseBare(
  bytes: Uint8Array | string,
  maxDepth: number,
  maxBytes: number,
  surelyFits: number,
): unknown {
  if (bytes.length > surelyFits && Buffer.byteLength(bytes) > maxBytes)
    throw unreadable('limit', `more than ${maxBytes} bytes`)
  const text = typeof bytes === 'string' ? bytes : asBuffer(bytes).toString()
  let value: unknown
  try {
    value = parseWithin(text, maxDepth)
  } catch (error) {
    throw error instanceof SerializationError ? error : unreadable('foreign', 'neither a frame nor JSON')
  }
  // Another program may have counted beyond the range of a number.
  if (
    typeof value === 'number' &&
    text.length >= UNSAFE_DIGITS &&
    /^-?\d+$/.test(text) &&
    String(value) !== text
  )
    throw unreadable('foreign', 'a whole number beyond 2^53')
  return value
}

function isBare(encoded: Encoded): encoded is Encoded & { data: string } {
  return encoded.type === 'json'
}

// Most bytes of a raw value are compressed already, so trying costs more than it saves.
function compress(encoded: Encoded, compression: Compression): ReturnType<Compression['compress']> {
  if (encoded.type === 'raw' || encoded.data.length < compression.threshold) return undefined
  return compression.compress(bytesOfBody(encoded))
}

function bytesOfBody({ data, tree }: Encoded): Uint8Array {
  const bytes = typeof data === 'string' ? utf8(data) : data
  return tree === undefined ? bytes : joined([bytes, utf8(tree)])
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
