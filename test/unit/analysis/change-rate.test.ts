import { describe, expect, it } from 'vitest'
import { changeInterval, ChangeRate, mergeChanges } from '../../../src/analysis/figures/change-rate.ts'
import { SeededRandom } from '../../../src/testing/random.ts'

const HOUR = 3_600_000

/** Returns the times until the next change of values that change every `meanMs` on average. */
function changes(meanMs: number, seed: number): () => number {
  const random = new SeededRandom(seed).next
  return () => -meanMs * Math.log(1 - random())
}

function observe(meanMs: number, refreshMs: number, loads: number, seed: number): ChangeRate {
  const rate = new ChangeRate()
  const next = changes(meanMs, seed)
  for (let load = 0; load < loads; load++) rate.loaded(refreshMs, next() <= refreshMs)
  return rate
}

describe('the rate of change', () => {
  it.each([
    ['far below the time between loads', 0.2],
    ['about the time between loads', 1],
    ['far above the time between loads', 20],
  ])('has an interval that holds the truth in most runs, %s', (_, factor) => {
    let held = 0
    for (let seed = 1; seed <= 200; seed++) {
      const { leastMs, mostMs } = changeInterval(observe(HOUR * factor, HOUR, 60, seed).data())!
      if (leastMs <= HOUR * factor && HOUR * factor <= mostMs) held++
    }
    expect(held).toBeGreaterThanOrEqual(182)
  })

  it('takes invalidations for changes of a known moment', () => {
    const rate = new ChangeRate()
    const next = changes(HOUR, 3)
    for (let change = 0; change < 400; change++) rate.invalidated(next())
    const { meanMs, leastMs, mostMs } = changeInterval(rate.data())!
    expect(meanMs).toBeGreaterThan(leastMs)
    expect(meanMs).toBeLessThan(mostMs)
    expect(meanMs / HOUR).toBeGreaterThan(0.85)
    expect(meanMs / HOUR).toBeLessThan(1.15)
    expect(mostMs / leastMs).toBeLessThan(1.3)
  })

  it('uses both kinds of evidence', () => {
    const rate = observe(HOUR, 10 * HOUR, 50, 4)
    const alone = changeInterval(rate.data())!
    const next = changes(HOUR, 5)
    for (let change = 0; change < 200; change++) rate.invalidated(next())
    const both = changeInterval(rate.data())!
    expect(both.mostMs / both.leastMs).toBeLessThan(alone.mostMs / alone.leastMs)
    expect(both.meanMs / HOUR).toBeCloseTo(1, 0)
  })

  it('gives a lower end alone if no change was seen: a third of the time observed', () => {
    const rate = new ChangeRate()
    for (let load = 0; load < 30; load++) rate.loaded(HOUR, false)
    const { meanMs, leastMs, mostMs } = changeInterval(rate.data())!
    expect([meanMs, mostMs]).toEqual([Infinity, Infinity])
    expect(leastMs / (10 * HOUR)).toBeCloseTo(1, 1)
  })

  it('says nothing without an observation', () => {
    expect(changeInterval(new ChangeRate().data())).toBeUndefined()
  })

  it('is the same from two processes as from one', () => {
    const [one, other] = [observe(HOUR, HOUR, 40, 6).data(), observe(HOUR, HOUR, 50, 7).data()]
    const merged = mergeChanges([one, other])
    expect(merged.changed.count + merged.unchanged.count).toBe(90)
    const { meanMs } = changeInterval(merged)!
    const each = [one, other].map((data) => changeInterval(data)!.meanMs)
    expect(meanMs).toBeGreaterThan(Math.min(...each))
    expect(meanMs).toBeLessThan(Math.max(...each))
  })
})
