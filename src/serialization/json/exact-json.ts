import { types } from 'node:util'
import { CHECKED_OBJECTS, hasGetters } from '../getters.ts'
import { isPristine } from './properties.ts'
import type { ValueRules } from './rules.ts'

const { isProxy } = types

/**
 * The parts of a value that were read before it turned out to be more than JSON: copies of its objects, one level deep.
 */
export type Looked = Map<object, object>

/** A value as JSON; else the parts that were read to find out that it has no such text. No object for both: that shows. */
export type ExactJson = string | Looked

/**
 * Returns the text from which `JSON.parse` gives the value back as it is, except for properties that are `undefined`. A
 * missing text is no refusal: the rich writer looks closer, and keeps or refuses.
 *
 * This walk runs before every write, so it is tuned: decisions by `typeof` within the loop of the parent, `for in`
 * instead of a list of names, no path, and its state in variables of the module. Even one allocation shows in the time
 * for a small object. A value that it can't judge cheaply has no text.
 *
 * A getter may answer something else at the next look, so it is read once
 * (docs/decisions/0102-a-getter-is-read-once.md). Small values are written from the copy that was looked at. Large ones
 * with getters are left to the rich writer before any getter is read.
 */
export function exactJson(value: unknown, rules: ValueRules): ExactJson {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value)
    case 'number':
      return isExactNumber(value) ? String(value) : NOTHING_LOOKED
    case 'object': {
      if (value === null) return 'null'
      if (!isPristine()) return NOTHING_LOOKED
      // A small record has two levels at most.
      const small = rules.maxDepth < 2 ? undefined : smallRecord(value, rules.maxCount)
      if (small === undefined) return isExactObject(value, rules) ? JSON.stringify(value) : NOTHING_LOOKED
      if (!(small instanceof Map)) return JSON.stringify(small)
      return isExactObject(value, rules) ? JSON.stringify(value) : small
    }
    default:
      return NOTHING_LOOKED
  }
}

const NOTHING_LOOKED: Looked = new Map()

/** Whether JSON keeps the number. It has no NaN, no infinities and no negative zero. */
function isExactNumber(value: number): boolean {
  return value - value === 0 && (value !== 0 || 1 / value > 0)
}

/** The most parts of a small record. A small record costs little time even if the walk finds no text. */
const fewParts = 64

/**
 * Returns a copy of an exact record of a few parts, with at most two objects in it that hold no further ones. Else it
 * returns the copies that it has read, if any, and the large walk decides. Most small values are such records, and the
 * state of the large walk would show in their time.
 */
function smallRecord(value: object, maxCount: number): object | Looked | undefined {
  if (isProxy(value) || Array.isArray(value) || Object.getPrototypeOf(value) !== Object.prototype)
    return undefined
  let record: Record<string, unknown> | undefined
  let first: object | undefined
  let second: object | undefined
  let firstName = ''
  let secondName = ''
  let firstCopy: object | undefined
  let secondCopy: object | undefined
  let left = maxCount < fewParts ? maxCount : fewParts
  try {
    record = { ...value }
    if ((record as { toJSON?: unknown }).toJSON !== undefined) left = -1
    for (const name in record) {
      const part = record[name]
      left--
      if (typeof part === 'string' || typeof part === 'boolean') continue
      if (typeof part === 'number') {
        if (!isExactNumber(part)) left = -1
      } else if (typeof part === 'object') {
        if (part === null) continue
        if (first === undefined) {
          first = part
          firstName = name
          firstCopy = innermostCopy(part, left)
          left = afterInnermost(firstCopy, left)
        } else if (second === undefined && part !== first) {
          second = part
          secondName = name
          secondCopy = innermostCopy(part, left)
          left = afterInnermost(secondCopy, left)
        } else left = -1
      } else if (part !== undefined) left = -1
      if (left < 0) break
    }
    if (left >= 0) {
      if (first !== undefined) record[firstName] = firstCopy
      if (second !== undefined) record[secondName] = secondCopy
      return record
    }
  } catch {
    // A getter threw, and will throw again.
  }
  if (record === undefined) return undefined
  const looked: Looked = new Map([[value, record]])
  if (firstCopy !== undefined) looked.set(first!, firstCopy)
  if (secondCopy !== undefined) looked.set(second!, secondCopy)
  return looked
}

function innermostCopy(value: object, left: number): object | undefined {
  if (isProxy(value)) return undefined
  const prototype: object | null = Object.getPrototypeOf(value)
  if (Array.isArray(value))
    return prototype === Array.prototype && value.length <= left ? value.slice() : undefined
  return prototype === Object.prototype ? { ...value } : undefined
}

