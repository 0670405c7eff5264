import { KeyError } from './errors.ts'
import { inspect } from './inspect.ts'

/** The most bytes a key may have, its prefix included (UTF-8). */
export const MAX_KEY_BYTES = 1024

/**
 * Refuses what can't be a key, because two different keys must never meet: an empty one, one with lone
 * surrogates, one that begins with `!` (kept for the library's own keys), one that is too long.
 * @throws KeyError that names the key and what is accepted.
 */
export function checkKey(key: unknown, prefix: string, what = 'a key'): asserts key is string {
  if (typeof key !== 'string')
    throw new KeyError(`${what} must be a string, not ${inspect(key)}; see key() for building one`)
  if (key.length === 0) throw new KeyError(`${what} must not be empty`)
  if (key.charCodeAt(0) === 33) throw new KeyError(`${what} must not begin with '!': ${inspect(key)}`)
  if (!key.isWellFormed())
    throw new KeyError(`${what} must be well-formed text, without lone surrogates: ${inspect(key)}`)
  // A UTF-16 unit takes at most three bytes, so that most keys need no count.
  if ((prefix.length + key.length) * 3 <= MAX_KEY_BYTES) return
  const bytes = Buffer.byteLength(prefix) + Buffer.byteLength(key)
  if (bytes <= MAX_KEY_BYTES) return
  throw new KeyError(
    `${what} must have at most ${MAX_KEY_BYTES} bytes with its prefix, this one has ${bytes}: ${inspect(key)}; ` +
      'key() shortens long parameters',
  )
}

/** Refuses what can't be a prefix or a namespace. @throws KeyError */
export function checkPrefix(prefix: unknown, what: string): asserts prefix is string {
  if (typeof prefix !== 'string') throw new KeyError(`${what} must be a string, not ${inspect(prefix)}`)
  if (!prefix.isWellFormed()) throw new KeyError(`${what} must be well-formed text: ${inspect(prefix)}`)
  if (/[{}]/.test(prefix)) throw new KeyError(`${what} must not contain { or }: ${inspect(prefix)}`)
  if (prefix.startsWith('!')) throw new KeyError(`${what} must not begin with '!': ${inspect(prefix)}`)
  if (prefix.length * 3 > MAX_KEY_BYTES) throw new KeyError(`${what} is too long: ${inspect(prefix)}`)
}
