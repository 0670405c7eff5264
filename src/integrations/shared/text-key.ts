import { createHash } from 'node:crypto'
import { checkKey } from '../../keys/key.ts'

/** The most UTF-8 bytes of a text that stays as it is. They leave room for a prefix and namespaces before it. */
const MAX_TEXT_BYTES = 500

/**
 * Returns a key for any text of a host, because hosts know no rules of keys. Different texts never get the same key. A
 * text stays as it is if it can be a key, is not long and does not begin with `%`. Others become `%` and their SHA-256.
 */
export function textKey(text: string, mostBytes: number = MAX_TEXT_BYTES): string {
  if (isPlain(text, mostBytes)) return text
  // UTF-16, because all lone surrogates are the same bytes in UTF-8.
  return `%${createHash('sha256').update(text, 'utf16le').digest('hex')}`
}

/** Returns a name of a namespace for any text of a host, in the way of {@link textKey}. */
export function textNamespace(text: string): string {
  return textKey(/[{}]/.test(text) ? `%${text}` : text, 100)
}

function isPlain(text: string, mostBytes: number): boolean {
  if (text.startsWith('%') || Buffer.byteLength(text) > mostBytes) return false
  try {
    checkKey(text, '')
    return true
  } catch {
    return false
  }
}
