import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { recordAccesses } from 'cachette/analysis'
import { createDashboard } from 'cachette/dashboard'
import { Database } from './database/client.ts'
import { openGuideCache } from './guide/cache.ts'
import { GuideAudit } from './guide/audit-routes.ts'
import { CachedCities } from './guide/cached-cities.ts'
import { ForgetfulCities } from './guide/forgetful-cities.ts'
import { startGuide } from './guide/guide.ts'
import { UncachedCities } from './guide/uncached-cities.ts'
import { Watch } from './outage/watch.ts'
import { readOptions, usage, UsageError } from './options.ts'
import type { Options } from './options.ts'
import { faults, report } from './report/table.ts'
import { findRedis } from './redis/server.ts'
import { SecondProcess } from './second/process.ts'
import { runShow } from './show.ts'

const DASHBOARD = '/dashboard'

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort())
// The reader of the output has gone, as in `npm start | head`.
process.stdout.on('error', () => stop.abort())
// If something does not let go, the process ends all the same.
stop.signal.addEventListener('abort', () => setTimeout(() => process.exit(), 800).unref())

process.exitCode = await main(process.argv.slice(2), stop.signal)

async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  try {
    const options = readOptions(args)
    if (!options.help) return await run(options, signal)
    console.log(usage)
    return 0
  } catch (error) {
    if (signal.aborted) return 0
    console.error(explain(error))
    return error instanceof UsageError ? 2 : 1
  }
}

async function run(options: Options, signal: AbortSignal): Promise<number> {
  // Closed in reverse: nobody asks any more, then no load is under way any more, then the caches, then their Redis.
  await using redis = options.redis ? await findRedis() : undefined
  const place = redis && { url: redis.url, prefix: `city-guide:${randomUUID()}:` }
  await using opened = await openGuideCache(place)
  const { cache } = opened
  // It ends before the cache does.
  await using _recording = options.record === undefined ? undefined : recordAccesses(cache, options.record)
  await using database = await Database.start(signal)
  await using second = place && (await SecondProcess.start(place, database))
  const watch = new Watch(database)
  const origin = new UncachedCities(watch)
  const cities = new ForgetfulCities(new CachedCities(cache, origin), origin)
  const audit = new GuideAudit()
  const dashboard = options.once
    ? undefined
    : createDashboard(cache, { basePath: DASHBOARD, readOnly: false })
  const mounted = dashboard && { path: DASHBOARD, node: dashboard.node.bind(dashboard) }
  await using guide = await startGuide(cities, cache, options.port, audit.routes(cities), mounted)

  console.log(`City guide over ${database.records.toLocaleString('en-US')} cities, seed ${options.seed}.`)
  const shared = redis && second && { redis, second }
  console.log(
    shared
      ? `In two processes over Redis, ${guide.url} and ${second.url}.`
      : 'In one process, without Redis.',
  )
  if (mounted !== undefined) console.log(`See it on the dashboard: ${guide.url}${mounted.path}`)
  const results = await runShow({ database, watch, guide, cache, options, signal, ...(shared && { shared }) })
  await writeFile(options.resultsFile, `${JSON.stringify(results, null, 2)}\n`)
  console.log(`\n${report(results)}\n\nAll figures: ${options.resultsFile}`)

  const wrong = faults(results)
  for (const fault of wrong) console.error(`FAILED: ${fault}`)
  if (!options.once) {
    audit.begin(cache, (sentence) => console.log(`auditor: ${sentence}`))
    await serveOn(guide.url, signal)
  }
  dashboard?.close()
  return wrong.length === 0 ? 0 : 1
}

async function serveOn(url: string, signal: AbortSignal): Promise<void> {
  console.log(`
The guide goes on at ${url} until you press Ctrl-C. Try:
  curl '${url}/nearest?lat=48.85&lon=2.35'
  curl -X PUT '${url}/cities/2988507' -d '{"population": 2100000}'
  curl -i '${url}/surprise'   # 20 in 10 seconds, then 429
The dashboard is at ${url}${DASHBOARD}
The auditor asks the database again for some answers. Let updates forget the cache, update a city, and look at it twice:
  curl -X PUT '${url}/forgetful/on'
  curl '${url}/audit'`)
  if (!signal.aborted) await once(signal, 'abort')
}

function explain(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\n\n${usage}`
  if (!(error instanceof Error)) return String(error)
  const { code, port } = error as NodeJS.ErrnoException & { port?: number }
  if (code === 'EADDRINUSE')
    return `Port ${port} is in use: choose another with --port, or leave it out for a free one.`
  if (code === 'EACCES' && port)
    return `Port ${port} may not be used by this user: choose another with --port.`
  return error.stack ?? error.message
}
