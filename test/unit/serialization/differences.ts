import { types } from 'node:util'

/**
 * Where `actual` is not the same as `expected`: type, content, order of properties and entries, holes, signs of
 * zero, and which objects are one and the same. An empty list means: the same. Written without the code under test.
 */
export function differences(actual: unknown, expected: unknown): string[] {
  const found: string[] = []
  compare(actual, expected, '$', new Map(), new Map(), found)
  return found
}

type Seen = Map<object, object>

function compare(a: unknown, b: unknown, path: string, forth: Seen, back: Seen, found: string[]): void {
  if (found.length > 5) return
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) {
    if (!Object.is(a, b)) found.push(`${path}: ${show(a)} instead of ${show(b)}`)
    return
  }
  if (forth.has(a) || back.has(b)) {
    if (forth.get(a) !== b || back.get(b) !== a) found.push(`${path}: another identity`)
    return
  }
  forth.set(a, b)
  back.set(b, a)
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) {
    found.push(`${path}: prototype of ${show(a)} instead of ${show(b)}`)
    return
  }
  const partsOfA = parts(a)
  const partsOfB = parts(b)
  if (partsOfA.length !== partsOfB.length) {
    found.push(`${path}: ${partsOfA.length} parts instead of ${partsOfB.length}`)
    return
  }
  for (const [index, [name, part]] of partsOfA.entries()) {
    const [expectedName, expectedPart] = partsOfB[index]!
    if (name !== expectedName) found.push(`${path}: ${name} instead of ${expectedName}`)
    compare(part, expectedPart, `${path}.${name}`, forth, back, found)
  }
}

function parts(value: object): [name: string, part: unknown][] {
  const own: [string, unknown][] = []
  if (!ArrayBuffer.isView(value)) own.push(...Object.entries(value))
  if (Array.isArray(value)) own.push(['length', value.length])
  if (types.isDate(value)) own.push(['time', value.getTime()])
  if (types.isMap(value)) {
    for (const [index, [key, part]] of [...value].entries())
      own.push([`key ${index}`, key], [`value ${index}`, part])
  }
  if (types.isSet(value))
    for (const [index, part] of [...value].entries()) own.push([`element ${index}`, part])
  if (types.isRegExp(value))
    own.push(['source', value.source], ['flags', value.flags], ['last', value.lastIndex])
  if (value instanceof URL || value instanceof URLSearchParams) own.push(['text', value.toString()])
  if (types.isAnyArrayBuffer(value)) own.push(['bytes', hex(new Uint8Array(value))])
  if (ArrayBuffer.isView(value)) {
    own.push(['bytes', hex(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))])
  }
  if (types.isNativeError(value)) {
    const { name, message, stack } = value
    own.push(['name', name], ['message', message], ['stack', stack])
    for (const part of ['cause', 'errors']) {
      if (Object.hasOwn(value, part)) own.push([part, (value as unknown as Record<string, unknown>)[part]])
    }
  }
  return own
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function show(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Object.prototype.toString.call(value)
  return Object.is(value, -0) ? '-0' : String(value)
}
