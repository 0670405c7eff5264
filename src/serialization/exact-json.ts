import { types } from 'node:util'
import { isPristine } from './properties.ts'
import { Repeats } from './repeats.ts'
import type { ValueRules } from './rules.ts'

/**
 * Whether `JSON.parse(JSON.stringify(value))` gives the value back as it is, properties that are `undefined`
 * excepted. `false` is not a refusal: the rich writer looks closer and keeps or refuses.
 *
 * This walk runs before every write, so it is tuned: decisions by `typeof` within the loop of the parent, `for in`
 * instead of a list of names, functions instead of methods, no path and no allocation for each object. What it
 * can't decide cheaply is `false`.
 */
export function isExactJson(value: unknown, rules: ValueRules): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return isExactNumber(value)
    case 'object':
      return value === null || (isPristine() && isExactObject(value, rules))
    default:
      return false
  }
}

function isExactObject(value: object, rules: ValueRules): boolean {
  try {
    return isExact(value, rules.maxDepth, new Walk(rules))
  } catch {
    // A getter threw or the stack ended: the rich writer meets the same and says where.
    return false
  }
}

/** JSON has no NaN, no infinities and no negative zero. */
function isExactNumber(value: number): boolean {
  return value - value === 0 && (value !== 0 || 1 / value > 0)
}

class Walk {
  readonly repeats = new Repeats()
  /** How many more parts the value may have. */
  left: number

  constructor(rules: ValueRules) {
    this.left = rules.maxCount
  }
}

const { isProxy } = types

function isExact(value: object, depthLeft: number, walk: Walk): boolean {
  // JSON.stringify calls toJSON even where it is not enumerable. A circle ends at the first repetition.
  if ((value as { toJSON?: unknown }).toJSON !== undefined || depthLeft < 0) return false
  if (walk.repeats.has(value) || isProxy(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype) return areExactProperties(value, depthLeft, walk)
  return prototype === Array.prototype && Array.isArray(value) && areExactElements(value, depthLeft, walk)
}

function areExactProperties(value: object, depthLeft: number, walk: Walk): boolean {
  let count = 0
  for (const name in value) {
    const part = (value as Record<string, unknown>)[name]
    switch (typeof part) {
      case 'string':
      case 'boolean':
      case 'undefined':
        break
      case 'number':
        if (part - part !== 0 || (part === 0 && 1 / part < 0)) return false
        break
      case 'object':
        if (part !== null && !isExact(part, depthLeft - 1, walk)) return false
        break
      default:
        return false
    }
    count++
  }
  walk.left -= count
  return walk.left >= 0
}

function areExactElements(value: readonly unknown[], depthLeft: number, walk: Walk): boolean {
  walk.left -= value.length
  if (walk.left < 0) return false
  for (let index = 0; index < value.length; index++) {
    const part = value[index]
    switch (typeof part) {
      case 'string':
      case 'boolean':
        break
      case 'number':
        if (part - part !== 0 || (part === 0 && 1 / part < 0)) return false
        break
      case 'object':
        if (part !== null && !isExact(part, depthLeft - 1, walk)) return false
        break
      default:
        // Holes read as undefined; JSON would write null for both.
        return false
    }
  }
  return true
}
