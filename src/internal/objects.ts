import { types } from 'node:util'

/** Whether the value is a Date of any realm or subclass. */
export function isDate(value: unknown): value is Date {
  return types.isDate(value)
}

/** Whether the value is a Map of any realm or subclass. */
export function isMap(value: unknown): value is ReadonlyMap<unknown, unknown> {
  return types.isMap(value)
}

/** Whether the value is an array of any realm. It never throws. */
export function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

/** Returns the milliseconds of a Date since the epoch, regardless of its own methods. */
export function timeOf(date: Date): number {
  return Date.prototype.getTime.call(date)
}

/**
 * Whether the value is a plain object of named parts: one without a class, of any realm, or one made over another such
 * object. It never throws.
 */
export function isRecord(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  try {
    for (let at: object | null = Object.getPrototypeOf(value); at !== null; at = Object.getPrototypeOf(at)) {
      if (at === Object.prototype) return true
      // A prototype that names its constructor belongs to a class, unless it is the root of another realm.
      if (Object.hasOwn(at, 'constructor'))
        return isForeignObjectPrototype(at) && Object.getPrototypeOf(at) === null
    }
    return true
  } catch {
    return false
  }
}

/** Whether the prototype is the root of all objects of another realm. */
export function isForeignObjectPrototype(prototype: object): boolean {
  return prototype !== Object.prototype && Object.hasOwn(prototype, 'isPrototypeOf')
}

/** Names an object for a message: by its class, or as the engine calls it. */
export function nameOf(value: object): string {
  if (types.isProxy(value)) return 'Proxy'
  try {
    const prototype: object | null = Object.getPrototypeOf(value)
    const name: unknown =
      prototype === null ? undefined : (prototype as { constructor?: { name?: unknown } }).constructor?.name
    if (typeof name === 'string' && name !== '' && name !== 'Object') return name
  } catch {
    // A getter named `constructor` may throw, so the tag has to do.
  }
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}

/** Whether a value is an error of any realm. Those of Node.js come from another one in some test runners. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value)
}
