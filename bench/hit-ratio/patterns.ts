import { BoundedMap } from '../../src/memory/bounded-map.ts'
import { SeededRandom } from '../../src/testing/random.ts'

/** Makes a source of keys for a cache of a number of entries. */
type Pattern = (entries: number, random: () => number) => () => number

const ACCESSES_PER_ENTRY = 60
const LEAST_ACCESSES = 60_000

// Goes back and forth over a multiple of the bound. The most recent key comes first on the way back.
const toAndFro =
  (times: number): Pattern =>
  (entries) => {
    const length = Math.round(entries * times)
    let at = 0
    let step = 1
    return () => {
      const key = at
      if (at + step < 0 || at + step >= length) step = -step
      at += step
      return key
    }
  }

const loop =
  (times: number): Pattern =>
  (entries) => {
    const length = Math.round(entries * times)
    let at = 0
    return () => at++ % length
  }

// A loop that has a few keys more at each round.
const growingLoop =
  (from: number, to: number, rounds: number): Pattern =>
  (entries) => {
    let round = 0
    let at = 0
    return () => {
      const length = Math.round(entries * (from + ((to - from) * (round % rounds)) / rounds))
      const key = at++
      if (at >= length) {
        at = 0
        round++
      }
      return key
    }
  }

// A few keys are accessed much more often than the rest.
const skewed =
  (times: number, power: number): Pattern =>
  (entries, random) =>
  () =>
    Math.floor(entries * times * random() ** power)

// New keys come all the time, and most accesses are to recent ones.
const recent =
  (times: number): Pattern =>
  (entries, random) => {
    let newest = 0
    return () => {
      if (random() < 0.3) newest++
      return 1e9 + newest - Math.floor(random() ** 2 * entries * times)
    }
  }

// Each key comes once.
const once: Pattern = () => {
  let next = 0
  return () => 2e9 + next++
}

// One pattern after the other, each for a number of accesses an entry. In each round the keys are new, or the same.
const phases =
  (perEntry: number, patterns: readonly Pattern[], hasOwnKeys = true): Pattern =>
  (entries, random) => {
    const length = Math.round(entries * perEntry)
    let done = 0
    let phase = -1
    let next!: () => number
    return () => {
      if (done++ % length === 0) {
        phase++
        next = patterns[phase % patterns.length]!(entries, random)
      }
      return next() + (hasOwnKeys ? phase : phase % patterns.length) * 1e10
    }
  }

// Both patterns at a time. `share` is the share of accesses of the second.
const mixed =
  (one: Pattern, other: Pattern, share: number): Pattern =>
  (entries, random) => {
    const first = one(entries, random)
    const second = other(entries, random)
    return () => (random() < share ? 1e14 + second() : first())
  }

const PATTERNS: Readonly<Record<string, Pattern>> = {
  'to and fro, 1.1': toAndFro(1.1),
  'to and fro, 1.5': toAndFro(1.5),
  'to and fro, 2': toAndFro(2),
  'to and fro, 3': toAndFro(3),
  'to and fro, 5': toAndFro(5),
  'to and fro, 10': toAndFro(10),
  'loop, 0.9': loop(0.9),
  'loop, 1.02': loop(1.02),
  'loop, 1.1': loop(1.1),
  'loop, 1.5': loop(1.5),
  'loop that grows, 0.5 to 1.5': growingLoop(0.5, 1.5, 40),
  'loop that grows, 0.8 to 1.2': growingLoop(0.8, 1.2, 20),
  'loop that grows, 0.9 to 1.1, slowly': growingLoop(0.9, 1.1, 60),
  'loop that shrinks, 1.5 to 0.5': growingLoop(1.5, 0.5, 40),
  skewed: skewed(10, 4),
  recent: recent(1.5),
  'recent, more than fits': recent(4),
  'skewed and once, by turns of 5': phases(5, [skewed(10, 4), once], false),
  'recent and skewed, by turns of 5': phases(5, [recent(1.5), skewed(10, 4)]),
  'recent and skewed, by turns of 20': phases(20, [recent(1.5), skewed(10, 4)]),
  'loop and recent, by turns of 3': phases(3, [loop(1.1), recent(1.5)], false),
  'loop and recent, by turns of 10': phases(10, [loop(1.1), recent(1.5)]),
  'to and fro and loop, by turns of 6': phases(6, [toAndFro(1.5), loop(1.2)]),
  'to and fro and loop, by turns of 6, same keys': phases(6, [toAndFro(1.5), loop(1.2)], false),
  'loops of new keys, by turns of 3': phases(3, [loop(0.8)]),
  'loops of new keys, by turns of 2': phases(2, [loop(0.5)]),
  'skewed of new keys, by turns of 4': phases(4, [skewed(2, 3)]),
  'to and fro and skewed at a time': mixed(skewed(5, 4), toAndFro(2), 0.5),
  'loop and recent at a time': mixed(recent(1), loop(1), 0.5),
}

export const patternNames: readonly string[] = Object.keys(PATTERNS)
export const patternSizes: readonly number[] = [100, 200, 500, 1000, 2000, 5000]

/** Returns the keys of a pattern's accesses to a cache of a number of entries. */
export function patternKeys(name: string, entries: number, seed: number): Float64Array {
  const next = PATTERNS[name]!(entries, new SeededRandom(seed).next)
  const keys = new Float64Array(Math.max(LEAST_ACCESSES, entries * ACCESSES_PER_ENTRY))
  return keys.map(() => next())
}

/** Returns the hit ratio of a cache that evicts the least recently used entry. */
export function lruRatio(keys: Float64Array, entries: number): number {
  const kept = new Map<number, true>()
  let hits = 0
  for (const key of keys) {
    if (kept.delete(key)) hits++
    else if (kept.size === entries) kept.delete(kept.keys().next().value!)
    kept.set(key, true)
  }
  return hits / keys.length
}

/** Returns the hit ratio of our map. */
export function ourRatio(keys: Float64Array, entries: number, seed: number): number {
  const map = new BoundedMap<number, true>({ maxEntries: entries, random: new SeededRandom(seed).next })
  let hits = 0
  for (const key of keys) {
    if (map.get(key) === undefined) map.set(key, true)
    else hits++
  }
  return hits / keys.length
}
