import { createHash } from 'node:crypto'
import { canonical } from './canonical.ts'
import { KeyError } from './errors.ts'
import { inspect } from './inspect.ts'

/** What {@link key} takes after the entity: an id, or parameters. */
export type KeyPart = string | number | bigint | boolean | object

/** Builders of keys; see {@link key}. */
export interface KeyBuilder {
  /**
   * `<entity>:<id>` and `<entity>:list:<params>`: `key('user', 123)` is `user:123`,
   * `key('user', 'list', { page: 2 })` is `user:list:{"page":2}`.
   *
   * Ids are text, so that `123`, `'123'` and `123n` are one id; `: % { } [ ] "` in them are percent-encoded.
   * Parameters (objects, arrays, Map, Set, Date ...) are encoded so that equal ones meet, whatever the order
   * of their keys, and different ones never do; longer than 200 characters, they are replaced by their SHA-256.
   * @throws KeyError for an empty, `null`, `undefined` or non-finite part, and for what has no canonical form.
   */
  (entity: string, ...parts: readonly KeyPart[]): string
  /**
   * `<service>:<function>:<params>`: `key.fn('billing', 'invoice', [7, 'EUR'])` is `billing:invoice:[7,"EUR"]`.
   * @throws KeyError as {@link key} does.
   */
  fn(service: string, name: string, args: readonly unknown[]): string
}

const MAX_PARAMS_LENGTH = 200

/** Builds keys by the conventions `<entity>:<id>`, `<entity>:list:<params>` and `<service>:<function>:<params>`. */
export const key: KeyBuilder = Object.assign(
  (entity: string, ...parts: readonly KeyPart[]): string => [entity, ...parts].map(encodePart).join(':'),
  {
    fn: (service: string, name: string, args: readonly unknown[]): string =>
      [encodePart(service), encodePart(name), encodeParams(args)].join(':'),
  },
)

function encodePart(part: unknown): string {
  if (typeof part === 'string') return encodeText(part)
  if (typeof part === 'number' && Number.isFinite(part)) return String(part)
  if (typeof part === 'bigint' || typeof part === 'boolean') return String(part)
  if (typeof part === 'object' && part !== null) return encodeParams(part)
  throw new KeyError(
    `a part of a key must be text, a finite number, a bigint, a boolean or parameters, not ${inspect(part)}`,
  )
}

// The characters with which parameters begin, and the separator, never stand in an id as they are.
function encodeText(text: string): string {
  if (text.length === 0) throw new KeyError('a part of a key must not be empty')
  if (!text.isWellFormed()) throw new KeyError(`a part of a key must be well-formed text: ${inspect(text)}`)
  return text.replace(/^!|[:%{}[\]"]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

function encodeParams(params: object): string {
  const text = canonical(params)
  if (text.length <= MAX_PARAMS_LENGTH) return text
  return `[sha256 ${createHash('sha256').update(text).digest('hex')}]`
}
