import { StoreUnavailableError } from '../../core/errors.ts'
import type { Reply } from '../connection/client.ts'

/** Returns a reply that is no error. @throws the error that a reply is. */
export function accept(reply: Reply): Exclude<Reply, Error> {
  if (reply instanceof Error) throw reply
  return reply
}

export function asList(reply: Reply): readonly Reply[] {
  const list = accept(reply)
  return Array.isArray(list) ? (list as readonly Reply[]) : unexpected(list)
}

// Not by the class, because test runners with jsdom have a Uint8Array of their own.
function isBytes(reply: Reply): reply is Uint8Array {
  return ArrayBuffer.isView(reply)
}

export function asText(reply: Reply): string {
  const text = accept(reply)
  if (typeof text === 'string') return text
  return isBytes(text)
    ? Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString()
    : unexpected(text)
}

export function asTextOrNull(reply: Reply): string | null {
  return reply === null ? null : asText(reply)
}

export function asNumber(reply: Reply): number {
  const number = accept(reply)
  return typeof number === 'number' ? number : unexpected(number)
}

export function asBytes(reply: Reply): Uint8Array {
  const bytes = accept(reply)
  if (isBytes(bytes)) return bytes
  return typeof bytes === 'string' ? Buffer.from(bytes) : unexpected(bytes)
}

/** Whether a command was refused because the key holds no text. */
export function isWrongType(reply: unknown): reply is Error {
  return reply instanceof Error && /\bWRONGTYPE\b/.test(reply.message)
}

function unexpected(reply: unknown): never {
  throw new StoreUnavailableError(`the server answered something unexpected: ${typeof reply}`)
}
