import { UNREADABLE, type Generations, type RemoteFound, type RemoteOp } from '../../core/remote-store.ts'
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

/** Grace beyond this is as good as for ever: what has an end must have one on the server. A hundred years. */
const LONGEST_GRACE_MS = 3_155_760_000_000
/** What a client reads for bytes that are no UTF-8, such as the first of a frame. */
const NO_UTF8 = 0xfffd
const NO_TAGS = '\0\0'
const DAMAGED = { generations: UNREADABLE, graceMs: 0, rowVersion: undefined }

/** What a server answered for a key, as bytes. */
class Kept {
  readonly bytes: Uint8Array
  readonly key: string

  constructor(bytes: Uint8Array, key: string) {
    this.bytes = bytes
    this.key = key
  }
}

/** What is stored: a value of this process, or what a server answered. Text is bare JSON. */
type Form = Encoded | Kept | string

/** Entries as they are sent and answered: a value with its envelope, and what scripts compare of it. */
export class EntryBytes {
  readonly #format: WireFormat

  constructor(format: WireFormat) {
    this.#format = format
  }

  /** @throws SerializationError */
  admit(value: unknown): Stored {
    return this.#format.encode(value) as unknown as Stored
  }

  /** @throws SerializationError when the bytes can't be read */
  view(stored: Stored): unknown {
    const form = stored as unknown as Form
    if (typeof form === 'string') return this.#format.deserialize(form)
    if (!(form instanceof Kept)) return this.#format.decode(form)
    if (!isFrame(form.bytes)) return this.#format.deserialize(form.bytes)
    return this.#format.decode(this.#format.read(form.bytes, form.key))
  }

  /** About how long a value is, in units of text or bytes. */
  lengthOf(stored: Stored): number {
    const form = stored as unknown as Form
    if (typeof form === 'string') return form.length
    return form instanceof Kept ? form.bytes.length : form.data.length
  }

  /** What to store for an operation. */
  write(op: Extract<RemoteOp, { readonly kind: 'set' | 'fill' }>): string | Uint8Array {
    const { key, ttlMs, graceMs = 0, rowVersion, generations } = op
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

  /** The header of a counter that is made; `''` = it is bare. */
  counterHeader(ttlMs: number, generations: Generations | undefined): Uint8Array | '' {
    if (generations === undefined || generations.length === 0) return ''
    return writeHeader({ ttlMs, graceMs: 0, loadMs: 0, tags: tagsOf(generations) }, { type: 'counter' })
  }

  /** A number, as it is found. */
  number(value: number): Stored {
    return this.admit(value)
  }

  /** What was found as text, when nobody asks how long it has left; `undefined`: it must be read as bytes. */
  foundText(text: string): RemoteFound | undefined {
    if (text.charCodeAt(0) === NO_UTF8) return undefined
    return { stored: text as unknown as Stored, remainingMs: Infinity }
  }

  /** What was found; bytes that can't be read are found, too: {@link view} says so. */
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

/** Milliseconds for `PX`; `''` = for ever. */
export function lifetimeText(ttlMs: number, graceMs: number = 0): string {
  if (ttlMs === Infinity) return ''
  const ms = Math.max(1, Math.ceil(ttlMs)) + Math.ceil(Math.min(graceMs, LONGEST_GRACE_MS))
  return String(Math.min(ms, Number.MAX_SAFE_INTEGER))
}

/** A row version as scripts compare it; `''` = none. */
export function rowVersionText(rowVersion: bigint | undefined): string {
  return rowVersion === undefined ? '' : rowVersion.toString(16).padStart(16, '0')
}

/** Tags as they are in a header, to be compared with it; `'none'` = an entry without any. */
export function tagBytes(generations: Generations | 'none' | undefined): Uint8Array | string {
  if (generations === undefined) return ''
  if (generations === 'none' || generations.length === 0) return NO_TAGS
  const header = writeHeader(
    { ttlMs: 0, graceMs: 0, loadMs: 0, tags: tagsOf(generations) },
    { type: 'counter' },
  )
  return header.subarray(44)
}

/** The generations in a header or an entry; `undefined` = none, or it can't be read. */
export function generationsIn(bytes: Uint8Array): Generations | undefined {
  return readEnvelope(bytes)?.generations
}

/** The facts in a header, or in an entry beside its value; `undefined` for a frame that can't be read. */
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
  return (generations ?? []).map(({ tag, value }) => ({
    tag,
    hard: value.slice(0, 16),
    soft: Number.parseInt(value.slice(16), 16),
  }))
}
