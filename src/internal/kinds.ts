import { types } from 'node:util'
import { isForeignObjectPrototype } from './objects.ts'

/**
 * The kind of an object of any realm. This is the one classification for values, keys, durations, options and results.
 * An object without a kind is an instance of a class, registered or not.
 */
export type Kind =
  | 'object'
  | 'null-object'
  | 'array'
  | 'date'
  | 'map'
  | 'set'
  | 'regexp'
  | 'url'
  | 'url-search-params'
  | 'error'
  | 'array-buffer'
  | 'view'

const KINDS_WITHOUT_PARTS: ReadonlySet<Kind> = new Set([
  'date',
  'regexp',
  'url',
  'url-search-params',
  'array-buffer',
  'view',
])

/** Whether an object of this kind contains other values. */
export function isContainer(kind: Kind): boolean {
  return !KINDS_WITHOUT_PARTS.has(kind)
}

/** Typed arrays, DataView and Buffer. */
export type View = NodeJS.ArrayBufferView

const typedArrayPrototype: object = Object.getPrototypeOf(Uint8Array.prototype)

/** The names that views have in stored bytes. */
export const viewNames = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float16Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'DataView',
  'Buffer',
] as const

/** Constructor of a view over a whole buffer. */
type ViewConstructor = (buffer: ArrayBuffer) => View

/** The makers of views over the bytes of a buffer, by name. Float16Array is missing before Node 24. */
const viewMakers = new Map<string, { readonly make: ViewConstructor; readonly elementSize: number }>()

const kindByPrototype = new Map<object, Kind>([
  [Object.prototype, 'object'],
  [Array.prototype, 'array'],
  [Date.prototype, 'date'],
  [Map.prototype, 'map'],
  [Set.prototype, 'set'],
  [RegExp.prototype, 'regexp'],
  [URL.prototype, 'url'],
  [URLSearchParams.prototype, 'url-search-params'],
  [ArrayBuffer.prototype, 'array-buffer'],
])

const viewNameByPrototype = new Map<object, string>()

for (const name of viewNames) {
  const type = (globalThis as unknown as Record<string, unknown>)[name]
  if (typeof type !== 'function') continue
  const prototype = type.prototype as object
  kindByPrototype.set(prototype, 'view')
  viewNameByPrototype.set(prototype, name)
  // Each of these globals is a constructor over an ArrayBuffer, except Buffer, which has a function for it.
  const construct = type as unknown as new (buffer: ArrayBuffer) => View
  const elementSize = (type as unknown as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1
  viewMakers.set(name, {
    make: name === 'Buffer' ? (buffer) => Buffer.from(buffer) : (buffer) => new construct(buffer),
    elementSize: name === 'Buffer' ? 1 : elementSize,
  })
}

/** Returns the kind of an object, or `undefined` for an instance of a class. */
export function kindOf(value: object): Kind | undefined {
  const prototype: object | null = Object.getPrototypeOf(value)
  if (prototype === null) return isOrdinary(value) ? 'null-object' : undefined
  const kind = kindByPrototype.get(prototype)
  if (kind !== undefined) return kind === 'object' || hasBrand(value, kind) ? kind : undefined
  if (types.isNativeError(value)) return 'error'
  return foreignKind(value, prototype)
}

/** Returns the kind whose methods work on `value`, regardless of its prototype: a subclass of Map is a map. */
export function baseKindOf(value: object): Kind | undefined {
  if (Array.isArray(value)) return 'array'
  return builtins.find((kind) => hasBrand(value, kind))
}

const builtins: readonly Kind[] = [
  'date',
  'map',
  'set',
  'regexp',
  'url',
  'url-search-params',
  'view',
  'array-buffer',
]

/** Whether the value really is what its prototype says: `Object.create(Date.prototype)` is not a date. */
function hasBrand(value: object, kind: Kind): boolean {
  switch (kind) {
    case 'array':
      return Array.isArray(value)
    case 'date':
      return types.isDate(value)
    case 'map':
      return types.isMap(value)
    case 'set':
      return types.isSet(value)
    case 'regexp':
      return types.isRegExp(value)
    case 'array-buffer':
      return types.isArrayBuffer(value) && (value as { resizable?: boolean }).resizable !== true
    case 'view':
      return ArrayBuffer.isView(value)
    case 'url':
      return value instanceof URL && answers(() => urlText.call(value))
    case 'url-search-params':
      return value instanceof URLSearchParams && answers(() => searchParamsText.call(value))
    default:
      return false
  }
}

const urlText: (this: URL) => string = URL.prototype.toString
const searchParamsText: (this: URLSearchParams) => string = URLSearchParams.prototype.toString

function answers(call: () => unknown): boolean {
  try {
    call()
    return true
  } catch {
    return false
  }
}

/** Whether an object without a prototype is no more than that (a namespace of a module is more). */
function isOrdinary(value: object): boolean {
  return !types.isModuleNamespaceObject(value)
}

/**
 * Returns the kind of a value made in another realm (a test runner's sandbox, `node:vm`). Such values have prototypes
 * of their own. They are recognised by their brand and by the length of the chain, which a subclass makes longer.
 */
function foreignKind(value: object, prototype: object): Kind | undefined {
  const next: object | null = Object.getPrototypeOf(prototype)
  if (next === null) return isForeignObjectPrototype(prototype) && isPlainTag(value) ? 'object' : undefined
  const last: object | null = Object.getPrototypeOf(next)
  if (last === null) {
    const kind = baseKindOf(value)
    return kind === 'url' || kind === 'url-search-params' ? undefined : kind
  }
  if (!ArrayBuffer.isView(value) || types.isDataView(value)) return undefined
  return Object.getPrototypeOf(last) === null && foreignViewName(value) !== undefined ? 'view' : undefined
}

function isPlainTag(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object Object]'
}

const typedArrayTag = Object.getOwnPropertyDescriptor(typedArrayPrototype, Symbol.toStringTag)?.get

function foreignViewName(value: object): string | undefined {
  const name: unknown = typedArrayTag?.call(value)
  return typeof name === 'string' && viewMakers.has(name) ? name : undefined
}

/**
 * Returns the name of a typed array, DataView or Buffer, such as `Float64Array`. A subclass has the name of its base.
 */
export function viewName(view: View): string {
  for (let at: object | null = Object.getPrototypeOf(view); at !== null; at = Object.getPrototypeOf(at)) {
    const name = viewNameByPrototype.get(at)
    if (name !== undefined) return name
  }
  return foreignViewName(view) ?? 'DataView'
}

/**
 * Returns a view of the named type over all of `buffer`, or `undefined` if there is no such type or the size does not
 * fit.
 */
export function makeView(name: string, buffer: ArrayBuffer): View | undefined {
  const maker = viewMakers.get(name)
  if (maker === undefined || buffer.byteLength % maker.elementSize !== 0) return undefined
  return maker.make(buffer)
}

/** Returns the bytes that `view` shows, without a copy. */
export function bytesOf(view: View): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength)
}

/** Returns a new buffer with the bytes that `view` shows, without the rest of the buffer behind it. */
export function bytesOfView(view: View): ArrayBuffer {
  const copy = new ArrayBuffer(view.byteLength)
  new Uint8Array(copy).set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
  return copy
}
