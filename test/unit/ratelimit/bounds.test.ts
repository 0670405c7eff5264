import { describe, expect, it } from 'vitest'
import type { LimitRule } from '../../../src/core/atomic-store.ts'
import type { Algorithm, Tally } from '../../../src/ratelimit/algorithms/algorithm.ts'
import { fixedWindow } from '../../../src/ratelimit/algorithms/fixed-window.ts'
import { gcra } from '../../../src/ratelimit/algorithms/gcra.ts'
import { slidingWindow } from '../../../src/ratelimit/algorithms/sliding-window.ts'
import { SeededRandom } from '../../../src/testing/random.ts'

const SEED = Number(process.env['CACHETTE_SEED'] ?? 4)
const RULE: LimitRule = { algorithm: 'sliding-window', limit: 20, windowMs: 1000, burst: 20 }

/** Asks for one at each time; when it was admitted. */
function admissions(algorithm: Algorithm, rule: LimitRule, times: readonly number[]): readonly number[] {
  const tally: Tally = []
  return times.filter((nowMs) => {
    algorithm.settle(tally, rule, nowMs)
    if (algorithm.retryAfterMs(tally, rule, nowMs, 1) > 0) return false
    algorithm.take(tally, rule, nowMs, 1)
    return true
  })
}

/** The most that was admitted in any window of so many milliseconds. */
function mostIn(times: readonly number[], windowMs: number): number {
  let most = 0
  let first = 0
  for (const [last, time] of times.entries()) {
    while (times[first]! <= time - windowMs) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}

/** Requests in bursts and trickles, three times the limit on average. */
function offered(random: () => number): readonly number[] {
  const times: number[] = []
  for (let ms = 0; times.length < 20_000;) {
    if (random() < 0.01) for (let count = 0; count < 30; count++) times.push(ms)
    else times.push(ms)
    ms += Math.floor(random() * 30)
  }
  return times
}

describe(`what the algorithms promise, seed ${SEED}`, () => {
  const times = offered(new SeededRandom(SEED).next)

  it('a sliding window never admits more than the limit in any window', () => {
    expect(mostIn(admissions(slidingWindow, RULE, times), 1000)).toBe(20)
    // The pattern that makes a fixed window admit twice the limit: bursts round its end.
    const edges = Array.from(
      { length: 400 },
      (_, index) => 900 + Math.floor(index / 40) * 100 + (index % 40 > 20 ? 99 : 0),
    )
    expect(mostIn(admissions(slidingWindow, RULE, edges), 1000)).toBe(20)
  })

  it('a sliding window counts what was taken for less than a tenth of the window too long', () => {
    const tally: Tally = []
    const log: number[] = []
    for (const nowMs of times) {
      slidingWindow.settle(tally, RULE, nowMs)
      const counted = RULE.limit - slidingWindow.remaining(tally, RULE)
      const inWindow = log.filter((taken) => nowMs - taken < 1000).length
      const inLonger = log.filter((taken) => nowMs - taken < 1100).length
      expect(counted).toBeGreaterThanOrEqual(inWindow)
      expect(counted).toBeLessThanOrEqual(inLonger)
      if (slidingWindow.retryAfterMs(tally, RULE, nowMs, 1) > 0) continue
      slidingWindow.take(tally, RULE, nowMs, 1)
      log.push(nowMs)
      if (log.length > 100) log.shift()
    }
  })

  it('a fixed window admits at most twice the limit in any window, and that does happen', () => {
    const rule = { ...RULE, algorithm: 'fixed-window' } as const
    expect(mostIn(admissions(fixedWindow, rule, times), 1000)).toBeLessThanOrEqual(40)
    const edge = [0, ...Array<number>(30).fill(999), ...Array<number>(30).fill(1000)]
    expect(mostIn(admissions(fixedWindow, rule, edge), 1000)).toBe(39)
  })

  it('gcra admits at most the burst and the rate in any time', () => {
    const rule = { ...RULE, algorithm: 'gcra', burst: 5 } as const
    const admitted = admissions(gcra, rule, times)
    for (const ms of [1, 10, 100, 500, 1000, 5000])
      expect(mostIn(admitted, ms)).toBeLessThanOrEqual(5 + Math.floor((20 * ms) / 1000))
    // The rate is made use of.
    expect(admitted.length).toBeGreaterThan(0.95 * (times.at(-1)! / 1000) * 20)
  })

  it.each([
    ['fixed-window', fixedWindow],
    ['sliding-window', slidingWindow],
    ['gcra', gcra],
  ] as const)(
    '%s forgets nothing when the clock is set back, and counts it from there',
    (name, algorithm) => {
      const rule: LimitRule = { algorithm: name, limit: 3, windowMs: 1000, burst: 3 }
      const tally: Tally = []
      for (let count = 0; count < 3; count++) algorithm.take(tally, rule, 1_000_000, 1)
      algorithm.settle(tally, rule, 10_000)
      expect(algorithm.remaining(tally, rule)).toBe(0)
      const waitMs = algorithm.retryAfterMs(tally, rule, 10_000, 3)
      expect(waitMs).toBeGreaterThanOrEqual(1000)
      expect(waitMs).toBeLessThanOrEqual(1100)
      algorithm.settle(tally, rule, 10_000 + waitMs)
      expect(algorithm.remaining(tally, rule)).toBe(3)
    },
  )
})
