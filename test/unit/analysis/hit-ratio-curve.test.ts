import { describe, expect, it } from 'vitest'
import { HitRatioCurve, NEVER } from '../../../src/analysis/curve/hit-ratio-curve.ts'
import { KeyHash } from '../../../src/internal/hash.ts'
import { BoundedMap } from '../../../src/memory/bounded-map.ts'
import { SeededRandom } from '../../../src/testing/random.ts'

const SIZES = [500, 1000, 2000, 4000, 8000]

/** Keys of which some are used much more often than others. */
function skewed(accesses: number, seed: number): readonly number[] {
  const random = new SeededRandom(seed).next
  return Array.from({ length: accesses }, () => Math.floor(20_000 * random() ** 4))
}

function replay(keys: readonly number[], entries: number): number {
  const map = new BoundedMap<number, number>({ maxEntries: entries, random: new SeededRandom(entries).next })
  let hits = 0
  for (const key of keys) {
    if (map.get(key) === undefined) map.set(key, key)
    else hits++
  }
  return hits / keys.length
}

function draw(keys: readonly number[], sizes: readonly number[], seed: number): HitRatioCurve {
  const random = new SeededRandom(seed).next
  const hash = new KeyHash(random() * 2 ** 32)
  const curve = new HitRatioCurve(sizes, random)
  for (const key of keys) curve.read(hash.of(key), true, 0, NEVER)
  curve.count(keys.length)
  return curve
}

describe('the curve of the hit ratio', () => {
  it('is close to full replays', () => {
    const keys = skewed(100_000, 1)
    const exact = new Map(SIZES.map((entries) => [entries, replay(keys, entries)]))
    const errors = [2, 3, 4].flatMap((seed) =>
      draw(keys, SIZES, seed)
        .points()
        .map(({ entries, hitRatio }) => Math.abs(hitRatio - exact.get(entries)!)),
    )
    expect(Math.max(...errors)).toBeLessThan(0.05)
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(0.02)
  })

  it('is that of the cache itself up to 256 entries', () => {
    const keys = skewed(20_000, 3)
    const [point] = draw(keys, [200], 4).points()
    expect(Math.abs(point!.hitRatio - replay(keys, 200))).toBeLessThan(0.01)
  })

  it('has a point for each size in ascending order, and none before the first access', () => {
    const curve = new HitRatioCurve([4000, 500])
    expect(curve.points()).toEqual([])
    curve.count(1)
    expect(curve.points().map(({ entries }) => entries)).toEqual([500, 4000])
  })

  it('stores nothing for a miss of the cache until the key is filled', () => {
    const curve = new HitRatioCurve([100])
    const misses = (): number => (curve.count(1), curve.points()[0]!.misses)
    curve.read(7, false, 1, NEVER)
    curve.read(7, false, 1, NEVER)
    expect(misses()).toBe(2)
    curve.fill(7, NEVER)
    curve.read(7, false, 1, NEVER)
    expect(misses()).toBe(2)
  })

  it('has entries leave at their deadline, and when they are removed', () => {
    const curve = new HitRatioCurve([100])
    const misses = (): number => (curve.count(1), curve.points()[0]!.misses)
    curve.fill(7, 10)
    curve.read(7, true, 9, 20)
    expect(misses()).toBe(0)
    curve.read(7, true, 10, 20)
    expect(misses()).toBe(1)
    curve.read(7, true, 19, 20)
    expect(misses()).toBe(1)
    curve.remove(7)
    curve.read(7, true, 19, 20)
    expect(misses()).toBe(2)
    curve.clear()
    curve.read(7, true, 19, 20)
    expect(misses()).toBe(3)
  })

  it('lets the past weigh less', () => {
    const curve = new HitRatioCurve([100])
    for (let key = 0; key < 50; key++) curve.read(key, true, 0, NEVER)
    curve.count(50)
    expect(curve.points()[0]!.hitRatio).toBe(0)
    curve.fade(0.02)
    for (let round = 0; round < 3; round++) for (let key = 0; key < 33; key++) curve.read(key, true, 0, NEVER)
    curve.count(99)
    expect(curve.points()[0]!.hitRatio).toBeCloseTo(0.99, 2)
  })
})
