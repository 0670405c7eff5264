import { MemoryCache } from 'cachette'
import type { BaseCache } from 'cachette'
import type { Database } from './database/client.ts'
import { startGuide } from './guide/guide.ts'
import { HandWrittenCities } from './guide/hand-written-cities.ts'
import type { Service } from './guide/service.ts'
import { UncachedCities } from './guide/uncached-cities.ts'
import { buildSchedule, crowd } from './load/schedule.ts'
import { measure } from './measure.ts'
import type { Options } from './options.ts'
import { addFigures } from './report/results.ts'
import type { Measured, RedisFigures, Results } from './report/results.ts'
import { Freeze } from './redis/freeze.ts'
import { untilNormal } from './redis/recovery.ts'
import type { Redis } from './redis/server.ts'
import { countOutdated, updateLast } from './redis/catching-up.ts'
import type { SavedUpdate } from './redis/catching-up.ts'
import type { SecondProcess } from './second/process.ts'

export interface Show {
  readonly database: Database
  /** The guide with its cache, which goes on serving afterwards. */
  readonly guide: Service
  readonly cache: BaseCache
  /** Redis and the second process of the guide over it; absent where there is no Redis. */
  readonly shared?: { readonly redis: Redis; readonly second: SecondProcess }
  readonly options: Options
  /** Aborting it ends the show at once. */
  readonly signal: AbortSignal
}

/** Three loads one after the other: without the cache, with it, and the crowd against a hand-written one. */
export async function runShow(show: Show): Promise<Results> {
  const { seed, durationMs } = show.options
  const schedule = buildSchedule(await show.database.query('sample'), seed, durationMs * 0.5)

  const withoutCache = await loadWithoutCache(show, schedule)
  const { withCache, redis } = await loadWithCache(show, schedule)
  const coalescingOff = await loadWithoutCoalescing(show)

  const { records: cities } = show.database
  const durationSeconds = durationMs / 1000
  return {
    seed,
    durationSeconds,
    node: process.version,
    cities,
    withoutCache,
    withCache,
    coalescingOff,
    redis,
  }
}

async function loadWithCache(
  { database, guide, cache, shared, options, signal }: Show,
  schedule: Schedule,
): Promise<Pick<Results, 'withCache' | 'redis'>> {
  const durationMs = options.durationMs * 0.5
  const second = shared?.second
  const urls = [guide.url, ...(second === undefined ? [] : [second.url])]
  const allNormal = async (): Promise<void> => {
    await Promise.all([untilNormal(cache), second?.untilNormal()])
  }
  const freezer = shared?.redis.freezer
  const update = async (): Promise<SavedUpdate> => updateLast(urls.at(-1)!, await database.query('sample'))
  const freeze = freezer && new Freeze({ freezer, loadMs: durationMs, update, untilNormal: allNormal })
  const withCache = await measure(
    {
      title: 'with cache',
      urls,
      schedule,
      durationMs,
      // Only a hanging guide gets here: the figures of this load are those of the whole sequence.
      cutOffMs: durationMs + 60_000,
      stats: async () => addFigures(cache.stats(), await second?.figures()),
      onElapsed: (elapsedMs) => freeze?.at(elapsedMs),
    },
    database,
    signal,
  )
  if (shared === undefined) return { withCache, redis: undefined }
  const frozen = await freeze?.over()
  const latest = [...withCache.latest, ...(frozen ? [frozen.update] : [])]
  const figures: RedisFigures = {
    processes: urls.length,
    frozenMs: frozen?.frozenMs ?? 0,
    recoveryMs: frozen?.recoveryMs ?? 0,
    queuedUpdates: withCache.queuedUpdates + (frozen?.update.queued === true ? 1 : 0),
    outdatedAfterwards: await countOutdated(urls, latest),
  }
  return { withCache, redis: figures }
}

async function loadWithoutCache({ database, options, signal }: Show, schedule: Schedule): Promise<Measured> {
  const durationMs = options.durationMs * 0.3
  await using counters = new MemoryCache()
  await using guide = await startGuide(new UncachedCities(database), counters)
  const load = { title: 'without cache', urls: [guide.url], schedule, durationMs, cutOffMs: durationMs }
  return await measure(load, database, signal)
}

async function loadWithoutCoalescing({ database, options, signal }: Show): Promise<Measured> {
  const durationMs = options.durationMs * 0.2
  await using cache = new MemoryCache()
  await using guide = await startGuide(new HandWrittenCities(cache, database), cache)
  const load = {
    title: 'coalescing off',
    urls: [guide.url],
    schedule: crowd(0),
    durationMs,
    cutOffMs: durationMs,
  }
  return await measure({ ...load, stats: () => cache.stats() }, database, signal)
}

type Schedule = ReturnType<typeof buildSchedule>
