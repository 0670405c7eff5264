import { UNREADABLE, type Generations } from '../../core/remote/generations.ts'
import type { RemoteFound, RemoteOp } from '../../core/remote/operations.ts'
import type { Stored } from '../../core/store.ts'
import type { Encoded } from '../../serialization/wire/body.ts'
import {
  isFrame,
  readFrame,
  writeHeader,
  type Envelope,
  type TagGeneration,
} from '../../serialization/wire/frame.ts'
import type { WireFormat } from '../../serialization/wire/wire-format.ts'

/**
 * The longest grace on the server, a hundred years. A longer one is cut, because an entry with an end needs one there.
 */
const LONGEST_GRACE_MS = 3_155_760_000_000
/** The replacement character, which clients read for bytes that are no UTF-8, such as the first byte of a frame. */
const NO_UTF8 = 0xfffd
const NO_TAGS = '\0\0'
const DAMAGED = { generations: UNREADABLE, graceMs: 0, rowVersion: undefined }

/** The answer of a server for a key, as bytes. */
class Kept {
  readonly bytes: Uint8Array
  readonly key: string

  constructor(bytes: Uint8Array, key: string) {
    this.bytes = bytes
    this.key = key
  }
}

/** A stored form: a value of this process, or the answer of a server. Text is bare JSON. */
type Form = Encoded | Kept | string

/**
 * Converts entries to and from the bytes on a server: values with their envelopes, and the parts that scripts compare.
 */
export class EntryBytes {
  readonly #format: WireFormat
  readonly #onLasting: (() => void) | undefined

  /** `onLasting` is called for each entry without a ttl. */
  constructor(format: WireFormat, onLasting?: () => void) {
    this.#format = format
    this.#onLasting = onLasting
  }

  /** Encodes a value. @throws SerializationError */
  admit(value: unknown): Stored {
    return this.#format.encode(value) as unknown as Stored
  }

  /** Decodes a stored form. @throws SerializationError if the bytes can't be read */
  view(stored: Stored): unknown {
    const form = stored as unknown as Form
    if (typeof form === 'string') return this.#format.deserialize(form)
    if (!(form instanceof Kept)) return this.#format.decode(form)
    if (!isFrame(form.bytes)) return this.#format.deserialize(form.bytes)
    return this.#format.decode(this.#format.read(form.bytes, form.key))
  }

  /** Returns about the length of a value, in units of text or bytes. */
  lengthOf(stored: Stored): number {
    const form = stored as unknown as Form
    if (typeof form === 'string') return form.length
    return form instanceof Kept ? form.bytes.length : form.data.length
  }

  /** Returns the text or bytes that an operation stores. */
  write(op: Extract<RemoteOp, { readonly kind: 'set' | 'add' | 'fill' }>): string | Uint8Array {
    const { key, ttlMs, graceMs = 0, rowVersion, generations } = op
    if (ttlMs === Infinity) this.#onLasting?.()
    const form = op.stored as unknown as Form
    const isFound = typeof form === 'string' || form instanceof Kept
    const encoded = isFound ? this.#format.encode(this.view(op.stored)) : form
    const isBare = graceMs === 0 && rowVersion === undefined && (generations?.length ?? 0) === 0
    if (isBare) return this.#format.write(encoded, undefined, key)
    const envelope: Envelope = {
      ttlMs,
      graceMs: Math.min(graceMs, LONGEST_GRACE_MS),
      loadMs: 0,
      rowVersion,
      tags: tagsOf(generations),
    }
    return this.#format.write(encoded, envelope, key)
  }

  /** Returns the header of a new counter; `''` = the counter is bare. */
  counterHeader(ttlMs: number, generations: Generations | undefined): Uint8Array | '' {
    if (generations === undefined || generations.length === 0) return ''
    return writeHeader({ ttlMs, graceMs: 0, loadMs: 0, tags: tagsOf(generations) }, { type: 'counter' })
  }

  /** Returns an entry from text, without its time left; `undefined` if it must be read as bytes. */
  foundText(text: string): RemoteFound | undefined {
    if (text.charCodeAt(0) === NO_UTF8) return undefined
    return { stored: text as unknown as Stored, remainingMs: Infinity }
  }

  /** Returns an entry from bytes. An unreadable one counts as found, and {@link view} reports the error. */
  found(bytes: Uint8Array, key: string, leftMs: number): RemoteFound {
    const stored = new Kept(bytes, key) as unknown as Stored
    const remainingMs = leftMs === -1 ? Infinity : leftMs
    if (!isFrame(bytes)) return { stored, remainingMs }
    const { generations, graceMs, rowVersion } = readEnvelope(bytes) ?? DAMAGED
    return {
      stored,
      remainingMs,
      ...(generations === undefined ? {} : { generations }),
      ...(graceMs === 0 ? {} : { graceMs }),
      ...(rowVersion === undefined ? {} : { rowVersion }),
    }
  }
}

/** Returns the milliseconds for `PX`; `''` = for ever. */
export function lifetimeText(ttlMs: number, graceMs: number = 0): string {
  if (ttlMs === Infinity) return ''
  const ms = Math.max(1, Math.ceil(ttlMs)) + Math.ceil(Math.min(graceMs, LONGEST_GRACE_MS))
  return String(Math.min(ms, Number.MAX_SAFE_INTEGER))
}

/** Returns a row version as scripts compare it; `''` = none. */
export function rowVersionText(rowVersion: bigint | undefined): string {
  return rowVersion === undefined ? '' : rowVersion.toString(16).padStart(16, '0')
}

/** Returns tags as in a header, for comparison with one; `'none'` = an entry without tags. */
export function tagBytes(generations: Generations | 'none' | undefined): Uint8Array | string {
  if (generations === undefined) return ''
  if (generations === 'none' || generations.length === 0) return NO_TAGS
  const header = writeHeader(
    { ttlMs: 0, graceMs: 0, loadMs: 0, tags: tagsOf(generations) },
    { type: 'counter' },
  )
  return header.subarray(44)
}

/** Returns the generations in a header or an entry; `undefined` if there are none, or it can't be read. */
export function generationsIn(bytes: Uint8Array): Generations | undefined {
  return readEnvelope(bytes)?.generations
}

/** Returns the envelope in a header or an entry; `undefined` for a frame that can't be read. */
export function readEnvelope(bytes: Uint8Array):
  | {
      readonly generations?: Generations
      readonly graceMs: number
      readonly rowVersion?: bigint | undefined
    }
  | undefined {
  if (!isFrame(bytes)) return { graceMs: 0 }
  try {
    const { tags, graceMs, rowVersion } = readFrame(bytes)
    if (tags.length === 0) return { graceMs, rowVersion }
    const generations = tags.map(({ tag, hard, soft }) => ({
      tag,
      value: hard + soft.toString(16).padStart(8, '0'),
    }))
    return { generations, graceMs, rowVersion }
  } catch {
    return undefined
  }
}

function tagsOf(generations: Generations | undefined): readonly TagGeneration[] {
  const tags: TagGeneration[] = []
  for (const { tag, value } of generations ?? [])
    tags.push({ tag, hard: value.slice(0, 16), soft: Number.parseInt(value.slice(16), 16) })
  return tags
}
