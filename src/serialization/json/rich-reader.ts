import { SerializationError } from '../../core/errors.ts'
import { messageOf } from '../../core/logging/thrown.ts'
import { makeError, setErrorPart } from './error-parts.ts'
import { attempt, leafRevivers, textOf } from './leaf-revivers.ts'
import { parseWithin } from '../depth.ts'
import { listMarks, mostChoices, ownPropertiesName } from './marks.ts'
import { setOwn } from './properties.ts'
import { maxRegExpLength, type ValueRules } from './rules.ts'
import { corrupt, unreadable } from '../wire/unreadable.ts'

/**
 * Makes a value from its JSON text and revive tree. The tree is compiled once, so that a list of records costs one
 * look-up of each mark. Then it is applied from the top, and each part of the body is visited at most once.
 *
 * Bytes may come from anybody. So only own properties of the body are read and written. A name in the data calls
 * nothing except the `decode` of a registered class. Everything costs time in proportion to the bytes.
 */
export function readRich(body: string, tree: string, rules: ValueRules): unknown {
  try {
    // A level of the value takes at most three of the body, and one more of the tree.
    const levels = 4 * rules.maxDepth + 4
    return new RichReader(rules).read(parseWithin(body, levels), parseWithin(tree, levels))
  } catch (error) {
    if (error instanceof SerializationError) throw error
    if (error instanceof RangeError) throw unreadable('limit', 'nested too deep')
    throw unreadable('corrupt', 'the JSON text or its revive tree is broken')
  }
}

/** Turns a part of the body into the value. `id` is its number if it is referred to elsewhere, else 0. */
type Revive = (body: unknown, id: number) => unknown

class RichReader {
  readonly #rules: ValueRules
  readonly #targets = new Map<number, unknown>()
  #holes = 0

  constructor(rules: ValueRules) {
    this.#rules = rules
  }

  read(body: unknown, tree: unknown): unknown {
    return this.#compile(tree, 0)(body, 0)
  }

