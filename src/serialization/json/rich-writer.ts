import { SerializationError } from '../../core/errors.ts'
import { isContainer, type Kind } from '../../internal/kinds.ts'
import type { Looked } from './exact-json.ts'
import { KnownObjects } from './known-objects.ts'
import { bigintLeaf, isPlainLeaf, numberLeaf, objectLeaf, undefinedLeaf, type Leaf } from './leaf-writers.ts'
import { listMarks, ownPropertiesName } from './marks.ts'
import type { Step } from './path.ts'
import {
  refusal,
  refusedCount,
  refusedCycle,
  refusedDepth,
  refusedLength,
  refusedPrimitive,
  refusedThrow,
} from '../refusal.ts'
import { resolve, type Resolution } from '../resolve.ts'
import { isLongBigInt, maxBigIntDigits, maxRegExpLength, type ValueRules } from './rules.ts'
import { listMark, treeOfElements } from './tree-text.ts'

/** A value as JSON text, and the tree that marks its parts beyond JSON. An empty tree = there are none. */
export interface RichText {
  readonly body: string
  readonly tree: string
}

/**
 * Writes any value that can be stored, or throws a {@link SerializationError} that names the part in the way. Objects
 * that were `looked` at before are not read again.
 */
export function writeRich(value: unknown, rules: ValueRules, looked?: Looked): RichText {
  refuseForeignToJson()
  const known = new KnownObjects(looked)
  const first = new RichWalk(rules, known)
  const text = first.run(value)
  // Objects that occur again bear a mark at their first place. Only the first pass finds out which objects those are.
  return known.repeated.size === 0 ? text : new RichWalk(rules, known, new Map()).run(value)
}

class RichWalk {
  readonly #rules: ValueRules
  readonly #known: KnownObjects
  /** Numbers of the repeated objects; absent in the first pass. */
  readonly #ids: Map<object, number> | undefined
  readonly #seen = new Set<object>()
  readonly #inProgress = new Set<object>()
  readonly #steps: Step[] = []
  readonly #names = new Map<string, string>()
  #count = 0
  /** The tree of the value whose body was returned last. */
  #tree = ''

  constructor(rules: ValueRules, known: KnownObjects, ids?: Map<object, number>) {
    this.#rules = rules
    this.#known = known
    this.#ids = ids
  }

