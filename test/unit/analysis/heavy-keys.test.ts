import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HeavyKeys } from '../../../src/analysis/figures/heavy-keys.ts'
import { SeededRandom } from '../../../src/testing/random.ts'

function truth(stream: readonly (readonly [string, number])[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const [key, amount] of stream) sums.set(key, (sums.get(key) ?? 0) + amount)
  return sums
}

const stream = fc.array(
  fc.tuple(
    fc.integer({ min: 0, max: 40 }).map((n) => `k${n}`),
    fc.integer({ min: 1, max: 9 }),
  ),
  { maxLength: 400 },
)

describe('the heavy keys', () => {
  it('hold each true amount between the amount and the amount less its excess', () => {
    fc.assert(
      fc.property(stream, (all) => {
        const heavy = new HeavyKeys(8)
        for (const [key, amount] of all) heavy.add(key, amount)
        const sums = truth(all)
        for (const { key, amount, excess } of heavy.top(8)) {
          expect(amount).toBeGreaterThanOrEqual(sums.get(key)!)
          expect(amount - excess).toBeLessThanOrEqual(sums.get(key)!)
        }
      }),
    )
  })

  it('lack no key that is above the total by the places, nor above the hidden amount', () => {
    fc.assert(
      fc.property(stream, (all) => {
        const heavy = new HeavyKeys(8)
        for (const [key, amount] of all) heavy.add(key, amount)
        const kept = new Set(heavy.top(8).map(({ key }) => key))
        const bound = Math.min(heavy.total / 8, heavy.hidden)
        const lacking = [...truth(all)].filter(([key, sum]) => sum > bound && !kept.has(key))
        expect(lacking).toEqual([])
      }),
    )
  })

  it('find a hot key among a hundred thousand others', () => {
    const heavy = new HeavyKeys(64)
    const random = new SeededRandom(5).next
    for (let access = 0; access < 100_000; access++) {
      heavy.add(random() < 0.1 ? 'hot' : `cold:${Math.floor(random() * 1e6)}`, 1)
    }
    const [first] = heavy.top(1)
    expect(first!.key).toBe('hot')
    expect(first!.amount / heavy.total).toBeGreaterThan(0.09)
    expect((first!.amount - first!.excess) / heavy.total).toBeLessThan(0.11)
  })

  it('are none after days without a key, rather than shares of nothing', () => {
    const heavy = new HeavyKeys(4)
    for (let access = 0; access < 1000; access++) heavy.add(`user:${access % 8}`, 100)
    for (let times = 0; times < 1100; times++) heavy.fade()

    expect([heavy.total, heavy.hidden, heavy.top(4)]).toEqual([0, 0, []])
    heavy.add('user:1', 1)
    expect(heavy.top(4)).toEqual([{ key: 'user:1', amount: 1, excess: 0 }])
  })

  it('forget what was long ago', () => {
    const heavy = new HeavyKeys(4)
    heavy.add('old', 100)
    for (let round = 0; round < 10; round++) heavy.fade()
    heavy.add('new', 1)
    expect(heavy.top(1)[0]!.key).toBe('new')
  })
})
