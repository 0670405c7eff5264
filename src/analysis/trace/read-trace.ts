import { readFile } from 'node:fs/promises'
import { types } from 'node:util'
import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { FAMILY, KINDS, LOAD, parseHeader, REMOVE, type TraceHeader } from './format.ts'

const NEW_LINE = 10
// 8 bytes of 7 bits are more than a safe integer needs.
const MOST_BYTES_OF_NUMBER = 8

/** A record of a trace. */
export interface TraceRecord {
  /**
   * The access: a read by its outcome, a load that a caller waits for or a refresh in the background, a write, or a
   * removal on request.
   */
  readonly kind: 'hit' | 'stale' | 'miss' | 'load' | 'refresh' | 'write' | 'remove'
  /** The family of the key, such as `user:{id}`. */
  readonly family: string
  /** The hash of the key, an unsigned number of 32 bits. */
  readonly key: number
  /** The milliseconds since the recording began. */
  readonly atMs: number
  /** The size of the value; 0 = not known. Of loads, refreshes and writes. */
  readonly bytes?: number
  /** The milliseconds that the loader took. Of loads and refreshes. */
  readonly costMs?: number
  /** The milliseconds for which the value was fresh. Of loads, refreshes and writes. */
  readonly ttlMs?: number
}

/** A recorded trace. */
export interface Trace extends TraceHeader {
  /** The records in the order of time. */
  readonly records: readonly TraceRecord[]
}

const NAMES = ['hit', 'stale', 'miss', 'load', 'refresh', 'write', 'remove'] as const

/**
 * Reads a trace that `recordAccesses` has written, from a file or from its bytes. The last record is left out if it is
 * not whole, because the process may have ended while it was written.
 * @throws OptionsError if it is no trace, or damaged.
 */
export async function readTrace(source: string | Uint8Array): Promise<Trace> {
  if (types.isUint8Array(source)) return parseTrace(source)
  if (typeof source !== 'string')
    throw new OptionsError(
      `readTrace: source: ${inspect(source)} is neither the name of a file nor a Uint8Array`,
    )
  return parseTrace(await fileOf(source))
}

async function fileOf(name: string): Promise<Uint8Array> {
  try {
    return await readFile(name)
  } catch (error) {
    // The error of Node quotes the name as it is, and a secret may have been given in its place.
    const code: unknown = Reflect.get(error as object, 'code')
    throw new OptionsError(`readTrace: source: the file ${inspect(name)} can't be read: ${String(code)}`)
  }
}

/** Returns the trace of bytes; see {@link readTrace}. */
export function parseTrace(bytes: Uint8Array): Trace {
  const end = bytes.indexOf(NEW_LINE)
  const header = end < 0 ? undefined : parseHeader(new TextDecoder().decode(bytes.subarray(0, end)))
  if (header === undefined) throw new OptionsError('readTrace: this is not a trace of recordAccesses')
  const records: TraceRecord[] = []
  const families: string[] = []
  const reader = new RecordReader(bytes, end + 1)
  let atMs = 0
  for (;;) {
    const start = reader.at
    const kind = reader.byte()
    const number = reader.number()
    if (kind === FAMILY) {
      const name = reader.text(reader.number())
      if (reader.isOver) break
      families[number] = name
      continue
    }
    const key = reader.hash()
    atMs += reader.number()
    const isValue = kind >= LOAD && kind < REMOVE
    const [size, cost, ttl] = isValue ? [reader.number(), reader.number(), reader.number()] : [0, 0, 0]
    if (reader.isOver) break
    const family = families[number]
    if (kind >= KINDS || family === undefined)
      throw new OptionsError(`readTrace: the record at byte ${inspect(start)} is damaged`)
    const record = { kind: NAMES[kind as 0], family, key, atMs }
    const ttlMs = ttl === 0 ? Infinity : ttl - 1
    records.push(isValue ? { ...record, bytes: size, costMs: cost / 1000, ttlMs } : record)
  }
  return { ...header, records }
}

/** Reads the parts of records. Beyond the end it answers zeros and {@link isOver}. */
class RecordReader {
  readonly #bytes: Uint8Array
  at: number
  isOver = false

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  byte(): number {
    const byte = this.#bytes[this.at++]
    if (byte === undefined) this.isOver = true
    return byte ?? 0
  }

  number(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < MOST_BYTES_OF_NUMBER; count++) {
      const byte = this.byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
      scale *= 128
    }
    throw new OptionsError(`readTrace: the number before byte ${this.at} is damaged`)
  }

  hash(): number {
    let hash = 0
    for (let shift = 0; shift < 32; shift += 8) hash |= this.byte() << shift
    return hash >>> 0
  }

  text(length: number): string {
    if (this.at + length > this.#bytes.length) this.isOver = true
    const text = new TextDecoder().decode(this.#bytes.subarray(this.at, this.at + length))
    this.at += length
    return text
  }
}
