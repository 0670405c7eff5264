import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkKey } from '../../../src/keys/key.ts'
import { Template } from '../../../src/memoize/template.ts'

const textFor = (source: string, ...args: readonly unknown[]): string =>
  new Template(source, 'test').textFor({ self: undefined, args })

it('keeps two lists of arguments apart, whatever stands between them', () => {
  expect(textFor('doc:{0}/{1}', 'acme', 'x/y')).not.toBe(textFor('doc:{0}/{1}', 'acme/x', 'y'))
  expect(textFor('{0}{1}', 'ab', 'c')).not.toBe(textFor('{0}{1}', 'a', 'bc'))
  expect(textFor('{0}-{1}', -5, 'x')).not.toBe(textFor('{0}-{1}', '', '5-x'))
  expect(textFor('doc:{0}/{1}', 'acme', 'x')).toBe('doc:acme/x')
  expect(textFor('user:{0}:{1}', 'a', 7)).toBe('user:a:7')
})

it('makes no key that the library keeps for itself', () => {
  for (const made of [textFor('{0}:{1}', 'a!lock', 1), textFor('{0}:{1}', { a: '!tag:' }, 1)])
    expect(() => checkKey(made, '')).not.toThrow()
  expect(textFor('{0}:{1}', 'a!lock', 1)).not.toBe(textFor('{0}:{1}', 'b!lock', 1))
})

const between = fc.oneof(
  fc.constantFrom(
    '',
    '/',
    '-',
    '%',
    '%2F',
    '.',
    'a',
    '0',
    '!',
    ':',
    ']',
    '[',
    '"',
    '😀',
    '\\',
    '^',
    ' ',
    'e',
  ),
  fc.string({ maxLength: 2 }).filter((text) => !/[{}]/.test(text)),
)
const scalar = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    '/',
    'a/',
    '/a',
    '-',
    '%2F',
    '2F',
    '!',
    '😀',
    '[none]',
    '^',
    '\\',
    'u01F600',
    'e',
    '1e',
  ),
  fc.string({ maxLength: 4 }),
  fc.integer({ min: -20, max: 20 }),
  fc.constantFrom(1e-7, 1e21, -0.5, true, null, undefined, NaN),
)
const idOf = (value: unknown): unknown =>
  ['number', 'boolean', 'bigint'].includes(typeof value) && !Number.isNaN(value) ? String(value) : value

it('is one to one for all templates', () => {
  fc.assert(
    fc.property(
      fc.array(between, { minLength: 2, maxLength: 4 }),
      fc.array(scalar, { minLength: 3, maxLength: 3 }),
      fc.array(scalar, { minLength: 3, maxLength: 3 }),
      (texts, first, second) => {
        const source = texts
          .map((text, index) => (index < texts.length - 1 ? `${text}{${index}}` : text))
          .join('')
        const count = texts.length - 1
        const a = first.slice(0, count)
        const b = second.slice(0, count)
        const same = a.every((value, index) => Object.is(idOf(value), idOf(b[index])))
        expect(textFor(source, ...a) === textFor(source, ...b), JSON.stringify([source, a, b])).toBe(same)
      },
    ),
    { numRuns: 20_000, seed: 7 },
  )
})

it('stays short', () => {
  const long = 'x'.repeat(150)
  const text = textFor('a:{0}/{1}/{2}/{3}/{4}', long, long, long, long, long)
  expect(text.length).toBeLessThan(700)
  expect(text).not.toBe(textFor('a:{0}/{1}/{2}/{3}/{4}', long, long, long, long, `${long}y`))
})
