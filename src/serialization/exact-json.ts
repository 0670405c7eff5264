import { types } from 'node:util'
import { isPristine } from './properties.ts'
import type { ValueRules } from './rules.ts'

const { isProxy } = types

/**
 * Whether `JSON.parse(JSON.stringify(value))` gives the value back as it is, properties that are `undefined`
 * excepted. `false` is not a refusal: the rich writer looks closer and keeps or refuses.
 *
 * This walk runs before every write, so it is tuned: decisions by `typeof` within the loop of the parent, `for in`
 * instead of a list of names, no path, and its state in variables of the module, because even one allocation is
 * seen in the time that a small object takes. What it can't decide cheaply is `false`.
 */
export function isExactJson(value: unknown, rules: ValueRules): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return isExactNumber(value)
    case 'object':
      return (
        value === null ||
        (isPristine() && (isSmallRecord(value, rules.maxCount) || isExactObject(value, rules)))
      )
    default:
      return false
  }
}

/** JSON has no NaN, no infinities and no negative zero. */
function isExactNumber(value: number): boolean {
  return value - value === 0 && (value !== 0 || 1 / value > 0)
}

/** A value of more parts is no small record: whatever is in vain here is soon over. */
const fewParts = 64

/**
 * Whether the value is an exact record of a few parts, with at most two objects in it that hold no further ones.
 * That is what most small values are, and for them the state of the large walk is seen in the time. `false` says
 * nothing: the large walk looks.
 */
function isSmallRecord(value: object, maxCount: number): boolean {
  try {
    if ((value as { toJSON?: unknown }).toJSON !== undefined || isProxy(value)) return false
    if (Array.isArray(value) || Object.getPrototypeOf(value) !== Object.prototype) return false
    let left = maxCount < fewParts ? maxCount : fewParts
    let first: object | undefined
    let second: object | undefined
    for (const name in value) {
      const part = (value as Record<string, unknown>)[name]
      left--
      if (typeof part === 'string' || typeof part === 'boolean') continue
      if (typeof part === 'number') {
        if (!isExactNumber(part)) return false
      } else if (typeof part === 'object') {
        if (part === null) continue
        if (first === undefined) first = part
        else if (second === undefined && part !== first) second = part
        else return false
        left = afterInnermost(part, left)
        if (left < 0) return false
      } else if (part !== undefined) return false
    }
    return left >= 0
  } catch {
    // A getter threw: it will again.
    return false
  }
}

/** How many of `left` parts are left after an exact object with no objects in it; negative for any other value. */
function afterInnermost(value: object, left: number): number {
  if ((value as { toJSON?: unknown }).toJSON !== undefined || isProxy(value)) return -1
  const prototype: object | null = Object.getPrototypeOf(value)
  if (!Array.isArray(value)) {
    if (prototype !== Object.prototype) return -1
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
  if (prototype !== Array.prototype || value.length > left) return -1
  for (let index = 0; index < value.length; index++) {
    const part: unknown = value[index]
    if (typeof part === 'string' || typeof part === 'boolean') continue
    if (typeof part === 'number') {
      if (!isExactNumber(part)) return -1
    } else if (part !== null) return -1
  }
  return left - value.length
}

/** Objects seen in this walk: most values have few, for which comparing them is cheaper than a Set. */
const firstSeen: (object | undefined)[] = Array.from({ length: 16 }, () => undefined)
let firstCount = 0
let seen: Set<object> | undefined
/** How many more parts the value may have. */
let partsLeft = 0
let busy = false

function isExactObject(value: object, rules: ValueRules): boolean {
  // A getter that writes to a cache gets here again while the variables are in use.
  if (busy) return false
  busy = true
  partsLeft = rules.maxCount
  try {
    return isExact(value, rules.maxDepth)
  } catch {
    // A getter threw or the stack ended: the rich writer meets the same and says where.
    return false
  } finally {
    busy = false
    for (let index = 0; index < firstCount; index++) firstSeen[index] = undefined
    firstCount = 0
    seen = undefined
  }
}

/**
 * Whether an object was here before. Only objects without objects in them are asked for: where any other occurs
 * twice, so do those inside it, and that spares the Set a third to a half of its work.
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
  // JSON.stringify calls toJSON even where it is not enumerable. A circle ends where the depth does.
  if ((value as { toJSON?: unknown }).toJSON !== undefined || depthLeft < 0 || isProxy(value)) return false
  if (Array.isArray(value)) return areExactElements(value, depthLeft)
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
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
      // Holes read as undefined; JSON would write null for both.
      return false
    }
  }
  return !(isInnermost && isRepeated(value))
}
