import { createHash } from 'node:crypto'
import { checkKey } from '../../keys/key.ts'

/** The most UTF-8 bytes of a text that stays as it is. They leave room for a prefix and namespaces before it. */
const MAX_TEXT_BYTES = 500

/** The most UTF-8 bytes of a name of a namespace that is not hashed. */
const MAX_NAME_BYTES = 100

/**
 * Returns a key for any text of a host, because hosts know no rules of keys. Different texts never get the same key. A
 * text stays as it is if it can be a key, is not long and does not begin with `%`. Others become `%` and their SHA-256.
 */
export function textKey(text: string): string {
  return !text.startsWith('%') && isKey(text, MAX_TEXT_BYTES) ? text : `%${sha256(text)}`
}

/**
 * Returns a name of a namespace for any text of a host. Different texts never get the same name, and none of them is a
 * namespace within another, which a `:` would make it.
 */
export function textNamespace(text: string): string {
  const encoded = text.replace(/[!:%{}]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
  return isKey(encoded, MAX_NAME_BYTES) ? encoded : `%#${sha256(text)}`
}

function isKey(text: string, mostBytes: number): boolean {
  if (Buffer.byteLength(text) > mostBytes) return false
  try {
    checkKey(text, '')
    return true
  } catch {
    return false
  }
}

// UTF-16, because all lone surrogates are the same bytes in UTF-8.
function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf16le').digest('hex')
}