  run(value: unknown): RichText {
    try {
      const body = this.#any(value)
      return { body: JSON.stringify(body), tree: this.#tree }
    } catch (error) {
      if (error instanceof SerializationError) throw error
      throw error instanceof RangeError
        ? refusedDepth(this.#rules, this.#steps)
        : refusedThrow(error, this.#steps)
    }
  }

  /** Returns the form of the value in the JSON text. It is the same value if JSON keeps it. */
  #any(value: unknown): unknown {
    switch (typeof value) {
      case 'object':
        if (value !== null) return this.#object(value)
        this.#tree = ''
        return null
      case 'number':
        return this.#leaf(numberLeaf(value))
      case 'undefined':
        return this.#leaf(undefinedLeaf)
      case 'bigint':
        if (isLongBigInt(value)) {
          throw refusedLength('bigint', maxBigIntDigits, 'hexadecimal digits', this.#steps)
        }
        return this.#leaf(bigintLeaf(value))
      case 'function':
      case 'symbol':
        throw refusedPrimitive(value, this.#steps)
      default:
        this.#tree = ''
        return value
    }
  }

  #part(value: unknown, step: Step): unknown {
    this.#steps.push(step)
    const body = this.#any(value)
    this.#steps.pop()
    return body
  }

  #leaf({ body, tree }: Leaf): unknown {
    this.#tree = tree
    return body
  }

  #object(value: object): unknown {
    const before = this.#seen.size
    if (this.#seen.add(value).size === before) return this.#again(value)
    if (this.#steps.length > this.#rules.maxDepth) throw refusedDepth(this.#rules, this.#steps)
    const resolution = resolve(value, this.#rules, this.#steps)
    if (resolution.as === 'to-json') {
      // The answer has the identity if it is an object. Text and numbers have none.
      this.#seen.delete(value)
      return this.#replaced(value, ['.toJSON()'], resolution.toJSON)
    }
    const ids = this.#ids
    if (ids === undefined || !this.#known.repeated.has(value)) return this.#resolved(value, resolution)
    const id = ids.size + 1
    ids.set(value, id)
    const body = this.#resolved(value, resolution)
    this.#tree = listMark(listMarks.target, [id], this.#tree)
    return body
  }

  #again(value: object): unknown {
    if (this.#inProgress.has(value)) throw refusedCycle(value, this.#steps)
    this.#known.repeated.add(value)
    this.#tree = listMark(listMarks.reference, [this.#ids?.get(value) ?? 0], '')
    return null
  }

  #resolved(value: object, resolution: Exclude<Resolution, { as: 'to-json' }>): unknown {
    if (resolution.as !== 'instance') return this.#kind(value, resolution.as)
    const { registered } = resolution
    const body = this.#replaced(value, ['.encode()'], () => registered.encode(value))
    this.#tree = listMark(listMarks.instance, [registered.name], this.#tree)
    return body
  }

  #replaced(value: object, step: Step, make: () => unknown): unknown {
    if (this.#inProgress.has(value)) throw refusedCycle(value, this.#steps)
    const data = this.#known.dataOf(value, make)
    this.#inProgress.add(value)
    const body = this.#part(data, step)
    this.#inProgress.delete(value)
    return body
  }

  #kind(value: object, kind: Kind): unknown {
    if (this.#steps.length === this.#rules.maxDepth && isContainer(kind))
      throw refusedDepth(this.#rules, this.#steps)
    switch (kind) {
      case 'object':
        return this.#properties(value)
      case 'null-object':
        return this.#inside(this.#properties(value), listMarks.nullPrototype)
      case 'array':
        return this.#array(value as unknown[])
      case 'map':
        return this.#map(value as Map<unknown, unknown>)
      case 'set':
        return this.#set(value as Set<unknown>)
      case 'error':
        return this.#error(value as Error)
      case 'regexp':
        if ((value as RegExp).source.length > maxRegExpLength) {
          throw refusedLength('RegExp', maxRegExpLength, 'characters', this.#steps)
        }
        return this.#leaf(objectLeaf(value, kind))
      default:
        return this.#leaf(objectLeaf(value, kind))
    }
  }

  /** Returns the name of a property as it precedes its tree. Records of a list have the same names again and again. */
  #quoted(name: string): string {
    let quoted = this.#names.get(name)
    if (quoted === undefined) this.#names.set(name, (quoted = `${JSON.stringify(name)}:`))
    return quoted
  }

  /** Puts a mark around the tree of the body that was just made. */
  #inside(body: unknown, mark: string, ...args: readonly (string | number)[]): unknown {
    this.#tree = this.#tree === '' && args.length === 0 ? `"${mark}"` : listMark(mark, args, this.#tree)
    return body
  }

  #add(parts: number): void {
    this.#count += parts
    if (this.#count > this.#rules.maxCount) throw refusedCount(this.#rules, this.#steps)
  }

  // Bodies are the caller's own objects if JSON writes them as they are, else copies.
  #properties(given: object): unknown {
    const value = this.#known.read(given)
    const names = Object.keys(value)
    this.#add(names.length)
    let copy: Record<string, unknown> | undefined
    let trees = ''
    // A toJSON that is not enumerable is no data, but JSON.stringify would call it.
    if (typeof (value as { toJSON?: unknown }).toJSON === 'function') copy = { ...value }
    for (const name of names) {
      const part = (value as Record<string, unknown>)[name]
      if (typeof part === 'string' || part === undefined || part === null || typeof part === 'boolean')
        continue
      const body = this.#part(part, name)
      if (body !== part) {
        copy ??= { ...value } as Record<string, unknown>
        copy[name] = body
      }
      if (this.#tree === '') continue
      // A toJSON() that answers undefined leaves no property, as everywhere.
      if (this.#tree === undefinedLeaf.tree) Reflect.deleteProperty(copy as object, name)
      else trees += (trees === '' ? '' : ',') + this.#quoted(name) + this.#tree
    }
    this.#tree = trees === '' ? '' : `{${trees}}`
    return copy ?? value
  }

  #array(given: readonly unknown[]): unknown {
    this.#add(given.length)
    const value = this.#known.read(given)
    if (hasHole(value)) return this.#sparse(value)
    let copy: unknown[] | undefined
    let trees: string[] | undefined
    let marked = 0
    if ((value as { toJSON?: unknown }).toJSON !== undefined) copy = plainCopy(value)
    for (let index = 0; index < value.length; index++) {
      const part = value[index]
      if (isPlainLeaf(part)) continue
      const body = this.#part(part, index)
      if (body !== part) (copy ??= plainCopy(value))[index] = body
      if (this.#tree === '') continue
      trees ??= Array.from({ length: value.length }, () => '')
      trees[index] = this.#tree
      marked++
    }
    this.#tree = trees === undefined ? '' : treeOfElements(trees, marked)
    return copy ?? value
  }

  #sparse(value: readonly unknown[]): unknown {
    const elements: Record<string, unknown> = {}
    let trees = ''
    value.forEach((part, index) => {
      elements[index] = this.#part(part, index)
      if (this.#tree !== '') trees += `${trees === '' ? '' : ','}"${index}":${this.#tree}`
    })
    this.#tree = trees === '' ? '' : `{${trees}}`
    return this.#inside(elements, listMarks.sparse, value.length)
  }

  #list(bodies: unknown[], trees: readonly string[]): unknown[] {
    this.#tree = treeOfElements(trees, trees.filter((tree) => tree !== '').length)
    return bodies
  }

  #map(value: ReadonlyMap<unknown, unknown>): unknown {
    this.#add(2 * value.size)
    const bodies: unknown[] = []
    const trees: string[] = []
    for (const [key, part] of Map.prototype.entries.call(value) as Iterable<[unknown, unknown]>) {
      const keyBody = this.#part(key, ['.keys()', bodies.length])
      const keyTree = this.#tree
      bodies.push([keyBody, this.#part(part, ['.values()', bodies.length, key])])
      const marked = [keyTree === '' ? '' : `"0":${keyTree}`, this.#tree === '' ? '' : `"1":${this.#tree}`]
      const inner = marked.filter((text) => text !== '').join(',')
      trees.push(inner === '' ? '' : `{${inner}}`)
    }
    return this.#inside(this.#list(bodies, trees), listMarks.map)
  }

  #set(value: ReadonlySet<unknown>): unknown {
    this.#add(value.size)
    const bodies: unknown[] = []
    const trees: string[] = []
    for (const part of Set.prototype.values.call(value) as Iterable<unknown>) {
      bodies.push(this.#part(part, ['.values()', bodies.length]))
      trees.push(this.#tree)
    }
    return this.#inside(this.#list(bodies, trees), listMarks.set)
  }

  #error(value: Error): unknown {
    const { own, type, cause, errors, ...texts } = this.#known.errorParts(value)
    const body: Record<string, unknown> = texts
    const trees: string[] = []
    const put = (name: string, part: unknown): void => {
      body[name] = part
      if (this.#tree !== '') trees.push(`"${name}":${this.#tree}`)
    }
    if (cause !== undefined) put('cause', this.#part(cause.value, 'cause'))
    if (errors !== undefined) put('errors', this.#part(errors, 'errors'))
    this.#add(1)
    if (Object.keys(own).length > 0) put(ownPropertiesName, this.#properties(own))
    this.#tree = trees.length === 0 ? '' : `{${trees.join(',')}}`
    return this.#inside(body, listMarks.error, type)
  }
}

/** Whether the array has holes. `includes` takes a hole for undefined, and is faster than a look at each index. */
function hasHole(value: readonly unknown[]): boolean {
  if (!value.includes(undefined)) return false
  for (let index = 0; index < value.length; index++) if (!(index in value)) return true
  return false
}

/** Returns only the elements, without a class of its own and further properties. */
function plainCopy(value: readonly unknown[]): unknown[] {
  return Object.getPrototypeOf(value) === Array.prototype ? value.slice() : Array.from(value)
}

/** Refuses a toJSON that was given to all objects or arrays, because JSON.stringify would write its answers. */
function refuseForeignToJson(): void {
  for (const prototype of [Object.prototype, Array.prototype] as { toJSON?: unknown }[]) {
    if (prototype.toJSON !== undefined) throw refusal([], 'toJSON', 'a built-in prototype was given a toJSON')
  }
}
