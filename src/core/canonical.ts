import { KeyError } from './errors.ts'

/**
 * Text for a value, the same for equal values whatever the order of their object keys, and different for
 * different ones: `{page:2}` and `{page:'2'}`, a Map and an object, `undefined` and `null` never meet.
 * JSON where JSON can say it; the other kinds as `[Kind payload]`, which no JSON array looks like.
 * The order of Map and Set entries counts; a hole in an array is `undefined`. Always well-formed text.
 * @throws KeyError for what has no value of its own (functions, symbols, class instances, cycles).
 */
export function canonical(value: unknown): string {
  return encode(value, '$', [])
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
  if (ancestors.includes(value))
    throw new KeyError(`${path} refers back to itself, so it can't be part of a key`)
  const inside = [...ancestors, value]
  if (Array.isArray(value)) return list(value, path, inside)
  if (value instanceof Date)
    return `[Date ${Number.isNaN(value.getTime()) ? 'invalid' : value.toISOString()}]`
  if (value instanceof Map) return `[Map ${list([...value], path, inside)}]`
  if (value instanceof Set) return `[Set ${list([...value], path, inside)}]`
  if (value instanceof URL) return `[URL ${JSON.stringify(value.href)}]`
  if (value instanceof URLSearchParams) return `[URLSearchParams ${JSON.stringify(value.toString())}]`
  if (value instanceof RegExp) return `[RegExp ${JSON.stringify([value.source, value.flags])}]`
  if (ArrayBuffer.isView(value)) return bytes(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    const name = (value.constructor as { name?: string } | undefined)?.name ?? 'an unknown class'
    throw new KeyError(
      `${path} is an instance of ${name}, which can't be part of a key; pass its id or plain data`,
    )
  }
  const record = value as Record<string, unknown>
  const fields = Object.keys(record).sort()
  return `{${fields.map((name) => `${JSON.stringify(name)}:${encode(record[name], `${path}.${name}`, inside)}`).join(',')}}`
}

function list(items: readonly unknown[], path: string, inside: object[]): string {
  return `[${Array.from(items, (item, index) => encode(item, `${path}[${index}]`, inside)).join(',')}]`
}

function bytes(view: ArrayBufferView): string {
  const hex = Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('hex')
  return `[${view.constructor.name} ${hex}]`
}
