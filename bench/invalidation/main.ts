// The cost of invalidating many entries at once, in memory and on Redis.
//   npm run bench:invalidation                     1,000,000 entries
//   npm run bench:invalidation -- --entries 100000
// Half of them are in a namespace that is cleared, the other half has a tag that is invalidated. Fails if either takes
// more than one script, or depends on how many entries there are. Starts a server of its own. Needs no peers.
import { parseArgs } from 'node:util'
import { figure } from '../figures.ts'
import { MemoryCache } from '../../src/memory/index.ts'
import { RedisCache } from '../../src/redis/index.ts'
import type { BaseCache } from '../../src/index.ts'
import { startRedis, type RedisServer } from '../../test/real/servers/server.ts'
import { until } from '../../test/support/until.ts'

const { values } = parseArgs({ options: { entries: { type: 'string', default: '1000000' } } })
const ENTRIES = Number(values.entries)
const HALF = ENTRIES / 2
const CHUNK = 1000
const PINGS = 500
/** Number of entries of the small namespace and tag, with which the large ones are compared. */
const FEW = 1000
/** Largest ratio of the time with many entries to the time with few. Messages and timers come in between. */
const NOISE = 5

const silent = { warn: () => undefined, error: () => undefined }

async function fill(cache: BaseCache, prefix: string, count: number, tags: readonly string[]): Promise<void> {
  for (let from = 0; from < count; from += CHUNK) {
    const chunk = Array.from({ length: Math.min(CHUNK, count - from) }, (_, index) => {
      const id = from + index
      return [`${prefix}${id}`, { id, name: `name ${id}` }] as const
    })
    if (!(await cache.setMany(chunk, { tags }))) throw new Error(`could not store what begins with ${prefix}`)
  }
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await action()
  return performance.now() - began
}

function median(figures: readonly number[]): number {
  return [...figures].sort((a, b) => a - b)[Math.floor((figures.length - 1) / 2)]!
}

async function check(cache: BaseCache, key: string, isThere: boolean): Promise<void> {
  if ((await cache.has(key)) !== isThere)
    throw new Error(`${key} is ${isThere ? 'not there' : 'still there'}`)
}

interface Subject {
  readonly root: BaseCache
  readonly part: BaseCache
}

async function filled(root: BaseCache): Promise<Subject> {
  const part = root.namespace('part')
  const took = await timed(async () => {
    await fill(part, 'entry:', HALF, [])
    await fill(root, 'tagged:', HALF, ['half'])
    await fill(root.namespace('few'), 'entry:', FEW, [])
    await fill(root, 'tagged few:', FEW, ['few'])
  })
  console.log(`  stored in ${(took / 1000).toFixed(1)} s`)
  const last = HALF - 1
  await check(part, `entry:${last}`, true)
  await check(root, `tagged:${last}`, true)
  return { root, part }
}

/** Returns the calls of each command since `CONFIG RESETSTAT`. */
async function callsOf(server: RedisServer): Promise<Map<string, number>> {
  const stats = await server.info('commandstats')
  return new Map(
    [...stats].flatMap(([name, text]) => {
      const calls = /calls=(\d+)/.exec(text)?.[1]
      return calls === undefined ? [] : [[name.replace('cmdstat_', ''), Number(calls)] as const]
    }),
  )
}

let failures = 0
function report(
  what: string,
  ms: number,
  unit: { readonly name: string; readonly ms: number },
  more = '',
): void {
  const text = ms < 10 ? `${(ms * 1000).toFixed(0)} µs` : `${ms.toFixed(0)} ms`
  console.log(`  ${what.padEnd(48)} ${text.padStart(9)} = ${(ms / unit.ms).toFixed(1)} ${unit.name} ${more}`)
}

function demand(isMet: boolean, what: string): void {
  if (isMet) return
  failures += 1
  console.log(`  FAILED: ${what}`)
}