  /** Defines a container. This comes before its parts are revived, because they may refer to it. */
  #define<T>(id: number, value: T): T {
    if (id !== 0) this.#targets.set(id, value)
    return value
  }

  #compile(tree: unknown, depth: number): Revive {
    // A level of the value takes at most three of the tree, and the target mark one more.
    if (depth > 4 * this.#rules.maxDepth + 4) throw unreadable('limit', 'nested too deep')
    if (typeof tree === 'string') return this.#compileLeaf(tree, depth)
    if (Array.isArray(tree)) return this.#compileMark(tree as unknown[], depth + 1)
    if (typeof tree === 'object' && tree !== null) return this.#compileProperties(tree, depth + 1)
    return corrupt('the revive tree')
  }

  #compileLeaf(mark: string, depth: number): Revive {
    const revive = leafRevivers.get(mark)
    if (revive === undefined) return this.#compileMark([mark], depth)
    return (body, id) => this.#define(id, revive(body))
  }

  #compileOptional(tree: unknown, depth: number): Revive | undefined {
    return tree === undefined ? undefined : this.#compile(tree, depth)
  }

  #compileMark([mark, ...args]: readonly unknown[], depth: number): Revive {
    switch (mark) {
      case listMarks.each:
        return this.#each(this.#compile(args[0], depth))
      case listMarks.chosen:
        return this.#chosen(args[0], textOf(args[1]), depth)
      case listMarks.regexp:
        return this.#regexp(textOf(args[0]), args[1] ?? 0)
      case listMarks.map:
        return this.#map(this.#compileOptional(args[0], depth))
      case listMarks.set:
        return this.#set(this.#compileOptional(args[0], depth))
      case listMarks.nullPrototype:
        return this.#nullPrototype(this.#compileOptional(args[0], depth))
      case listMarks.sparse:
        return this.#sparse(wholeNumber(args[0]), this.#compileOptional(args[1], depth))
      case listMarks.error:
        return this.#error(textOf(args[0]), this.#compileOptional(args[1], depth))
      case listMarks.instance:
        return this.#instance(textOf(args[0]), this.#compileOptional(args[1], depth))
      case listMarks.target:
        return this.#target(wholeNumber(args[0]), this.#compileOptional(args[1], depth))
      case listMarks.reference:
        return this.#reference(wholeNumber(args[0]))
      default:
        return corrupt('the revive tree')
    }
  }

  #compileProperties(tree: object, depth: number): Revive {
    const parts = Object.entries(tree).map(([name, part]): [string, Revive] => [
      name,
      this.#compile(part, depth),
    ])
    return (body, id) => {
      const target = this.#define(id, containerOf(body)) as Record<string, unknown>
      const list = Array.isArray(target)
      for (const [name, revive] of parts) {
        // `length` is an own property of arrays, but data cannot set it.
        if (!Object.hasOwn(target, name) || (list && !isIndex(name))) corrupt('the revive tree')
        setOwn(target, name, revive(target[name], 0))
      }
      return target
    }
  }

  #each(revive: Revive): Revive {
    return (body, id) => {
      const list = this.#define(id, listOf(body))
      for (let index = 0; index < list.length; index++) list[index] = revive(list[index], 0)
      return list
    }
  }

  #chosen(trees: unknown, digits: string, depth: number): Revive {
    if (!Array.isArray(trees) || trees.length > mostChoices) return corrupt('the revive tree')
    const choices = trees.map((tree) => this.#compile(tree, depth))
    return (body, id) => {
      const list = this.#define(id, listOf(body))
      if (digits.length !== list.length) corrupt('the revive tree')
      for (let index = 0; index < list.length; index++) {
        if (digits[index] === '0') continue
        const revive = choices[Number.parseInt(digits[index]!, 36) - 1] ?? corrupt('the revive tree')
        list[index] = revive(list[index], 0)
      }
      return list
    }
  }

  #regexp(flags: string, lastIndex: unknown): Revive {
    const start = wholeNumber(lastIndex)
    return (body, id) => {
      const source = textOf(body)
      if (source.length > maxRegExpLength) throw unreadable('limit', 'the source of a RegExp is too long')
      const value = attempt('a RegExp', () => new RegExp(source, flags))
      value.lastIndex = start
      return this.#define(id, value)
    }
  }

  #map(revive: Revive | undefined): Revive {
    return (body, id) => {
      const value = this.#define(id, new Map<unknown, unknown>())
      const list = listOf(body)
      revive?.(list, 0)
      for (const pair of list) {
        const entry = listOf(pair)
        if (entry.length !== 2) corrupt('an entry of a Map')
        value.set(entry[0], entry[1])
      }
      return value
    }
  }

  #set(revive: Revive | undefined): Revive {
    return (body, id) => {
      const value = this.#define(id, new Set<unknown>())
      const list = listOf(body)
      revive?.(list, 0)
      for (const part of list) value.add(part)
      return value
    }
  }

  #nullPrototype(revive: Revive | undefined): Revive {
    return (body, id) => {
      const source = recordOf(body)
      const value = this.#define(id, Object.create(null) as object)
      revive?.(source, 0)
      for (const name of Object.keys(source)) setOwn(value, name, source[name])
      return value
    }
  }

  #sparse(length: number, revive: Revive | undefined): Revive {
    return (body, id) => {
      // Bytes announce such a length at no cost, so the sum of all lengths is limited, as in writing.
      this.#holes += length
      if (this.#holes > this.#rules.maxCount) throw unreadable('limit', 'arrays are too long')
      const source = recordOf(body)
      const value: unknown[] = this.#define(id, emptyArray(length))
      revive?.(source, 0)
      for (const name of Object.keys(source)) {
        if (!isIndex(name) || Number(name) >= length) corrupt('an array with holes')
        value[Number(name)] = source[name]
      }
      return value
    }
  }

  #error(type: string, revive: Revive | undefined): Revive {
    return (body, id) => {
      const source = recordOf(body)
      if (!Object.hasOwn(source, 'message')) corrupt('an Error')
      const value = makeError(type, textOf(source['message'])) ?? corrupt('an Error')
      this.#define(id, value)
      revive?.(source, 0)
      if (Object.hasOwn(source, 'name')) setErrorPart(value, 'name', textOf(source['name']))
      setErrorPart(value, 'stack', Object.hasOwn(source, 'stack') ? textOf(source['stack']) : undefined)
      if (Object.hasOwn(source, 'cause')) setErrorPart(value, 'cause', source['cause'])
      if (Object.hasOwn(source, 'errors')) setErrorPart(value, 'errors', listOf(source['errors']))
      if (!Object.hasOwn(source, ownPropertiesName)) return value
      const own = recordOf(source[ownPropertiesName])
      for (const name of Object.keys(own)) setOwn(value, name, own[name])
      return value
    }
  }

  #instance(name: string, revive: Revive | undefined): Revive {
    const registered = this.#rules.registry.named(name)
    if (registered === undefined)
      throw unreadable('class', `no class is registered as ${JSON.stringify(name)}`)
    return (body, id) => {
      const data = revive === undefined ? body : revive(body, 0)
      try {
        return this.#define(id, registered.decode(data))
      } catch (error) {
        throw unreadable('class', `decode of ${name} threw ${messageOf(error)}`)
      }
    }
  }

  #target(target: number, revive: Revive | undefined): Revive {
    if (target === 0) corrupt('the revive tree')
    if (revive !== undefined) return (body) => revive(body, target)
    return (body) => this.#define(target, containerOf(body))
  }

  #reference(target: number): Revive {
    return (_body, id) => {
      if (!this.#targets.has(target)) corrupt('a reference')
      return this.#define(id, this.#targets.get(target))
    }
  }
}

/**
 * Returns an array of holes. Giving an array a length makes room for all elements. Giving it its last element does not.
 */
function emptyArray(length: number): unknown[] {
  const value: unknown[] = []
  if (length > 0) {
    value[length - 1] = undefined
    Reflect.deleteProperty(value, length - 1)
  }
  return value
}

function containerOf(body: unknown): object {
  return typeof body === 'object' && body !== null ? body : corrupt('a container')
}

function listOf(body: unknown): unknown[] {
  return Array.isArray(body) ? (body as unknown[]) : corrupt('a list')
}

function recordOf(body: unknown): Record<string, unknown> {
  const container = containerOf(body)
  return Array.isArray(container) ? corrupt('an object') : (container as Record<string, unknown>)
}

function wholeNumber(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : corrupt('a number')
}

function isIndex(name: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(name)
}
