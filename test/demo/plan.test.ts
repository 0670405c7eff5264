import { describe, expect, it } from 'vitest'
import type { QueryName } from '../../demo/database/protocol.ts'
import { queryLabels, queryOfPage } from '../../demo/load/pages.ts'
import { rateOf } from '../../demo/load/pace.ts'
import { databaseTime, planLoad, SHARE_OF_VISITS } from '../../demo/load/plan.ts'
import type { Circumstances, QueryTimes } from '../../demo/load/plan.ts'
import { visitsPerSecond } from '../../demo/load/schedule.ts'
import type { Arrival, Edit } from '../../demo/load/schedule.ts'
import { sample } from './sample.ts'

const alone: Circumstances = { processes: 1, frozen: undefined, visitsPossible: 10_000 }
/** Times of kinds of queries, none of which was measured by itself. */
function timesOf(...times: readonly (readonly [QueryName, number])[]): QueryTimes {
  return { frequent: new Map(), others: new Map(times) }
}

const times = timesOf(['city', 1], ['country', 10], ['nearest', 100], ['random', 1000])

function visit(path: string, atMs = 0): Arrival {
  return { kind: 'visit', path, atMs }
}

function costs(schedule: readonly Arrival[], circumstances = alone): readonly number[] {
  const { withoutCacheMs, withCacheMs } = databaseTime(schedule, times, circumstances)
  return [withoutCacheMs, withCacheMs]
}

describe('the time of the database', () => {
  it('counts a page once with the cache, and what is never cached each time', () => {
    const pages = ['/cities/1', '/cities/2', '/cities/1', '/surprise', '/surprise']
    expect(costs(pages.map((path) => visit(path)))).toEqual([2003, 2002])
  })

  it('takes the time of a page that was measured by itself', () => {
    const frequent = new Map([['city(1)', 5]])
    const measured = databaseTime([visit('/cities/1'), visit('/cities/2')], { ...times, frequent }, alone)
    expect(measured.withCacheMs).toBe(6)
  })

  it('counts a change: two looks at each page, one more load of those that keep its values', () => {
    const shownOn = ['/cities/1', '/countries/FR?top=10', '/nearest?lat=1.0&lon=2.0']
    const edit: Edit = { kind: 'edit', atMs: 0, id: 1, population: 5, shownOn }
    expect(costs([edit])).toEqual([222, 122])
  })

  it('counts a page that a process does not have for each visitor while Redis is frozen', () => {
    const page = '/countries/FR?top=10'
    const circumstances = { ...alone, processes: 2, frozen: { fromMs: 100, toMs: 200 } }
    const four = (atMs: number) => Array.from({ length: 4 }, () => visit(page, atMs))
    expect(costs(four(0), circumstances)).toEqual([40, 10])
    expect(costs(four(100), circumstances)).toEqual([40, 40])
    expect(costs([...four(0), ...four(100)], circumstances)).toEqual([80, 10])
  })
})

describe('the time of the database after a change', () => {
  const shownOn = ['/cities/1', '/countries/FR?top=10']
  const edit: Edit = { kind: 'edit', atMs: 0, id: 1, population: 5, shownOn }
  const pages = ['/countries/FR?top=5', '/countries/FR?top=10']

  it('counts every list of the country once more', () => {
    const schedule = [...pages.map((path) => visit(path)), edit, ...pages.map((path) => visit(path))]
    expect(costs(schedule)).toEqual([62, 42])
  })

  it('counts each visitor while Redis can not be told of the change', () => {
    const circumstances = { ...alone, frozen: { fromMs: 0, toMs: 100 } }
    expect(costs([edit, visit(pages[1]!), visit(pages[1]!)], circumstances)).toEqual([42, 42])
    const after = [visit(pages[1]!, 200), visit(pages[1]!, 200)]
    expect(costs([edit, ...after], circumstances)).toEqual([42, 32])
  })
})

describe('the plan', () => {
  const load = { seed: 5, durationMs: 10_000 }

  it('takes the most visits where the database is quick', () => {
    expect(planLoad(sample, timesOf(['nearest', 0.1]), load, alone).size.scale).toBe(1)
  })

  it('takes fewer visits where it is slow, so that it is a fifth busy at most', () => {
    const slow = timesOf(['nearest', 80], ['search', 20], ['country', 5])
    const plan = planLoad(sample, slow, load, alone)
    expect(plan.size.scale).toBeLessThan(1)
    expect(plan.withCache).toBeLessThanOrEqual(0.2)
    expect(plan.withoutCache).toBeGreaterThan(2 * plan.withCache)
    const slower = timesOf(['nearest', 160], ['search', 40], ['country', 10])
    expect(planLoad(sample, slower, load, alone).size.scale).toBeLessThan(plan.size.scale)
  })

  it('takes fewer visits where the processors are busy, and fewer pages with them', () => {
    const busy = { ...alone, visitsPossible: 400 }
    const plan = planLoad(sample, timesOf(['nearest', 0.1]), load, busy)
    expect(visitsPerSecond(plan.size)).toBeLessThanOrEqual(400 * SHARE_OF_VISITS)
    expect(plan.size.scale).toBeLessThan(SHARE_OF_VISITS)
  })

  it('has a least size', () => {
    const plan = planLoad(sample, timesOf(['nearest', 60_000]), load, alone)
    expect(plan.size.scale).toBe(0.01)
  })
})

describe('the query of a page', () => {
  it.each([
    ['/cities/7', 'city(7)'],
    ['/countries/FR?top=10', 'country("FR",10)'],
    ['/nearest?lat=-1.0&lon=2.5', 'nearest(-1,2.5)'],
    ['/search?q=s%C3%A3o', 'search("são")'],
    ['/surprise', 'random()'],
  ])('of %s is %s', (path, label) => {
    expect(queryLabels(queryOfPage(path)!)).toEqual([label])
  })

  it('has the labels of the single cities that it asks for', () => {
    expect(queryLabels({ name: 'cities', args: [[1, 2]] })).toEqual(['city(1)', 'city(2)'])
  })
})

describe('the possible visits', () => {
  it('are those of the second half, in whatever order the answers are', () => {
    const times = [0, 900, 1000, 1010, 1020, 1030]
    expect(rateOf(times.toReversed().map((toMs) => ({ toMs })))).toBe(150)
    expect(rateOf([])).toBe(0)
  })
})
