import { TextEncoder, types } from 'node:util'
import { SerializationError } from '../../core/errors.ts'
import { wordsOf } from '../../core/logging/thrown.ts'
import { parseWithin } from '../depth.ts'
import { exactJson, type ExactJson } from '../json/exact-json.ts'
import type { BodyHeader, BodyType } from './frame.ts'
import { bytesOf, kindOf, viewName, type View } from '../../internal/kinds.ts'
import { refusal } from '../refusal.ts'
import { readRich } from '../json/rich-reader.ts'
import { writeRich } from '../json/rich-writer.ts'
import type { ValueRules } from '../json/rules.ts'
import type { Serializer } from '../../core/serializer.ts'
import { corrupt, unreadable } from './unreadable.ts'

/** A value in the form for a body. Text and bytes are joined only when they are sent. */
export interface Encoded {
  /** The type of the body. */
  readonly type: BodyType
  /** The text or bytes of the body. */
  readonly data: string | Uint8Array
  /** `rich`: the revive tree. */
  readonly tree?: string
  /** `raw`: whether the value is a Buffer. */
  readonly buffer?: boolean
}

/** The length above which texts are stored as they are, in a frame. Shorter ones are JSON, which needs no frame. */
const longestJsonText = 4_096

/**
 * Encodes a value, or throws a SerializationError. Bytes of a Buffer are still those of the caller. `exact` is an
 * earlier result of {@link exactJson}.
 */
export function encodeBody(
  value: unknown,
  rules: ValueRules,
  serializer: Serializer | undefined,
  exact?: ExactJson,
): Encoded {
  if (serializer !== undefined && !Number.isSafeInteger(value)) return encodeCustom(value, serializer)
  if (typeof value === 'string' && value.length > longestJsonText && isWellFormed(value)) {
    return { type: 'text', data: value }
  }
  if (isBytes(value)) return { type: 'raw', data: bytesOf(value), buffer: Buffer.isBuffer(value) }
  const json = exact ?? exactJson(value, rules)
  if (typeof json === 'string') return { type: 'json', data: json }
  const { body, tree } = writeRich(value, rules, json)
  return tree === '' ? { type: 'json', data: body } : { type: 'rich', data: body, tree }
}

/** Returns the value of a body, private to the caller, or throws a SerializationError if there is none. */
export function decodeBody(
  content: BodyHeader,
  body: Buffer,
  rules: ValueRules,
  serializer: Serializer | undefined,
): unknown {
  switch (content.type) {
    case 'raw':
      return content.buffer === true ? Buffer.from(body) : new Uint8Array(body)
    case 'text':
      return body.toString()
    case 'json':
      return parseJson(body.toString(), rules)
    case 'rich':
      return decodeRich(body, content.treeLength ?? 0, rules)
    case 'counter':
      return decodeCounter(body.toString('latin1'))
    case 'negative':
      return null
    default:
      return decodeCustom(content.serializer, body, serializer)
  }
}

/** Returns the value of a body that was encoded just now, in the form for its readers. */
export function decodeEncoded(
  encoded: Encoded,
  rules: ValueRules,
  serializer: Serializer | undefined,
): unknown {
  const { type, data, tree, buffer } = encoded
  // Text takes no detour through bytes.
  if (typeof data === 'string' && type === 'text') return data
  if (typeof data === 'string' && type === 'json') return JSON.parse(data)
  if (typeof data === 'string' && type === 'rich') return readRich(data, tree ?? '', rules)
  const body = typeof data === 'string' ? Buffer.from(data) : bytesOf(data)
  const content = {
    type,
    buffer: buffer === true,
    ...(serializer === undefined ? {} : { serializer: serializer.name }),
  }
  return decodeBody(content, body, rules, serializer)
}

function parseJson(text: string, rules: ValueRules): unknown {
  try {
    return parseWithin(text, rules.maxDepth)
  } catch (error) {
    if (error instanceof SerializationError) throw error
    return corrupt('the JSON text')
  }
}

function decodeRich(body: Buffer, treeLength: number, rules: ValueRules): unknown {
  const split = body.length - treeLength
  if (split < 0) corrupt('the revive tree')
  return readRich(body.toString('utf8', 0, split), body.toString('utf8', split), rules)
}

function decodeCounter(text: string): number {
  const value = Number(text)
  return /^-?\d{1,16}$/.test(text) && Number.isSafeInteger(value) ? value : corrupt('a counter')
}

function encodeCustom(value: unknown, serializer: Serializer): Encoded {
  try {
    return { type: 'custom', data: serializer.serialize(value) }
  } catch (error) {
    if (error instanceof SerializationError) throw error
    throw refusal([], 'serializer', `the serializer ${serializer.name} threw ${wordsOf(error)}`)
  }
}

function decodeCustom(name: string | undefined, body: Buffer, serializer: Serializer | undefined): unknown {
  if (serializer === undefined || serializer.name !== name) {
    throw unreadable('serializer', `written by the serializer ${JSON.stringify(name)}`)
  }
  try {
    // Serializers may keep parts of their argument, so they get bytes of their own.
    return serializer.deserialize(Buffer.from(body))
  } catch (error) {
    throw unreadable('serializer', `the serializer ${serializer.name} threw ${wordsOf(error)}`)
  }
}

function isBytes(value: unknown): value is View {
  if (typeof value !== 'object' || value === null || types.isProxy(value) || kindOf(value) !== 'view')
    return false
  const name = viewName(value as View)
  return name === 'Buffer' || name === 'Uint8Array'
}

/** Whether UTF-8 keeps the text. It does not keep lone surrogates. */
function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}

const encoder = new TextEncoder()

/**
 * Returns the bytes of a text. For ASCII, which most JSON is, one pass is enough, because a text that fits into as many
 * bytes as it has units is complete. `Buffer.from` counts first.
 */
export function utf8(text: string): Buffer {
  if (text.length < 1_024) return Buffer.from(text)
  const bytes = Buffer.allocUnsafe(text.length)
  return encoder.encodeInto(text, bytes).read === text.length ? bytes : Buffer.from(text)
}

/** Joins a header, a text and the bytes after it, without a copy of the text if that is ASCII. */
export function joinUtf8(header: Uint8Array, text: string, tail: Uint8Array | undefined): Buffer {
  const start = header.length
  const end = start + text.length
  const bytes = Buffer.allocUnsafe(end + (tail?.length ?? 0))
  if (encoder.encodeInto(text, bytes.subarray(start, end)).read !== text.length) {
    return Buffer.concat([header, Buffer.from(text), ...(tail === undefined ? [] : [tail])])
  }
  bytes.set(header)
  if (tail !== undefined) bytes.set(tail, end)
  return bytes
}
