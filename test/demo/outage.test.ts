import { describe, expect, it } from 'vitest'
import { costOfOutage } from '../../demo/outage/cost.ts'
import { uncovered } from '../../demo/outage/spans.ts'
import { Stalls } from '../../demo/outage/stalls.ts'
import type { Watched } from '../../demo/outage/watch.ts'
import { until } from '../support/until.ts'

describe('the time that is not explained', () => {
  it.each([
    [[], 100],
    [[[0, 50]], 100],
    [[[150, 200]], 50],
    [[[90, 210]], 0],
    [
      [
        [160, 180],
        [110, 130],
      ],
      60,
    ],
    [
      [
        [110, 150],
        [120, 130],
        [140, 160],
      ],
      50,
    ],
  ])('of 100 to 200 is, with %j, %i ms', (parts, left) => {
    const spans = parts.map(([fromMs = 0, toMs = 0]) => ({ fromMs, toMs }))
    expect(uncovered({ fromMs: 100, toMs: 200 }, spans)).toBe(left)
  })
})

describe('the cost of an outage', () => {
  const nothing: Watched = { queries: [], stalls: [] }
  const outage = { fromMs: 1000, toMs: 2000 }
  const answer = { url: 'one', labels: ['city(1)'], fromMs: 1100, toMs: 1700 }

  function longest(watched: Partial<Watched>, stalls: Watched['stalls'] = [], other = nothing): number {
    const processes = new Map([
      ['one', { ...nothing, ...watched }],
      ['two', other],
    ])
    return costOfOutage({ answers: [answer], stalls }, processes, outage).longestMs
  }

  it('is the wait that neither the database nor a stall explains', () => {
    const query = { labels: ['city(1)', 'city(2)'], fromMs: 1300, toMs: 1400 }
    expect(longest({})).toBe(600)
    expect(longest({ queries: [query] })).toBe(500)
    expect(longest({}, [], { queries: [query], stalls: [] })).toBe(500)
    expect(longest({ queries: [{ ...query, labels: ['city(3)'] }] })).toBe(600)
    expect(longest({ stalls: [{ fromMs: 1300, toMs: 1350 }] }, [{ fromMs: 1340, toMs: 1360 }])).toBe(540)
    expect(longest({}, [], { queries: [], stalls: [{ fromMs: 1300, toMs: 1350 }] })).toBe(600)
  })

  it('has no answer from before or after', () => {
    const answers = [
      { ...answer, fromMs: 100, toMs: 900 },
      { ...answer, fromMs: 2100, toMs: 2900 },
      { ...answer, fromMs: 1990, toMs: 2030 },
    ]
    const cost = costOfOutage({ answers, stalls: [] }, new Map(), outage)
    expect(cost).toMatchObject({ answers: 1, longestMs: 40, p50: { ms: 40 } })
  })
})

describe('the stalls of a thread', () => {
  it('are noted with their span', async () => {
    const stalls = new Stalls()
    await until('the first look', async () => true)
    const fromMs = Date.now()
    while (Date.now() < fromMs + 60);
    const spans = stalls.end()
    const noted = spans.reduce((total, span) => total + span.toMs - span.fromMs, 0)
    expect(noted).toBeGreaterThan(30)
    expect(spans.at(-1)?.toMs).toBeGreaterThanOrEqual(fromMs + 60)
  })
})
