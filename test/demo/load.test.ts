import { describe, expect, it } from 'vitest'
import { Ledger } from '../../demo/load/ledger.ts'
import { zipf } from '../../demo/load/zipf.ts'
import { SeededRandom } from '../../src/testing/random.ts'
import { buildSchedule, crowdCountry } from '../../demo/load/schedule.ts'
import type { LoadSize } from '../../demo/load/schedule.ts'
import { percentile } from '../../demo/load/waits.ts'
import { sample } from './sample.ts'

const size: LoadSize = { seed: 5, durationMs: 4000, scale: 1 }

describe('the schedule', () => {
  it('is the same for the same seed and another for another', () => {
    expect(buildSchedule(sample, size)).toEqual(buildSchedule(sample, size))
    expect(buildSchedule(sample, { ...size, seed: 6 })).not.toEqual(buildSchedule(sample, size))
  })

  it('holds every shape of load, in the order of time', () => {
    const schedule = buildSchedule(sample, size)
    const count = (kind: string): number => schedule.filter((arrival) => arrival.kind === kind).length
    expect([count('crowd'), count('scan'), count('edit')]).toEqual([500, 400, 4])
    expect(count('visit')).toBeGreaterThan(1400)
    const times = schedule.map(({ atMs }) => atMs)
    expect(times).toEqual(times.toSorted((one, other) => one - other))
  })

  it('is smaller in every respect with fewer visits', () => {
    const schedule = buildSchedule(sample, { ...size, scale: 0.1 })
    const ofKind = (kind: string) => schedule.filter((arrival) => arrival.kind === kind)
    expect(['crowd', 'scan', 'edit'].map((kind) => ofKind(kind).length)).toEqual([158, 40, 3])
    expect(ofKind('visit').length).toBeLessThan(700)
  })

  it('keeps visitors and editors off the page of the crowd', () => {
    const others = buildSchedule(sample, { ...size, durationMs: 20_000 }).filter(
      ({ kind }) => kind !== 'crowd',
    )
    expect(JSON.stringify(others)).not.toContain(`/countries/${crowdCountry}`)
  })

  it('draws low ranks as often as the law of Zipf says', () => {
    const draw = zipf([1, 2, 3, 4], 1, new SeededRandom(1).next)
    const counts = new Map<number, number>()
    for (let drawn = 0; drawn < 25_000; drawn += 1) {
      const rank = draw()
      counts.set(rank, (counts.get(rank) ?? 0) + 1)
    }
    // 25,000 / (1 + 1/2 + 1/3 + 1/4) = 12,000 for the first rank.
    for (const [rank, count] of counts) expect(Math.abs(count - 12_000 / rank)).toBeLessThan(300)
  })
})

describe('the ledger', () => {
  it('holds an answer to what was acknowledged before its request began', () => {
    const ledger = new Ledger()
    const before = ledger.now()
    ledger.acknowledge([{ record: 'city:1', version: 2 }])
    const after = ledger.now()
    ledger.check('/old but asked before', before, [{ record: 'city:1', version: 1 }])
    ledger.check('/new', after, [{ record: 'city:1', version: 2 }])
    ledger.check('/never updated', after, [{ record: 'city:2', version: 1 }])
    ledger.check('/shows nothing', after, [])
    expect(ledger.proof).toMatchObject({ checked: 3, stale: 0 })
    ledger.check('/old', after, [
      { record: 'city:2', version: 1 },
      { record: 'city:1', version: 1 },
    ])
    expect(ledger.proof).toEqual({
      checked: 4,
      stale: 1,
      updates: 1,
      examples: ['/old showed version 1 of city:1, acknowledged was 2'],
    })
  })
})

describe('percentile', () => {
  it('is a lower bound above a wait that had not ended', () => {
    const waits = [30, 10, 20, 40].map((ms) => ({ ms, answered: ms !== 30 }))
    expect(percentile(waits, 0.5)).toEqual({ ms: 20, atLeast: false })
    expect(percentile(waits, 0.99)).toEqual({ ms: 40, atLeast: true })
    expect(percentile([], 0.5)).toBeUndefined()
  })
})
