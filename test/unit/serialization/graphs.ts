import * as fc from 'fast-check'
import { Money, Pair } from './values.ts'

const leaves = [
  fc.constantFrom(undefined, null, Number.NaN, Infinity, -Infinity, -0, '', '\ud800', '__proto__'),
  fc.boolean(),
  fc.double(),
  fc.integer(),
  fc.string({ unit: 'binary' }),
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
]

const leafObjects = [
  fc.date({ noInvalidDate: false }),
  fc.webUrl({ withFragments: true, withQueryParameters: true }).map((text) => new URL(text)),
  fc.array(fc.tuple(fc.string(), fc.string())).map((pairs) => new URLSearchParams(pairs)),
  fc
    .constantFrom('a+', '[/]', '\\/', '(?<n>x)')
    .chain((source) => fc.constantFrom('', 'g', 'iu', 'sy').map((flags) => new RegExp(source, flags))),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.uint8Array(),
  fc.uint8Array().map((bytes) => bytes.slice().buffer),
  fc.uint8Array().map((bytes) => new DataView(bytes.slice().buffer)),
  fc.float64Array(),
  fc.int16Array(),
  fc.bigInt64Array(),
]

const names = fc.oneof(
  fc.string(),
  fc.constantFrom('a', 'b', '0', '7', '__proto__', 'constructor', 'length', 'toJSON'),
)

const containers = [
  'object',
  'array',
  'map',
  'set',
  'null-object',
  'sparse',
  'error',
  'money',
  'pair',
] as const

/** A container before it is filled: its parts are numbers of nodes, so any node may be part of any other. */
const recipe = fc.record({
  container: fc.constantFrom(...containers),
  names: fc.array(names, { maxLength: 4 }),
  parts: fc.array(fc.nat(), { maxLength: 6 }),
})

const kept = [
  { weight: 6, arbitrary: recipe },
  { weight: 4, arbitrary: fc.oneof(...leaves).map((value) => ({ value })) },
  { weight: 2, arbitrary: fc.oneof(...leafObjects).map((value) => ({ value })) },
]

class Unregistered {
  a = 1
}

const refused = fc
  .constantFrom(
    () => 1,
    Symbol('s'),
    Promise.resolve(),
    new Proxy({}, {}),
    new Unregistered(),
    new Error('e').constructor,
  )
  .map((value) => ({ value }))

/**
 * Any value of the supported kinds: trees, and graphs with repeated and cyclic references. Registered classes have
 * leaves only as data, because circles through them are refused.
 */
export const anyGraph: fc.Arbitrary<unknown> = graphOf(fc.oneof(...kept))

/** The same, with parts here and there that can't be stored. */
export const anyGraphWithRefusedParts: fc.Arbitrary<unknown> = graphOf(
  fc.oneof(...kept, { weight: 1, arbitrary: refused }),
)

type Node = { readonly value: unknown } | ({ readonly container: (typeof containers)[number] } & Recipe)

function graphOf(node: fc.Arbitrary<Node>): fc.Arbitrary<unknown> {
  return fc.array(node, { minLength: 1, maxLength: 24 }).map((nodes) => {
    const built = nodes.map((each) =>
      'value' in each ? each.value : emptyContainer(each.container, nodes.length),
    )
    for (const [index, each] of nodes.entries()) {
      if ('container' in each) fill(built[index] as object, each, built)
    }
    return built[0]
  })
}

/** Any tree of the supported kinds, where the same part never occurs twice. */
export const anyTree: fc.Arbitrary<unknown> = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    ...leaves,
    ...leafObjects,
    fc.array(tie('any'), { maxLength: 5 }),
    fc.array(fc.record({ id: fc.integer(), at: fc.date(), more: tie('any') }).map(defined), { maxLength: 4 }),
    fc.dictionary(names, tie('any'), { maxKeys: 5 }).map(defined),
    fc.array(fc.tuple(tie('any'), tie('any')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie('any'), { maxLength: 4 }).map((elements) => new Set(elements)),
  ),
})).any

/** Properties that are undefined are dropped everywhere, which would only blur the comparison. */
function defined(value: object): object {
  for (const [name, part] of Object.entries(value))
    if (part === undefined) Reflect.deleteProperty(value, name)
  return value
}

function emptyContainer(container: (typeof containers)[number], size: number): object {
  switch (container) {
    case 'array':
      return []
    case 'sparse':
      return Object.assign([], { length: size })
    case 'map':
      return new Map()
    case 'set':
      return new Set()
    case 'null-object':
      return Object.create(null) as object
    case 'error':
      return Object.defineProperty(new RangeError('made'), 'stack', {
        value: 'RangeError: made',
        writable: true,
      })
    case 'money':
      return new Money(size)
    case 'pair':
      return new Pair(new Date(size), [size, -0])
    default:
      return {}
  }
}

interface Recipe {
  readonly names: readonly string[]
  readonly parts: readonly number[]
}

function fill(target: object, { names, parts }: Recipe, built: readonly unknown[]): void {
  const part = (index: number): unknown => built[(parts[index] ?? 0) % built.length]
  if (target instanceof Money || target instanceof Pair) return
  if (target instanceof Map) {
    for (let index = 0; index + 1 < parts.length; index += 2) target.set(part(index), part(index + 1))
  } else if (target instanceof Set) {
    for (const index of parts.keys()) target.add(part(index))
  } else if (Array.isArray(target)) {
    const sparse = target.length > 0
    for (const [index, place] of parts.entries()) target[sparse ? place % target.length : index] = part(index)
  } else {
    if (target instanceof Error && parts.length > 2)
      Object.defineProperty(target, 'cause', { value: part(0) })
    for (const [index, name] of names.entries()) {
      const value = part(index)
      if (value === undefined || (target instanceof Error && name === 'toJSON')) continue
      Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true })
    }
  }
}
