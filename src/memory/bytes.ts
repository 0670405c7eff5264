import { types } from 'node:util'

/** The bytes of an entry besides its key and its value, in the map and its tables. */
const ENTRY_BYTES = 64
/** The bytes of a number, a date and everything else of a fixed size, and of an object besides its parts. */
const FIXED_BYTES = 8
const OBJECT_BYTES = 16
/** The most parts of one list that are looked at. The others count as their mean. */
const MOST_LOOKS = 64
/** The most parts of a value, and levels of it, that are looked at. The others count as objects without parts. */
const MOST_PARTS = 4_096
const DEEPEST = 32
/** The length of text that is searched for characters of two bytes. */
const MOST_TEXT = 4_096

const TWO_BYTES = /[^\0-\u00ff]/

/**
 * Estimates the bytes of an entry. Text counts one byte for each character, or two if it has any beyond Latin-1. Names
 * of properties count as text, buffers as their bytes. The time is bounded: long lists are sampled evenly, and very
 * large or deep values in part. Never throws.
 */
export function bytesOf(value: unknown, key: string): number {
  return ENTRY_BYTES + textBytes(key) + new Estimate().of(value, 0)
}

/** The estimate of one value. */
class Estimate {
  #parts = 0

  of(value: unknown, level: number): number {
    if (typeof value === 'string') return FIXED_BYTES + textBytes(value)
    if (typeof value !== 'object' || value === null) return FIXED_BYTES
    if (++this.#parts > MOST_PARTS || level === DEEPEST) return OBJECT_BYTES
    try {
      return this.#ofObject(value, level + 1)
    } catch {
      // A getter, or a Proxy, has thrown.
      return OBJECT_BYTES
    }
  }

  #ofObject(value: object, level: number): number {
    if (Array.isArray(value))
      return OBJECT_BYTES + this.#ofList(value.length, (index) => this.of(value[index], level))
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return OBJECT_BYTES + value.byteLength
    if (types.isDate(value)) return OBJECT_BYTES
    if (types.isMap(value)) return OBJECT_BYTES + this.#ofEntries(value, level)
    if (types.isSet(value)) return OBJECT_BYTES + this.#ofEntries(value, level)
    const source: Readonly<Record<string, unknown>> = value as Readonly<Record<string, unknown>>
    const names = Object.keys(source)
    const ofName = (index: number): number => {
      const name = names[index]!
      return textBytes(name) + this.of(source[name], level)
    }
    return OBJECT_BYTES + this.#ofList(names.length, ofName)
  }

  // A collection has no places, so its first parts stand for all.
  #ofEntries(collection: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>, level: number): number {
    const looked: unknown[] = []
    for (const part of collection) if (looked.push(part) === MOST_LOOKS) break
    const bytes = looked.reduce((sum: number, part) => sum + this.of(part, level), 0)
    return looked.length === 0 ? 0 : (bytes * collection.size) / looked.length
  }

  #ofList(length: number, bytesAt: (index: number) => number): number {
    const looks = Math.min(length, MOST_LOOKS)
    const step = length / looks
    let bytes = 0
    for (let look = 0; look < looks; look++) bytes += bytesAt(Math.floor(look * step))
    return looks === 0 ? 0 : bytes * step
  }
}

function textBytes(text: string): number {
  return TWO_BYTES.test(text.length > MOST_TEXT ? text.slice(0, MOST_TEXT) : text)
    ? 2 * text.length
    : text.length
}
