// The arguments of random calls: each is made anew for every engine, and is told as it would be written.
import type { Duration, GetOrSetOptions, SetOptions } from 'cachette'
import type { SeededRandom } from '../../../src/testing/random.ts'

/** An argument, and how it is written in a report. */
export interface Piece<T> {
  readonly text: string
  make(): T
}

type Options = SetOptions & GetOrSetOptions & { readonly min?: number; readonly max?: number }
type Name = keyof Options

export function piece<T>(text: string, make: () => T): Piece<T> {
  return { text, make }
}

export function pick<T>(random: SeededRandom, list: readonly T[]): T {
  return list[random.below(list.length)]!
}

const HOURS_MS = 3 * 3_600_000

/** Times that surely last, each far from the others, and one that has ended. */
const TTLS: readonly Piece<Duration>[] = [
  piece('100', () => 100),
  piece('"1000s"', () => '1000s'),
  piece('"PT1000S"', () => 'PT1000S'),
  piece('{ minutes: 180 }', () => ({ minutes: 180 })),
  piece('in three hours', () => new Date(Date.now() + HOURS_MS)),
  piece('Infinity', () => Infinity),
]
const PAST: Piece<Duration> = piece('a past date', () => new Date(Date.now() - 1_000))

export const VALUES: readonly Piece<unknown>[] = [
  piece('1', () => 1),
  piece('2.5', () => 2.5),
  piece('-0', () => -0),
  piece('NaN', () => NaN),
  piece('2 ** 53', () => 2 ** 53),
  piece('"text"', () => 'text'),
  piece('"7"', () => '7'),
  piece('""', () => ''),
  piece('null', () => null),
  piece('true', () => true),
  piece('{ a: { b: [1] } }', () => ({ a: { b: [1] } })),
  piece('{ u: undefined, v: 1 }', () => ({ u: undefined, v: 1 })),
  piece('[1, null, "x"]', () => [1, null, 'x']),
  piece('a date', () => new Date(86_400_000)),
  piece('a map', () => new Map([['k', new Set([1, 2])]])),
  piece('a buffer', () => Buffer.from('bytes')),
  piece('12n', () => 12n),
]
const UNSTORABLE: readonly Piece<unknown>[] = [
  piece('undefined', () => undefined),
  piece('{ f: () => 1 }', () => ({ f: () => 1 })),
]

export const TAGS: readonly string[] = ['t1', 't2', 't3']

/** A value, one in thirty of which can't be stored. */
export function value(random: SeededRandom): Piece<unknown> {
  return random.chance(1 / 30) ? pick(random, UNSTORABLE) : pick(random, VALUES)
}

export function duration(random: SeededRandom): Piece<Duration> {
  return random.chance(0.05) ? PAST : pick(random, TTLS)
}

const lasting = (random: SeededRandom): Piece<Duration> => pick(random, TTLS)

const OPTIONS: { readonly [N in Name]?: (random: SeededRandom) => Piece<unknown> } = {
  ttl: duration,
  grace: (random) => (random.chance(0.2) ? piece('false', () => false) : lasting(random)),
  tags: (random) => {
    const tags = TAGS.filter(() => random.chance(0.4))
    return piece(JSON.stringify(tags), () => tags)
  },
  ifAbsent: (random) => (random.chance(0.9) ? piece('true', () => true) : piece('false', () => false)),
  rowVersion: (random) => {
    const version = random.below(6)
    return random.chance(0.5)
      ? piece(`${version}n`, () => BigInt(version))
      : piece(`${version}`, () => version)
  },
  weight: () => piece('2', () => 2),
  softTimeout: () => piece('"1h"', () => '1h'),
  hardTimeout: () => piece('"1h"', () => '1h'),
  refreshAhead: () => piece('0.9', () => 0.9),
  jitter: () => piece('0.1', () => 0.1),
  negativeTtl: (random) => (random.chance(0.4) ? piece('false', () => false) : lasting(random)),
  loadErrorTtl: (random) => (random.chance(0.5) ? piece('false', () => false) : piece('1000', () => 1000)),
  leaseWait: () => piece('9', () => 9),
  maxConcurrentLoads: () => piece('50', () => 50),
  forceRefresh: () => piece('true', () => true),
  min: () => piece('-3', () => -3),
  max: () => piece('4', () => 4),
}

export const SET: readonly Name[] = ['ttl', 'grace', 'tags', 'rowVersion', 'weight']
export const SET_ONE: readonly Name[] = [...SET, 'ifAbsent', 'ifAbsent']
export const COUNTER: readonly Name[] = ['ttl', 'tags', 'min', 'max']
export const LOAD: readonly Name[] = [
  ...SET,
  'softTimeout',
  'hardTimeout',
  'refreshAhead',
  'jitter',
  'negativeTtl',
  'loadErrorTtl',
  'leaseWait',
  'maxConcurrentLoads',
  'forceRefresh',
]

/** Pairs of options that were given together, by method. */
export const pairsSeen: Set<string> = new Set()

/** Options of a call: mostly none to three of them, or a ttl alone where `named` leaves one to be given so. */
export function options(
  random: SeededRandom,
  method: string,
  names: readonly Name[],
  given: Readonly<Record<string, Piece<unknown>>> = {},
): Piece<Options> {
  const count = pick(random, [0, 1, 1, 2, 2, 3, 4])
  const parts: Record<string, Piece<unknown>> = { ...given }
  for (let n = 0; n < count; n++) {
    const name = pick(random, names)
    parts[name] = OPTIONS[name]!(random)
  }
  const used = Object.keys(parts).toSorted()
  for (const [index, first] of used.entries())
    for (const second of used.slice(index + 1)) pairsSeen.add(`${method}: ${first}, ${second}`)
  const text = Object.entries(parts).map(([name, { text }]) => `${name}: ${text}`)
  return piece(`{ ${text.join(', ')} }`, () =>
    Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.make()])),
  )
}

/** A ttl alone, options, or nothing, as the last argument of a call. */
export function ttlOrOptions(
  random: SeededRandom,
  method: string,
  names: readonly Name[],
): Piece<Options | Duration | undefined> {
  if (random.chance(0.3)) return piece('undefined', () => undefined)
  return random.chance(0.2) ? duration(random) : options(random, method, names)
}
