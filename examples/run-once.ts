// A job that runs once a day, whatever the number of processes: `npx tsx examples/run-once.ts`.
import { type BaseCache, MemoryCache } from 'cachette'
import { Lock } from 'cachette/lock'

/**
 * Runs a job unless it has run for this period. The lock keeps two processes from running it at the same time. The mark
 * keeps the next one from running it again. A job that fails, or whose process dies, leaves no mark and is run by the next.
 */
async function once(
  cache: BaseCache,
  job: string,
  period: string,
  run: (signal: AbortSignal) => Promise<void>,
): Promise<string> {
  await using held = await new Lock(cache, job, { ttl: '30s' }).tryAcquire()
  if (held === undefined) return 'another one is at it'
  const done = `${job}:${period}`
  if (await cache.has(done)) return 'done already'
  await run(held.signal)
  await cache.set(done, true, '2d')
  return 'done now'
}

// On Redis, the same lines hold among all processes. Each of them calls `once` every minute, by its own timer.
const cache = new MemoryCache()
const report = async (): Promise<void> => {
  console.log('  the report is made')
  await Promise.resolve()
}
const broken = (): Promise<void> => Promise.reject(new Error('the mail server is away'))

const first = [once(cache, 'report', '2026-11-30', report), once(cache, 'report', '2026-11-30', report)]
console.log('at the same time:', await Promise.all(first))
console.log('a minute later:', await once(cache, 'report', '2026-11-30', report))
const failure = await once(cache, 'report', '2026-12-01', broken).catch((error: Error) => error.message)
console.log('the next day:', failure)
console.log('a minute later:', await once(cache, 'report', '2026-12-01', report))