/**
 * Returns how many of `left` parts remain after an exact object without objects in it; negative for any other value.
 */
function afterInnermost(value: object | undefined, left: number): number {
  if (value === undefined || (value as { toJSON?: unknown }).toJSON !== undefined) return -1
  if (!Array.isArray(value)) {
    let after = left
    for (const name in value) {
      const part = (value as Record<string, unknown>)[name]
      after--
      if (typeof part === 'string' || typeof part === 'boolean') continue
      if (typeof part === 'number') {
        if (!isExactNumber(part)) return -1
      } else if (part !== null && part !== undefined) return -1
    }
    return after
  }
  for (let index = 0; index < value.length; index++) {
    const part: unknown = value[index]
    if (typeof part === 'string' || typeof part === 'boolean') continue
    if (typeof part === 'number') {
      if (!isExactNumber(part)) return -1
    } else if (part !== null) return -1
  }
  return left - value.length
}

/** The objects seen in this walk. Most values have few, and comparing them is cheaper than a Set. */
const firstSeen: (object | undefined)[] = Array.from({ length: 16 }, () => undefined)
let firstCount = 0
let seen: Set<object> | undefined
/** The number of parts that the value may still have. */
let partsLeft = 0
/** The number of objects that are still looked at for getters. */
let checksLeft = 0
let busy = false

function isExactObject(value: object, rules: ValueRules): boolean {
  // A getter that writes to a cache gets here again while the variables are in use.
  if (busy) return false
  busy = true
  partsLeft = rules.maxCount
  checksLeft = CHECKED_OBJECTS
  try {
    return isExact(value, rules.maxDepth)
  } catch {
    // A getter threw or the stack ended. The rich writer meets the same and tells the place.
    return false
  } finally {
    busy = false
    for (let index = 0; index < firstCount; index++) firstSeen[index] = undefined
    firstCount = 0
    seen = undefined
  }
}

/**
 * Whether an object was here before. Callers ask only for objects without objects in them. If any other object occurs
 * twice, so do those inside it. This spares the Set a third to a half of its work.
 */
function isRepeated(value: object): boolean {
  if (seen !== undefined) {
    // One operation on the Set instead of two.
    const before = seen.size
    return seen.add(value).size === before
  }
  for (let index = 0; index < firstCount; index++) if (firstSeen[index] === value) return true
  firstSeen[firstCount++] = value
  if (firstCount === firstSeen.length) seen = new Set(firstSeen as object[])
  return false
}

function isExact(value: object, depthLeft: number): boolean {
  if (depthLeft <= 0 || isProxy(value)) return false
  const isList = Array.isArray(value)
  // Nothing of other kinds is looked at, because each byte of a buffer would be a property.
  if (!isList && Object.getPrototypeOf(value) !== Object.prototype) return false
  if (checksLeft > 0) {
    checksLeft--
    if (hasGetters(value)) return false
  }
  // JSON.stringify calls toJSON even if it is not enumerable. A circle ends at the depth limit.
  if ((value as { toJSON?: unknown }).toJSON !== undefined) return false
  if (isList) return areExactElements(value, depthLeft)
  let isInnermost = true
  for (const name in value) {
    const part = (value as Record<string, unknown>)[name]
    partsLeft--
    if (typeof part === 'string' || typeof part === 'boolean') continue
    if (typeof part === 'number') {
      if (!isExactNumber(part)) return false
    } else if (typeof part === 'object') {
      if (part === null) continue
      if (!isExact(part, depthLeft - 1)) return false
      isInnermost = false
    } else if (part !== undefined) return false
  }
  return partsLeft >= 0 && !(isInnermost && isRepeated(value))
}

function areExactElements(value: readonly unknown[], depthLeft: number): boolean {
  partsLeft -= value.length
  if (partsLeft < 0 || Object.getPrototypeOf(value) !== Array.prototype) return false
  let isInnermost = true
  for (let index = 0; index < value.length; index++) {
    const part = value[index]
    if (typeof part === 'string' || typeof part === 'boolean') continue
    if (typeof part === 'number') {
      if (!isExactNumber(part)) return false
    } else if (typeof part === 'object') {
      if (part === null) continue
      if (!isExact(part, depthLeft - 1)) return false
      isInnermost = false
    } else {
      // Holes read as undefined, and JSON would write null for both.
      return false
    }
  }
  return !(isInnermost && isRepeated(value))
}
