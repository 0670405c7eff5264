import type { Database } from '../database/client.ts'
import type { QueryName, Sample } from '../database/protocol.ts'
import { queryLabel } from '../database/protocol.ts'
import { queryOfPage } from './pages.ts'
import type { PageQuery } from './pages.ts'
import { buildSchedule, visitsPerSecond } from './schedule.ts'
import type { Arrival, LoadSize } from './schedule.ts'

/** Milliseconds of queries, as measured. */
export interface QueryTimes {
  /** Those of the queries that visitors ask most, by label. */
  readonly frequent: ReadonlyMap<string, number>
  /** The mean of all others of a kind. */
  readonly others: ReadonlyMap<QueryName, number>
}

/** The circumstances of a load that decide how many queries a cache saves. */
export interface Circumstances {
  readonly processes: number
  /** The time in which the processes share nothing. */
  readonly frozen: { readonly fromMs: number; readonly toMs: number } | undefined
  /** The visits a second that the machine can do at the moment, if all pages are cached. */
  readonly visitsPossible: number
}

/** A load that fits the machine. */
export interface Plan {
  readonly visitsPossible: number
  readonly size: LoadSize
  readonly schedule: readonly Arrival[]
  /** The mean time of a query behind a page. */
  readonly queryMs: number
  /** The share of the time that the database needs for all queries of the load without a cache; above 1 = too much. */
  readonly withoutCache: number
  /** The same with the cache. */
  readonly withCache: number
}

/**
 * The database is at most half busy with the cache. The plan takes less than half of that, because queries take longer
 * while the guide and the load need the processors, too.
 */
const PLANNED_SHARE = 0.2
/**
 * The share of the possible visits that a load may have. Visits need the processors of the guide and of the visitors, and
 * beyond half of what there is they would wait for each other.
 */
export const SHARE_OF_VISITS = 0.3
const LEAST_SCALE = 0.01
const STEP = 0.7
const FREQUENT = 6

/**
 * Plans the largest load that keeps the database busy for no more than the planned share of the time, and that has no
 * more than the planned share of the visits that are possible.
 */
export function planLoad(
  sample: Sample,
  times: QueryTimes,
  load: Omit<LoadSize, 'scale'>,
  circumstances: Circumstances,
): Plan {
  for (let scale = 1; ; scale = Math.max(LEAST_SCALE, scale * STEP)) {
    const size = { ...load, scale }
    const schedule = buildSchedule(sample, size)
    const { withCacheMs, withoutCacheMs, pages } = databaseTime(schedule, times, circumstances)
    const withCache = withCacheMs / load.durationMs
    const isTooMuch =
      withCache > PLANNED_SHARE || visitsPerSecond(size) > circumstances.visitsPossible * SHARE_OF_VISITS
    if (isTooMuch && scale > LEAST_SCALE) continue
    const withoutCache = withoutCacheMs / load.durationMs
    const { visitsPossible } = circumstances
    return { visitsPossible, size, schedule, queryMs: withoutCacheMs / pages, withCache, withoutCache }
  }
}

/** Measures queries of the load on this machine as it is now: the most frequent ones of each kind, and some others. */
export async function measureQueries(database: Database, schedule: readonly Arrival[]): Promise<QueryTimes> {
  const frequent = new Map<string, number>()
  const others = new Map<QueryName, number>()
  for (const [name, queries] of byFrequency(schedule)) {
    const rest = queries.slice(FREQUENT)
    const step = Math.max(1, Math.floor(rest.length / FREQUENT))
    const some = rest.filter((_, index) => index % step === 0).slice(0, FREQUENT)
    const times: number[] = []
    // The first query of a kind is slow, so that it is asked once more.
    await ask(database, queries[0]!)
    for (const query of queries.slice(0, FREQUENT)) {
      const ms = await ask(database, query)
      frequent.set(queryLabel(name, query.args), ms)
      times.push(ms)
    }
    const rests: number[] = []
    for (const query of some) rests.push(await ask(database, query))
    others.set(name, mean(rests.length > 0 ? rests : times))
  }
  return { frequent, others }
}

