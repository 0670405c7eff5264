import { bytesOf, kindOf, viewName, type View } from '../internal/kinds.ts'
import { nameOf, timeOf } from '../internal/objects.ts'
import { KeyError } from '../core/errors.ts'
import { wordsOf } from '../core/logging/thrown.ts'

/** The most levels of nested containers. */
const MAX_DEPTH = 500

/**
 * Returns the canonical text of a value. Equal values have the same text in any order of their object keys. Different
 * values never have the same text, such as `{page:2}` and `{page:'2'}`, a Map and an object, or `undefined` and `null`.
 * The text is JSON if JSON can express the value. Other kinds are `[Kind payload]`, which no JSON array looks like. The
 * order of Map and Set entries counts. A hole in an array is `undefined`. The text is always well-formed.
 * @throws KeyError for functions, symbols, class instances and cycles, for more than 500 levels, and for a getter that
 * throws.
 */
export function canonical(value: unknown): string {
  try {
    return encode(value, '$', [])
  } catch (error) {
    if (error instanceof KeyError) throw error
    throw new KeyError(`a part of a key: reading it threw ${wordsOf(error)}`, { cause: error })
  }
}

function encode(value: unknown, path: string, ancestors: object[]): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      return Object.is(value, -0) ? '-0' : Number.isFinite(value) ? String(value) : `[${value}]`
    case 'boolean':
      return String(value)
    case 'bigint':
      return `[BigInt ${value}]`
    case 'undefined':
      return '[undefined]'
    case 'object':
      return value === null ? 'null' : encodeObject(value, path, ancestors)
    default:
      throw new KeyError(`${path} is a ${typeof value}, which can't be part of a key`)
  }
}

function encodeObject(value: object, path: string, ancestors: object[]): string {
  switch (kindOf(value)) {
    case 'date':
      return `[Date ${dateText(value as Date)}]`
    case 'url':
      return `[URL ${JSON.stringify((value as URL).href)}]`
    case 'url-search-params':
      return `[URLSearchParams ${JSON.stringify((value as URLSearchParams).toString())}]`
    case 'regexp':
      return `[RegExp ${JSON.stringify([(value as RegExp).source, (value as RegExp).flags])}]`
    case 'view':
      return `[${viewName(value as View)} ${bytesOf(value as View).toString('hex')}]`
    case 'array-buffer':
      return `[ArrayBuffer ${Buffer.from(value as ArrayBuffer).toString('hex')}]`
    case 'array':
      return inside(value, path, ancestors, () => list(value as unknown[], path, ancestors))
    case 'map':
      return inside(value, path, ancestors, () => `[Map ${list([...entriesOf(value)], path, ancestors)}]`)
    case 'set':
      return inside(value, path, ancestors, () => `[Set ${list([...valuesOf(value)], path, ancestors)}]`)
    case 'object':
    case 'null-object':
      return inside(value, path, ancestors, () => record(value, path, ancestors))
    default:
      throw new KeyError(
        `${path} is an instance of ${nameOf(value)}, which can't be part of a key; pass its id or plain data`,
      )
  }
}

function inside(value: object, path: string, ancestors: object[], parts: () => string): string {
  if (ancestors.includes(value))
    throw new KeyError(`${path} refers back to itself, so it can't be part of a key`)
  if (ancestors.length >= MAX_DEPTH)
    throw new KeyError(`a part of a key is nested deeper than ${MAX_DEPTH} levels; pass its id or flat data`)
  ancestors.push(value)
  const text = parts()
  ancestors.pop()
  return text
}

function record(value: object, path: string, ancestors: object[]): string {
  const fields = Object.keys(value)
    .sort()
    .map((name) => {
      const part = encode((value as Record<string, unknown>)[name], `${path}.${name}`, ancestors)
      return `${JSON.stringify(name)}:${part}`
    })
  return `{${fields.join(',')}}`
}

function list(items: readonly unknown[], path: string, ancestors: object[]): string {
  return `[${Array.from(items, (item, index) => encode(item, `${path}[${index}]`, ancestors)).join(',')}]`
}

// The built-in methods are used because a subclass or an instance may have replaced its own.
function entriesOf(value: object): Iterable<unknown> {
  return Map.prototype.entries.call(value)
}

function valuesOf(value: object): Iterable<unknown> {
  return Set.prototype.values.call(value)
}

function dateText(date: Date): string {
  const ms = timeOf(date)
  return Number.isNaN(ms) ? 'invalid' : new Date(ms).toISOString()
}
