import { describe, expect, it } from 'vitest'
import { lruRatio, ourRatio, patternKeys } from '../../../bench/hit-ratio/patterns.ts'
import { SeededRandom } from '../../../src/testing/random.ts'
import { BoundedMap } from '../../../src/memory/bounded-map.ts'

// All of them, with more sizes: npm run bench:hit-ratio -- patterns.
const CELLS: readonly (readonly [pattern: string, entries: number])[] = [
  ['to and fro, 1.5', 200],
  ['to and fro, 2', 500],
  ['to and fro, 5', 100],
  ['to and fro and loop, by turns of 6', 100],
  ['loops of new keys, by turns of 3', 100],
  ['loops of new keys, by turns of 2', 200],
  ['loop, 1.1', 200],
  ['loop that grows, 0.8 to 1.2', 200],
  ['recent', 200],
  ['skewed of new keys, by turns of 4', 200],
  ['to and fro, 3', 2000],
  ['to and fro and loop, by turns of 6', 2000],
  ['loops of new keys, by turns of 3', 2000],
]

describe('a map on a pattern that no trace has', () => {
  it.each(CELLS)('is not far below LRU: %s, %i entries', (pattern, entries) => {
    for (const seed of [1, 2]) {
      const keys = patternKeys(pattern, entries, seed)
      expect(ourRatio(keys, entries, seed) - lruRatio(keys, entries)).toBeGreaterThan(-0.03)
    }
  })
})

describe('a window of everything', () => {
  // The way back is the hardest test of the order, because it begins with the entries that were used last.
  it.each([['to and fro, 1.1'], ['to and fro, 1.5']])('evicts much like LRU: %s', (pattern) => {
    const entries = 200
    const keys = patternKeys(pattern, entries, 1)
    const map = new BoundedMap<number, true>(
      { maxEntries: entries, random: new SeededRandom(1).next },
      { fixedWindowShare: 1 },
    )
    let hits = 0
    for (const key of keys) {
      if (map.get(key) === undefined) map.set(key, true)
      else hits++
    }
    expect(hits / keys.length - lruRatio(keys, entries)).toBeGreaterThan(-0.03)
  })
})
