import { createCache } from 'cachette'
import type { BaseCache } from 'cachette'
import type { Database } from './database/client.ts'
import { startGuide } from './guide/guide.ts'
import { HandWrittenCities } from './guide/hand-written-cities.ts'
import type { Service } from './guide/service.ts'
import { UncachedCities } from './guide/uncached-cities.ts'
import { buildSchedule, crowd } from './load/schedule.ts'
import { measure } from './measure.ts'
import type { Options } from './options.ts'
import type { Measured, Results } from './report/results.ts'

export interface Show {
  readonly database: Database
  /** The guide with its cache, which goes on serving afterwards. */
  readonly guide: Service
  readonly cache: BaseCache
  readonly options: Options
  /** Aborting it ends the show at once. */
  readonly signal: AbortSignal
}

/** Three loads one after the other: without the cache, with it, and the crowd against a hand-written one. */
export async function runShow(show: Show): Promise<Results> {
  const { seed, durationMs } = show.options
  const schedule = buildSchedule(await show.database.query('sample'), seed, durationMs * 0.5)

  const withoutCache = await loadWithoutCache(show, schedule)
  const withCache = await measure(
    {
      title: 'with cache',
      guide: show.guide,
      schedule,
      durationMs: durationMs * 0.5,
      // Only a hanging guide gets here: the figures of this load are those of the whole sequence.
      cutOffMs: durationMs * 0.5 + 60_000,
      stats: () => show.cache.stats(),
    },
    show.database,
    show.signal,
  )
  const coalescingOff = await loadWithoutCoalescing(show)

  const { records: cities } = show.database
  const durationSeconds = durationMs / 1000
  return { seed, durationSeconds, node: process.version, cities, withoutCache, withCache, coalescingOff }
}

async function loadWithoutCache({ database, options, signal }: Show, schedule: Schedule): Promise<Measured> {
  const durationMs = options.durationMs * 0.3
  await using counters = await createCache()
  await using guide = await startGuide(new UncachedCities(database), counters)
  const load = { title: 'without cache', guide, schedule, durationMs, cutOffMs: durationMs }
  return await measure(load, database, signal)
}

async function loadWithoutCoalescing({ database, options, signal }: Show): Promise<Measured> {
  const durationMs = options.durationMs * 0.2
  await using cache = await createCache()
  await using guide = await startGuide(new HandWrittenCities(cache, database), cache)
  const load = { title: 'coalescing off', guide, schedule: crowd(0), durationMs, cutOffMs: durationMs }
  return await measure({ ...load, stats: () => cache.stats() }, database, signal)
}

type Schedule = ReturnType<typeof buildSchedule>
