import { MemoryCache } from 'cachette'
import type { BaseCache } from 'cachette'
import type { Database } from './database/client.ts'
import type { Sample } from './database/protocol.ts'
import { DEADLINE_MS } from './guide/cache.ts'
import { startGuide } from './guide/guide.ts'
import { HandWrittenCities } from './guide/hand-written-cities.ts'
import type { Service } from './guide/service.ts'
import { UncachedCities } from './guide/uncached-cities.ts'
import { measureVisits } from './load/pace.ts'
import { measureQueries, planLoad, SHARE_OF_VISITS } from './load/plan.ts'
import type { Plan } from './load/plan.ts'
import { buildSchedule, crowd, crowdSize, visitsOfOnePage } from './load/schedule.ts'
import { playInThread } from './load/thread.ts'
import { measure } from './measure.ts'
import type { Options } from './options.ts'
import { costOfOutage } from './outage/cost.ts'
import type { Watch } from './outage/watch.ts'
import { describePlan } from './report/plan.ts'
import { addFigures, figuresOf } from './report/results.ts'
import type { Measured, RedisFigures, Results } from './report/results.ts'
import { Freeze, freezeOf } from './redis/freeze.ts'
import { untilNormal } from './redis/recovery.ts'
import type { Redis } from './redis/server.ts'
import { countOutdated, updateLast } from './redis/catching-up.ts'
import type { SavedUpdate } from './redis/catching-up.ts'
import type { SecondProcess } from './second/process.ts'

export interface Show {
  readonly database: Database
  /** The way of the guide to the database. */
  readonly watch: Watch
  /** The guide with its cache, which goes on serving afterwards. */
  readonly guide: Service
  readonly cache: BaseCache
  /** Redis and the second process of the guide over it; absent where there is no Redis. */
  readonly shared?: { readonly redis: Redis; readonly second: SecondProcess }
  readonly options: Options
  /** Aborting it ends the show at once. */
  readonly signal: AbortSignal
}

/** The share of each load in the time of the show. */
const SHARES = { withoutCache: 0.3, withCache: 0.55, coalescingOff: 0.15 }

/** Three loads one after the other: without the cache, with it, and the crowd against a hand-written one. */
export async function runShow(show: Show): Promise<Results> {
  const { database, options } = show
  const sample = await database.query('sample')
  const plan = await fitToMachine(show, sample)
  console.log(`${describePlan(plan)}\n`)

  const withoutCache = await loadWithoutCache(show, plan)
  const { withCache, redis } = await loadWithCache(show, plan, sample)
  const coalescingOff = await loadWithoutCoalescing(show, plan)
  return {
    seed: options.seed,
    durationSeconds: options.durationMs / 1000,
    node: process.version,
    cities: database.records,
    plan: figuresOf(plan),
    withoutCache,
    withCache,
    coalescingOff,
    redis,
  }
}

/**
 * Measures how many visits the machine can do, and queries beside some of them, who need the processors as those of the
 * load will. Then it plans a load with which the database is at most half busy, and nobody waits for a processor for long.
 */
async function fitToMachine(
  { database, guide, shared, options, signal }: Show,
  sample: Sample,
): Promise<Plan> {
  const load = { seed: options.seed, durationMs: options.durationMs * SHARES.withCache }
  const urls = [guide.url, ...(shared === undefined ? [] : [shared.second.url])]
  const visitsPossible = await measureVisits(urls, sample, signal)
  const perSecond = Math.min(200, visitsPossible * SHARE_OF_VISITS)
  const beside = { urls, schedule: visitsOfOnePage(sample, 2000, perSecond), cutOffMs: 60_000 }
  const [times] = await Promise.all([
    measureQueries(database, buildSchedule(sample, { ...load, scale: 1 })),
    playInThread(beside, () => undefined, signal),
  ])
  const frozen = shared?.redis.freezer && freezeOf(load.durationMs)
  return planLoad(sample, times, load, {
    processes: shared === undefined ? 1 : 2,
    frozen,
    visitsPossible,
  })
}

async function loadWithCache(
  { database, watch, guide, cache, shared, signal }: Show,
  { schedule, size: { durationMs } }: Plan,
  sample: Sample,
): Promise<Pick<Results, 'withCache' | 'redis'>> {
  const second = shared?.second
  const urls = [guide.url, ...(second === undefined ? [] : [second.url])]
  const allNormal = async (): Promise<void> => {
    await Promise.all([untilNormal(cache), second?.untilNormal()])
  }
  const freezer = shared?.redis.freezer
  const update = async (): Promise<SavedUpdate> => updateLast(urls.at(-1)!, sample)
  const freeze = freezer && new Freeze({ freezer, loadMs: durationMs, update, untilNormal: allNormal })
  watch.begin()
  second?.watch()
  const { measured: withCache, timeline } = await measure(
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
  const watched = watch.end()
  if (second === undefined) return { withCache, redis: undefined }
  const frozen = await freeze?.over()
  const processes = new Map([
    [guide.url, watched],
    [second.url, await second.watched()],
  ])
  const latest = [...withCache.latest, ...(frozen ? [frozen.update] : [])]
  const figures: RedisFigures = {
    processes: urls.length,
    frozenMs: frozen?.frozenMs ?? 0,
    recoveryMs: frozen?.recoveryMs ?? 0,
    outage: frozen && costOfOutage(timeline, processes, frozen.outage),
    deadlineMs: DEADLINE_MS,
    queuedUpdates: withCache.queuedUpdates + (frozen?.update.queued === true ? 1 : 0),
    outdatedAfterwards: await countOutdated(urls, latest),
  }
  return { withCache, redis: figures }
}

async function loadWithoutCache({ database, options, signal }: Show, { schedule }: Plan): Promise<Measured> {
  const durationMs = options.durationMs * SHARES.withoutCache
  await using counters = new MemoryCache()
  await using guide = await startGuide(new UncachedCities(database), counters)
  const load = { title: 'without cache', urls: [guide.url], schedule, durationMs, cutOffMs: durationMs }
  return (await measure(load, database, signal)).measured
}

async function loadWithoutCoalescing({ database, options, signal }: Show, { size }: Plan): Promise<Measured> {
  // A shorter one may end before the first answer.
  const durationMs = Math.max(2000, options.durationMs * SHARES.coalescingOff)
  await using cache = new MemoryCache()
  await using guide = await startGuide(new HandWrittenCities(cache, database), cache)
  const load = {
    title: 'coalescing off',
    urls: [guide.url],
    schedule: crowd(0, crowdSize(size)),
    durationMs,
    cutOffMs: durationMs,
  }
  return (await measure({ ...load, stats: () => cache.stats() }, database, signal)).measured
}
