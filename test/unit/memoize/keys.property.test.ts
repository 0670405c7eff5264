import { inspect, isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MemoryCache } from '../../../src/index.ts'
import { Template } from '../../../src/memoize/template.ts'

// What is easily taken for one another.
const TEXTS = [
  '',
  'a',
  '1',
  'null',
  'undefined',
  '[]',
  '[none]',
  '[empty]',
  '[undefined]',
  'a:b',
  '%',
  '!',
  '0',
]
const CONFUSABLE: readonly unknown[] = [...TEXTS, 0, -0, 1, 1n, NaN, Infinity, true, null, undefined, [], {}]
const confusable = fc.constantFrom(...CONFUSABLE)
const scalar = fc.oneof(
  { weight: 4, arbitrary: confusable },
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.double(),
  fc.bigInt(),
)

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 4, arbitrary: scalar },
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '0', '__proto__'), tie('value'), { maxKeys: 3 }),
    fc
      .array(fc.tuple(fc.constantFrom('a', 1), tie('value')), { maxLength: 2 })
      .map((pairs) => new Map(pairs)),
    fc
      .uniqueArray(fc.constantFrom(1, '1', 'a', null), { maxLength: 3 })
      .map((items) => new Set<unknown>(items)),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array({ maxLength: 4 }),
    fc.webUrl().map((url) => new URL(url)),
  ),
}))
const args = fc.array(value, { maxLength: 4 })

const call = new MemoryCache().wrap((..._args: unknown[]) => 1, { name: 'fn' })
const trimmed = (list: readonly unknown[]): readonly unknown[] =>
  list.slice(0, list.findLastIndex((item) => item !== undefined) + 1)
const same = (a: unknown, b: unknown): boolean => isDeepStrictEqual(ordered(a), ordered(b))

// The order of Map and Set counts in a key; `isDeepStrictEqual` does not look at it. Prototypes do not count.
function ordered(item: unknown): unknown {
  if (item instanceof Map) return ['Map', ...Array.from(item, ordered)]
  if (item instanceof Set) return ['Set', ...Array.from(item, ordered)]
  if (item instanceof URL) return ['URL', item.href]
  if (Array.isArray(item)) return ['Array', ...item.map(ordered)]
  if (typeof item !== 'object' || item === null || item instanceof Date || ArrayBuffer.isView(item))
    return item
  return new Map(Object.entries(item).map(([name, inner]) => [name, ordered(inner)] as const))
}

it('gives different argument lists different keys, and equal ones the same', () => {
  fc.assert(
    fc.property(args, args, (a, b) => {
      expect(call.key(...a) === call.key(...b)).toBe(same(trimmed(a), trimmed(b)))
    }),
    { numRuns: 3000 },
  )
})

it('tells lists apart that differ in one place', () => {
  fc.assert(
    fc.property(args, fc.nat(), value, (a, at, other) => {
      const b = a.length === 0 ? [other] : a.with(at % a.length, other)
      expect(call.key(...a) === call.key(...b)).toBe(same(trimmed(a), trimmed(b)))
    }),
    { numRuns: 3000 },
  )
})

it('tells apart what is easily taken for one another', () => {
  const forms = [(item: unknown) => item, (item: unknown) => [item], (item: unknown) => ({ a: item })]
  const values = forms.flatMap((form) => CONFUSABLE.map(form))
  const template = new Template('{0}', 'test')
  const text = (item: unknown): string => template.textFor({ self: undefined, args: [item] })
  for (const a of values) {
    for (const b of values) {
      // With something behind it, lest an `undefined` be dropped.
      expect(call.key(a, 1) === call.key(b, 1), inspect([a, b])).toBe(same(a, b))
      expect(text(a) === text(b), inspect([a, b])).toBe(same(idOf(a), idOf(b)))
    }
  }
})

it('gives the same key for a copy of the arguments', () => {
  fc.assert(
    fc.property(args, (a) => {
      const copy = a.map((item) => (item instanceof URL ? new URL(item) : copyOf(item)))
      expect(call.key(...copy)).toBe(call.key(...a))
    }),
  )
})

function copyOf(item: unknown): unknown {
  if (Array.isArray(item)) return item.map(copyOf)
  if (typeof item !== 'object' || item === null || Object.getPrototypeOf(item) !== Object.prototype)
    return item
  return Object.fromEntries(
    Object.entries(item)
      .toReversed()
      .map(([name, inner]) => [name, copyOf(inner)]),
  )
}

it('keeps what a template is filled with apart from its text and from one another', () => {
  const template = new Template('a:{0}:{1}', 'test')
  const text = (...list: readonly unknown[]): string => template.textFor({ self: undefined, args: list })
  const one = fc.oneof({ weight: 4, arbitrary: scalar }, value)
  fc.assert(
    fc.property(fc.tuple(one, one), fc.tuple(one, one), (a, b) => {
      expect(text(...a) === text(...b)).toBe(same(a.map(idOf), b.map(idOf)))
    }),
    { numRuns: 3000 },
  )
})

// Ids are text: 7, '7' and 7n are one.
function idOf(item: unknown): unknown {
  const isId = typeof item === 'bigint' || typeof item === 'boolean' || Number.isFinite(item)
  return isId ? String(item) : item
}
