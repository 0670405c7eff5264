import { isRecord } from '../../internal/objects.ts'

/** The first member of the header of a trace. */
export const FORMAT = 'cachette-trace'
/** The version of the format. */
export const VERSION = 1
/** The largest part of a record that is not the name of a family. */
export const MOST_BYTES_OF_RECORD = 64

/**
 * The kinds of records. A trace is a line of JSON, the header, and then records: a byte with the kind, and its parts.
 * Numbers are varints of 7 bits a byte, lowest first. A record of a key begins with the number of its family, the 32
 * bits of the hash of the key, and the milliseconds since the record before. Loads, refreshes and writes go on with the
 * size in bytes, the microseconds that the loader took, and the milliseconds of the ttl plus one; 0 = for ever.
 */
export const HIT = 0
export const STALE = 1
export const MISS = 2
/** A load that a caller waits for. */
export const LOAD = 3
/** A load in the background. */
export const REFRESH = 4
export const WRITE = 5
/** A removal on request. */
export const REMOVE = 6
/** The name of a family: its number, the number of bytes of its name, and the name. */
export const FAMILY = 7
/** The number of kinds. */
export const KINDS = 8

/** Facts that hold for a whole trace. */
export interface TraceHeader {
  /** The `name` of the cache. */
  readonly cache: string
  /** The share of all keys that were recorded. */
  readonly share: number
  /** The milliseconds since the Unix epoch at which it began. */
  readonly startedAt: number
  /** The number of entries that the memory of the process had room for. Absent if nothing bounded it. */
  readonly maxEntries?: number | undefined
}

/** Returns the first line of a trace. */
export function headerLine(header: TraceHeader): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, ...header })}\n`
}

/** Returns the header of a first line, or `undefined` if it is none. */
export function parseHeader(line: string): TraceHeader | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!isRecord(parsed)) return undefined
  const { format, version, cache, share, startedAt, maxEntries } = parsed as Readonly<Record<string, unknown>>
  if (format !== FORMAT || version !== VERSION || typeof cache !== 'string') return undefined
  if (typeof share !== 'number' || !(share > 0 && share <= 1) || typeof startedAt !== 'number')
    return undefined
  return { cache, share, startedAt, maxEntries: typeof maxEntries === 'number' ? maxEntries : undefined }
}
