import { canonical } from '../keys/canonical.ts'
import { KeyError, OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { MAX_BUILT_BYTES, hashed, isLong, key } from '../keys/key-builder.ts'
import { isSideKey } from '../keys/key.ts'

/** The values that fill a template. */
export interface Call {
  /** The object whose method is called. */
  readonly self: unknown
  readonly args: readonly unknown[]
  /** The answer of the method. Absent before that. */
  readonly result?: unknown
}

interface Placeholder {
  readonly root: number | 'this' | 'result'
  readonly path: readonly string[]
}

/**
 * Text with placeholders, for keys and tags. `{0}` is the first argument, `{1.team.id}` a property of the second,
 * `{this.tenant}` one of the object, `{result.id}` one of the method's answer. Properties are read, and nothing is
 * evaluated. Two lists of arguments never make one text. Characters of a value that a key keeps for itself and the
 * first character after a placeholder are percent-encoded. Placeholders that touch get a `:` between them.
 */
export class Template {
  /** Whether it needs the answer of the method. */
  readonly needsResult: boolean
  readonly #texts: readonly string[]
  readonly #placeholders: readonly Placeholder[]
  readonly #source: string
  // Characters that are escaped in a value.
  readonly #reserved: RegExp

  /** @throws OptionsError for an invalid template. */
  constructor(source: unknown, where: string) {
    if (typeof source !== 'string') throw new OptionsError(`${where}: ${inspect(source)} is not a template`)
    // Text and placeholders take turns.
    const pieces = source.split(/\{([^{}]*)\}/)
    this.#source = source
    const texts = pieces.filter((_, index) => index % 2 === 0)
    if (texts.some((text) => /[{}]/.test(text)))
      throw new OptionsError(`${where}: ${inspect(source)} has a brace without its other`)
    // A value ends at the first character of the following text. That must differ from the value and its percent signs.
    this.#texts = texts.map((text, index) =>
      index > 0 && index < texts.length - 1 && /^(?:%|$)/.test(text) ? `:${text}` : text,
    )
    this.#reserved = reservedBy(this.#texts.slice(1, -1))
    this.#placeholders = pieces
      .filter((_, index) => index % 2 === 1)
      .map((inner) => placeholder(inner, where))
    this.needsResult = this.#placeholders.some(({ root }) => root === 'result')
  }

  /** Returns the text for a call. @throws KeyError for a value that can't be part of a key. */
  textFor(call: Call): string {
    const text = this.#texts.reduce((made, next, index) => {
      const { root, path } = this.#placeholders[index - 1]!
      try {
        return made + this.#encode(valueOf(root, path, call)) + next
      } catch (error) {
        if (!(error instanceof KeyError)) throw error
        const name = [root, ...path].join('.')
        throw new KeyError(`${inspect(this.#source)}: {${name}}: ${error.message}`)
      }
    })
    return isLong(text, MAX_BUILT_BYTES) || isSideKey(text) ? `${this.#texts[0]!}${hashed(text)}` : text
  }

  // Encodes a value as a part of a key, so that `user:{0}` and `key('user', id)` are the same. Values without a place
  // there have a form of their own, because text never begins with a bracket, and no list looks like these.
  #encode(value: unknown): string {
    if (value === '') return '[empty]'
    if (value === null) return '[none]'
    if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) return canonical(value)
    if (!isScalar(value)) return key(value as string)
    const text = String(value)
    const part = key(text)
    // Too long for a plain part, it already has a form that needs no more encoding.
    return part.startsWith('[') ? part : text.replace(this.#reserved, percentEncoded)
  }
}

function isScalar(value: unknown): value is string | number | bigint | boolean {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value)
}

function reservedBy(separators: readonly string[]): RegExp {
  const firsts = separators.map((text) => String.fromCodePoint(text.codePointAt(0)!))
  const escaped = firsts.map((first) => first.replace(/[\\\]^-]/g, '\\$&'))
  return new RegExp(`^!|[:%{}[\\]"${escaped.join('')}]`, 'gu')
}

function percentEncoded(char: string): string {
  const code = char.codePointAt(0)!.toString(16).toUpperCase()
  return code.length <= 2 ? `%${code.padStart(2, '0')}` : `%u${code.padStart(6, '0')}`
}

function placeholder(inner: string, where: string): Placeholder {
  const [root = '', ...path] = inner.split('.')
  const isRoot = /^(0|[1-9]\d*|this|result)$/.test(root)
  if (isRoot && !path.includes('') && (root !== 'this' || path.length > 0))
    return { root: root === 'this' || root === 'result' ? root : Number(root), path }
  throw new OptionsError(
    `${where}: {${inner}} is not a placeholder; use {0}, {0.team.id}, {this.tenant} or {result.id}`,
  )
}

function valueOf(root: Placeholder['root'], path: readonly string[], call: Call): unknown {
  let value = root === 'this' ? call.self : root === 'result' ? call.result : call.args[root]
  for (const name of path) value = (value as Record<string, unknown> | null | undefined)?.[name]
  return value
}