async function inMemory(): Promise<void> {
  console.log(`\nMemoryCache, ${ENTRIES.toLocaleString('en-US')} entries`)
  const { root, part } = await filled(new MemoryCache({ maxEntries: ENTRIES + 3 * FEW, logger: silent }))
  const hits = 100_000
  const unit = {
    name: 'hits',
    ms: (await timed(async () => repeat(hits, async () => root.get('tagged:7')))) / hits,
  }
  const few = await timed(async () => root.namespace('few').clear())
  const many = await timed(async () => part.clear())
  report(`clear() of a namespace of ${FEW}`, few, unit)
  report(`clear() of a namespace of ${HALF}`, many, unit)
  await check(part, `entry:${HALF - 1}`, false)
  await check(root, `tagged:${HALF - 1}`, true)
  const fewTagged = await timed(async () => root.invalidateTag('few'))
  const manyTagged = await timed(async () => root.invalidateTag('half'))
  report(`invalidateTag() of ${FEW}`, fewTagged, unit)
  report(`invalidateTag() of ${HALF}`, manyTagged, unit)
  await check(root, `tagged:${HALF - 1}`, false)
  // The first call of either includes the compiler's work. A walk over the entries would take far longer.
  const walk = (HALF / 100) * unit.ms
  demand(many < Math.max(few * NOISE, walk), 'clear() depends on the number of entries')
  demand(manyTagged < Math.max(fewTagged * NOISE, walk), 'invalidateTag() depends on the number of entries')
  report(`deleteByPrefix() of ${HALF}`, await timed(async () => root.deleteByPrefix('tagged:')), unit)
  await root.close()
}

async function repeat(times: number, action: () => Promise<unknown>): Promise<void> {
  for (let index = 0; index < times; index++) await action()
}

/** Measures an invalidation: its time, and the number of scripts that the server ran for it. */
async function onServer(
  server: RedisServer,
  action: () => Promise<unknown>,
): Promise<{ ms: number; scripts: number }> {
  await server.command('CONFIG', 'RESETSTAT')
  const ms = await timed(action)
  const calls = await callsOf(server)
  return { ms, scripts: (calls.get('evalsha') ?? 0) + (calls.get('eval') ?? 0) }
}

async function onRedis(): Promise<void> {
  console.log(`\nRedisCache, ${ENTRIES.toLocaleString('en-US')} entries`)
  await using server = await startRedis()
  const cache = await RedisCache.create({
    url: server.url,
    ttl: '1d',
    logger: silent,
    deadline: { hard: '30s' },
  })
  await until('the cache to be connected', async () => cache.set('connected', true))
  const { root, part } = await filled(cache)
  const connection = await server.connect()
  const pings: number[] = []
  await repeat(PINGS, async () => pings.push(await timed(async () => connection.command('PING'))))
  connection.close()
  const unit = { name: 'PINGs', ms: median(pings) }
  const show = (what: string, { ms, scripts }: { ms: number; scripts: number }): void => {
    report(what, ms, unit, `${scripts} script${scripts === 1 ? '' : 's'}`)
  }
  // The scripts are sent once to a server that does not know them, and compiled here after some calls.
  await repeat(200, async () => {
    await root.namespace('warm').clear()
    await root.invalidateTag('warm')
  })
  for (const [name, view, action] of [
    ['clear() of a namespace of', part, (view: BaseCache) => view.clear()],
    ['invalidateTag() of', root, (view: BaseCache, tag: string) => view.invalidateTag(tag)],
  ] as const) {
    const few = await onServer(server, async () =>
      action(name.startsWith('clear') ? root.namespace('few') : view, 'few'),
    )
    const many = await onServer(server, async () => action(view, 'half'))
    show(`${name} ${FEW}`, few)
    show(`${name} ${HALF}`, many)
    const again = async (of: BaseCache, tag: string): Promise<number> => {
      const times: number[] = []
      await repeat(100, async () => times.push(await timed(async () => action(of, tag))))
      return median(times)
    }
    const fewAgain = await again(name.startsWith('clear') ? root.namespace('few') : view, 'few')
    const manyAgain = await again(view, 'half')
    report(`  of ${FEW} again, the median of 100`, fewAgain, unit)
    report(`  of ${HALF} again, the median of 100`, manyAgain, unit)
    demand(few.scripts === 1 && many.scripts === 1, `${name} takes more than one script`)
    demand(manyAgain < fewAgain * NOISE, `${name} depends on the number of entries`)
  }
  await check(part, `entry:${HALF - 1}`, false)
  await check(root, `tagged:${HALF - 1}`, false)
  const scans = await onServer(server, async () => {
    const count = await root.deleteByPrefix('tagged:')
    if (count === undefined || count < HALF) throw new Error(`deleteByPrefix() counted ${count}`)
  })
  const calls = await callsOf(server)
  report(`deleteByPrefix() of ${HALF}`, scans.ms, unit, `${calls.get('scan') ?? 0} SCAN`)
  demand(calls.get('keys') === undefined && calls.get('flushdb') === undefined, 'KEYS or FLUSHDB was used')
  await cache.close()
}

console.log(`Node ${process.version}`)
await inMemory()
await onRedis()
figure('promises of invalidation that are broken', failures)
console.log(failures === 0 ? '\nas promised' : `\n${failures} NOT as promised`)
process.exitCode = failures === 0 ? 0 : 1
