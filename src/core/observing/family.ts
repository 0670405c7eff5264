import { Counters } from '../counters.ts'

/** The most families of a cache, the root and `other` included. Keys never become names, but namespaces may. */
export const MOST_FAMILIES = 256

/** The name of the family that all families past the bound share. */
export const OTHER = 'other'

/**
 * The operations that are counted together: those of the root of a cache, of a namespace, or of a wrapped function.
 */
export class Family {
  /** The path of the namespace without the last `:`, the name of the function after that; `''` for the root. */
  readonly name: string
  /** The namespaces before a key, such as `shop:cart:`; `''` for the root. */
  readonly path: string
  /** The number of characters of a full key before the part that callers give. */
  readonly prefixLength: number
  /** Whether it is a wrapped function. Its name then stands for the template of its keys. */
  readonly isFunction: boolean
  /** The family above it; `undefined` for the root. */
  readonly parent: Family | undefined
  /** The default time for which its entries are fresh, in milliseconds. */
  ttlMs: number = Infinity
  /** Its own counts, without those of families below it. */
  readonly counters: Counters = new Counters()
  /** The families below it: namespaces and wrapped functions. */
  readonly children: Set<Family> = new Set()

  constructor(
    name: string,
    path: string,
    prefixLength: number,
    parent: Family | undefined,
    isFunction = false,
  ) {
    this.parent = parent
    parent?.children.add(this)
    this.name = name
    this.path = path
    this.prefixLength = prefixLength
    this.isFunction = isFunction
  }

  /** Whether it is another family, or below it. */
  isIn(other: Family): boolean {
    return this === other || this.parent?.isIn(other) === true
  }

  /** Returns the key as callers give it, without the prefix of the cache and the names of namespaces. */
  keyOf(full: string): string {
    return full.slice(this.prefixLength)
  }

  /** Returns this family and all below it. */
  all(list: Family[] = []): readonly Family[] {
    list.push(this)
    for (const child of this.children) child.all(list)
    return list
  }
}

/** The families of a cache by name. Those past the bound share one. */
export class Families {
  readonly root: Family
  readonly #byName = new Map<string, Family>()
  #other: Family | undefined = undefined

  constructor(rootPrefix: string) {
    this.root = new Family('', '', rootPrefix.length, undefined)
  }

  /** Returns the family of a namespace. `path` ends with `:`; `prefix` is that of its full keys. */
  ofNamespace(parent: Family, path: string, prefix: string): Family {
    return this.#of(path, () => new Family(path.slice(0, -1), path, prefix.length, parent))
  }

  /** Returns the family of a wrapped function in the scope of `parent`. */
  ofFunction(parent: Family, name: string): Family {
    const { path, prefixLength } = parent
    return this.#of(`${path}()${name}`, () => new Family(path + name, path, prefixLength, parent, true))
  }

  #of(name: string, make: () => Family): Family {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    if (this.#byName.size >= MOST_FAMILIES - 2) return this.#theOther()
    const family = make()
    this.#byName.set(name, family)
    return family
  }

  #theOther(): Family {
    return (this.#other ??= new Family(OTHER, '', this.root.prefixLength, this.root, true))
  }
}
