import type { QueryCounts, QueryName } from '../database/protocol.ts'
import { queryLabel } from '../database/protocol.ts'
import type { Plan } from '../load/plan.ts'
import type { Played } from '../load/play.ts'
import { crowdCountry, crowdSize, crowdTop, visitsPerSecond } from '../load/schedule.ts'
import type { OutageCost } from '../outage/cost.ts'

/** The figures of the cache that the report shows. */
export interface CacheFigures {
  readonly hits: number
  readonly misses: number
  readonly hitRatio: number | undefined
  readonly loads: number
  readonly loadTimeMs: number
  readonly coalesced: number
  readonly refusedFills: number
  readonly entries: number | undefined
}

/** One load and what it cost. */
export interface Measured extends Played {
  /** Counted by the database. */
  readonly queries: number
  readonly queriesByName: Readonly<Record<string, { readonly queries: number; readonly busyMs: number }>>
  readonly queryTimeMs: number
  /** The share of the load's time in which the database ran queries. */
  readonly busy: number
  /** Queries for the page that only the crowd opened. */
  readonly crowdQueries: number
  /** See {@link timeSaved}. */
  readonly timeSavedMs: number
  readonly cache: CacheFigures | undefined
}

/** The processes of the guide that share one Redis, and what became of them while it was frozen. */
export interface RedisFigures {
  readonly processes: number
  /** 0: it was not frozen, since it belongs to somebody else. */
  readonly frozenMs: number
  /** From the end of the freeze until every process stored and read through Redis again. */
  readonly recoveryMs: number
  /** `undefined`: it was not frozen. */
  readonly outage: OutageCost | undefined
  /** The time that a page may wait for Redis. */
  readonly deadlineMs: number
  /** Updates that Redis heard of only after the freeze. */
  readonly queuedUpdates: number
  /** Pages that did not show the last update after all of that. */
  readonly outdatedAfterwards: number
}

/** The load that was chosen for this machine. */
export interface PlanFigures {
  /** The mean time of a query behind a page, measured before the load. */
  readonly queryMs: number
  /** The visits a second that the machine could do, measured before the load. */
  readonly visitsPossible: number
  readonly visitsPerSecond: number
  readonly crowd: number
  /** The share of the time that the database would need for the whole load without a cache. */
  readonly withoutCache: number
  /** The same with the cache, as planned. */
  readonly withCache: number
}

export interface Results {
  readonly seed: number
  readonly durationSeconds: number
  readonly node: string
  readonly cities: number
  readonly plan: PlanFigures
  readonly withoutCache: Measured
  readonly withCache: Measured
  readonly coalescingOff: Measured
  /** `undefined`: without Redis, in one process. */
  readonly redis: RedisFigures | undefined
}

export function figuresOf({ size, ...figures }: Plan): PlanFigures {
  const { queryMs, visitsPossible, withoutCache, withCache } = figures
  const chosen = { visitsPerSecond: visitsPerSecond(size), crowd: crowdSize(size) }
  return { queryMs, visitsPossible, ...chosen, withoutCache, withCache }
}

/** The figures of two processes together. */
export function addFigures(one: CacheFigures, other: CacheFigures | undefined): CacheFigures {
  if (other === undefined) return one
  const hits = one.hits + other.hits
  const misses = one.misses + other.misses
  return {
    hits,
    misses,
    hitRatio: hits + misses === 0 ? undefined : hits / (hits + misses),
    loads: one.loads + other.loads,
    loadTimeMs: one.loadTimeMs + other.loadTimeMs,
    coalesced: one.coalesced + other.coalesced,
    refusedFills: one.refusedFills + other.refusedFills,
    entries:
      one.entries === undefined || other.entries === undefined ? undefined : one.entries + other.entries,
  }
}

export function measured(played: Played, counts: QueryCounts, cache?: CacheFigures): Measured {
  const all = [...counts.values()]
  const queryTimeMs = sum(all.map(({ busyMs }) => busyMs))
  return {
    ...played,
    queries: sum(all.map(({ queries }) => queries)),
    queriesByName: Object.fromEntries(byName(counts)),
    queryTimeMs,
    busy: queryTimeMs / 1000 / played.seconds,
    crowdQueries: counts.get(queryLabel('country', [crowdCountry, crowdTop]))?.queries ?? 0,
    timeSavedMs: timeSaved(played, counts),
    cache,
  }
}

/** The query that each page costs without a cache. */
const queryOf: Readonly<Record<string, QueryName>> = {
  '/cities': 'city',
  '/countries': 'country',
  '/nearest': 'nearest',
  '/search': 'search',
}

/**
 * Work of the database that was not needed: for each kind of page, the answers times the mean time of its
 * query in this load, less the time that the queries took. Waiting is not counted.
 */
function timeSaved(played: Played, counts: QueryCounts): number {
  const names = byName(counts)
  const wouldHaveTaken = Object.entries(queryOf).map(([page, name]) => {
    const { queries, busyMs } = names.get(name) ?? none
    return queries === 0 ? 0 : ((played.pages[page] ?? 0) * busyMs) / queries
  })
  const took = ['cities', ...Object.values(queryOf)].map((name) => (names.get(name) ?? none).busyMs)
  return sum(wouldHaveTaken) - sum(took)
}

const none = { queries: 0, busyMs: 0 }

function byName(counts: QueryCounts): ReadonlyMap<string, { queries: number; busyMs: number }> {
  const names = new Map<string, { queries: number; busyMs: number }>()
  for (const [label, { queries, busyMs }] of counts) {
    const name = label.slice(0, label.indexOf('('))
    const known = names.get(name) ?? none
    names.set(name, { queries: known.queries + queries, busyMs: known.busyMs + busyMs })
  }
  return names
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