/** Returns the different queries of visitors by kind, the most frequent ones first. */
function byFrequency(schedule: readonly Arrival[]): ReadonlyMap<QueryName, readonly PageQuery[]> {
  const counts = new Map<string, { readonly query: PageQuery; count: number }>()
  for (const arrival of schedule) {
    const query = arrival.kind === 'visit' ? queryOfPage(arrival.path) : undefined
    if (query === undefined) continue
    const label = queryLabel(query.name, query.args)
    const known = counts.get(label)
    if (known === undefined) counts.set(label, { query, count: 1 })
    else known.count += 1
  }
  const kinds = new Map<QueryName, PageQuery[]>()
  for (const { query } of [...counts.values()].toSorted((one, other) => other.count - one.count)) {
    const known = kinds.get(query.name)
    if (known === undefined) kinds.set(query.name, [query])
    else known.push(query)
  }
  return kinds
}

/** Returns the milliseconds for which the database worked on a query. */
async function ask(database: Database, { name, args }: PageQuery): Promise<number> {
  const query = database.query.bind(database) as (...all: readonly unknown[]) => Promise<unknown>
  await database.takeCounts()
  await query(name, ...args)
  return [...(await database.takeCounts()).values()].reduce((total, { busyMs }) => total + busyMs, 0)
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0) / numbers.length
}

interface Opened {
  readonly atMs: number
  readonly page: string
  /** Whether every process is asked for it. */
  readonly isEverywhere: boolean
  /** Whether it is opened because a city that it shows was changed. */
  readonly isChanged: boolean
}

/** Yields the pages that the load opens, those of editors included. */
function* openings(schedule: readonly Arrival[]): Iterable<Opened> {
  for (const arrival of schedule) {
    const { atMs } = arrival
    if (arrival.kind !== 'edit') yield { atMs, page: arrival.path, isEverywhere: false, isChanged: false }
    else
      for (const isChanged of [false, true])
        for (const page of arrival.shownOn) yield { atMs, page, isEverywhere: true, isChanged }
  }
}

/**
 * Adds up the queries of a load. With the cache a page is loaded once, and again after a change of what it shows. While
 * Redis is frozen each process has the pages of its own memory, and loads all others for each visitor, as well as what
 * was changed meanwhile. Without the cache each visitor costs a query.
 */
export function databaseTime(
  schedule: readonly Arrival[],
  times: QueryTimes,
  { processes, frozen }: Pick<Circumstances, 'processes' | 'frozen'>,
): { readonly withCacheMs: number; readonly withoutCacheMs: number; readonly pages: number } {
  const shared = new Memory()
  const own = Array.from({ length: processes }, () => new Memory())
  const untold = new Set<string>()
  let [withCacheMs, withoutCacheMs, pages] = [0, 0, 0]
  for (const { atMs, page, isEverywhere, isChanged } of openings(schedule)) {
    const query = queryOfPage(page)
    if (query === undefined) continue
    const label = queryLabel(query.name, query.args)
    const ms = times.frequent.get(label) ?? times.others.get(query.name) ?? 0
    const isFrozen = frozen !== undefined && atMs >= frozen.fromMs && atMs < frozen.toMs
    const subject = subjectOf(query)
    // A list keeps ids, and so it outlives a change of its cities.
    if (isChanged && query.name !== 'nearest') {
      for (const memory of [shared, ...own]) memory.forget(subject)
      if (isFrozen) untold.add(subject)
    }
    const isKept = query.name !== 'random' && !(isFrozen && untold.has(subject))
    for (const memory of isEverywhere ? own : [own[pages % processes]!]) {
      pages += 1
      withoutCacheMs += ms
      const isKnown = memory.has(label) || (shared.has(label) && !isFrozen)
      if (!isKept || !isKnown) withCacheMs += ms
      if (!isKept || (isFrozen && !isKnown)) continue
      memory.add(subject, label)
      if (!isFrozen) shared.add(subject, label)
    }
  }
  return { withCacheMs, withoutCacheMs, pages }
}

/** Returns the changeable part of a page: the city, or the country whatever the length of its list. */
function subjectOf({ name, args }: PageQuery): string {
  return `${name} ${String(args[0])}`
}

/** The pages that a cache has, by their subject. */
class Memory {
  readonly #pages = new Map<string, Set<string>>()
  readonly #labels = new Set<string>()

  has(label: string): boolean {
    return this.#labels.has(label)
  }

  add(subject: string, label: string): void {
    this.#labels.add(label)
    const pages = this.#pages.get(subject)
    if (pages === undefined) this.#pages.set(subject, new Set([label]))
    else pages.add(label)
  }

  forget(subject: string): void {
    for (const label of this.#pages.get(subject) ?? []) this.#labels.delete(label)
    this.#pages.delete(subject)
  }
}
