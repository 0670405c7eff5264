import { KeyError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'

/** The most UTF-8 bytes of a key, its prefix included. */
export const MAX_KEY_BYTES = 1024

/** The kinds of the library's own keys. The name of such a key is a prefix, `!`, the kind, `:`, and any text. */
const SIDE_KINDS = 'lease|floor|sequence|log|tag|mark|limit|lock|semaphore|fleet|node'.split('|')

/** The kind of one of the library's own keys. */
export type SideKind =
  | 'lease'
  | 'floor'
  | 'sequence'
  | 'log'
  | 'tag'
  | 'mark'
  | 'limit'
  | 'lock'
  | 'semaphore'
  | 'fleet'
  | 'node'

const SIDE_KEY = new RegExp(`!(?:${SIDE_KINDS.join('|')}):`)

/** Whether a name is one of the library's own keys, under any prefix. No other key may contain such a name. */
export function isSideKey(name: string): boolean {
  return SIDE_KEY.test(name)
}

/**
 * Refuses text that can't be a key, because two different keys must never meet. A key must not be empty, too long, or
 * contain lone surrogates. It must not begin with `!` or contain `!lock:` or the like, which are kept for the library's
 * own keys.
 * @throws KeyError that names the key and the accepted form.
 */
export function checkKey(key: unknown, prefix: string, what = 'a key'): asserts key is string {
  if (typeof key !== 'string')
    throw new KeyError(`${what} must be a string, not ${inspect(key)}; see key() for building one`)
  if (key.length === 0) throw new KeyError(`${what} must not be empty`)
  const mark = key.indexOf('!')
  if (mark === 0) throw new KeyError(`${what} must not begin with '!': ${inspect(key)}`)
  if (mark > 0 && isSideKey(key)) throw sideKeyError(key, what)
  if (!key.isWellFormed())
    throw new KeyError(`${what} must be well-formed text, without lone surrogates: ${inspect(key)}`)
  // Most keys need no count, because a UTF-16 unit takes at most three bytes.
  if ((prefix.length + key.length) * 3 <= MAX_KEY_BYTES) return
  const bytes = Buffer.byteLength(prefix) + Buffer.byteLength(key)
  if (bytes <= MAX_KEY_BYTES) return
  throw new KeyError(
    `${what} must have at most ${MAX_KEY_BYTES} bytes with its prefix, this one has ${bytes}: ${inspect(key)}; ` +
      'key() shortens long parameters',
  )
}

/** Refuses text that can't be a prefix or a namespace. @throws KeyError */
export function checkPrefix(prefix: unknown, what: string): asserts prefix is string {
  if (typeof prefix !== 'string') throw new KeyError(`${what} must be a string, not ${inspect(prefix)}`)
  if (!prefix.isWellFormed()) throw new KeyError(`${what} must be well-formed text: ${inspect(prefix)}`)
  if (/[{}]/.test(prefix)) throw new KeyError(`${what} must not contain { or }: ${inspect(prefix)}`)
  if (prefix.startsWith('!')) throw new KeyError(`${what} must not begin with '!': ${inspect(prefix)}`)
  if (prefix.length * 3 > MAX_KEY_BYTES) throw new KeyError(`${what} is too long: ${inspect(prefix)}`)
  // A key after this prefix must not complete the name of one of the library's own keys.
  const tail = prefix.includes('!') ? prefix.slice(prefix.lastIndexOf('!')) : ':'
  if (isSideKey(prefix) || SIDE_KINDS.some((kind) => `!${kind}:`.startsWith(tail)))
    throw sideKeyError(prefix, what)
}

function sideKeyError(text: string, what: string): KeyError {
  const names = SIDE_KINDS.map((kind) => `!${kind}:`).join(' ')
  return new KeyError(
    `${what} must not contain any of ${names} (kept for the library's own keys): ${inspect(text)}`,
  )
}
