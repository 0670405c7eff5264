import { createHash } from 'node:crypto'
import { canonical } from './canonical.ts'
import { KeyError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { isList } from '../internal/objects.ts'
import { isSideKey } from './key.ts'

/** An argument of {@link key} after the entity: an id, or parameters. */
export type KeyPart = string | number | bigint | boolean | object

/** Builders of keys; see {@link key}. */
export interface KeyBuilder {
  /**
   * Builds `<entity>:<id>` and `<entity>:list:<params>`: `key('user', 123)` is `user:123`,
   * `key('user', 'list', { page: 2 })` is `user:list:{"page":2}`.
   *
   * Ids are text, so that `123`, `'123'` and `123n` are one id. The characters `: % { } [ ] "` in ids are
   * percent-encoded. Parameters (objects, arrays, Map, Set, Date ...) are encoded by their content. Equal parameters
   * give the same key in any order of their keys, and different ones never do. A part of more than 200 bytes is
   * replaced by its SHA-256. If the key would have more than 600 bytes, one SHA-256 replaces all parts after the first.
   * @throws KeyError for an empty, `null`, `undefined` or non-finite part, and for a part without a canonical form.
   */
  (entity: string, ...parts: readonly KeyPart[]): string
  /**
   * Builds `<service>:<function>:<params>`: `key.fn('billing', 'invoice', [7, 'EUR'])` is `billing:invoice:[7,"EUR"]`.
   * @throws KeyError as {@link key} does.
   */
  fn(service: string, name: string, args: readonly unknown[]): string
}

/** The most UTF-8 bytes of a part that is not hashed. */
const MAX_PART_BYTES = 200
/** The most UTF-8 bytes of a key that is built. They leave room for a prefix and namespaces before it. */
export const MAX_BUILT_BYTES = 600

/** Builds keys by the conventions `<entity>:<id>`, `<entity>:list:<params>` and `<service>:<function>:<params>`. */
export const key: KeyBuilder = Object.assign(
  (entity: string, ...parts: readonly KeyPart[]): string => joined([entity, ...parts].map(encodePart)),
  {
    fn: (service: string, name: string, args: readonly unknown[]): string => {
      if (!isList(args)) throw new KeyError(`args: ${inspect(args)} is not a list of arguments`)
      return joined([encodePart(service), encodePart(name), encodeParams(args)])
    },
  },
)

// Several short parts may be too long together.
function joined(parts: readonly string[]): string {
  const text = parts.join(':')
  if (!isLong(text, MAX_BUILT_BYTES) && !(text.includes('!') && isSideKey(text))) return text
  // The first part may end like the name of one of the library's own keys.
  const entity = isSideKey(`${parts[0]!}:`) ? parts[0]!.replace(/!(?=[^!]*$)/, '%21') : parts[0]!
  return `${entity}:${hashed(parts.slice(1).join(':'))}`
}

function encodePart(part: unknown): string {
  if (typeof part === 'string') return encodeText(part)
  if (typeof part === 'number' && Number.isFinite(part)) return String(part)
  if (typeof part === 'bigint' || typeof part === 'boolean') return encodeText(String(part))
  if (typeof part === 'object' && part !== null) return encodeParams(part)
  throw new KeyError(
    `a part of a key must be text, a finite number, a bigint, a boolean or parameters, not ${inspect(part)}`,
  )
}

// Ids contain neither the separator nor a character that parameters begin with.
function encodeText(text: string): string {
  if (text.length === 0) throw new KeyError('a part of a key must not be empty')
  if (!text.isWellFormed()) throw new KeyError(`a part of a key must be well-formed text: ${inspect(text)}`)
  // The canonical form of text begins with a quote, which no parameters begin with.
  if (isLong(text, MAX_PART_BYTES)) return hashed(canonical(text))
  return text.replace(/^!|[:%{}[\]"]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

function encodeParams(params: object): string {
  const text = canonical(params)
  return isLong(text, MAX_PART_BYTES) ? hashed(text) : text
}

/**
 * Whether a text has more than `mostBytes` UTF-8 bytes. Most texts need no count, because a UTF-16 unit takes at most
 * three bytes.
 */
export function isLong(text: string, mostBytes: number): boolean {
  return text.length * 3 > mostBytes && Buffer.byteLength(text) > mostBytes
}

/** Returns the form of a part that is too long. No other part looks like it. */
export function hashed(text: string): string {
  return `[sha256 ${createHash('sha256').update(text).digest('hex')}]`
}
