// The cost of a cache to a server while little happens, and the cost of many tags and of one contended lock.
//   npm run bench:costs
//   npm run bench:costs -- --of ../other-checkout     the same figures of another checkout, which have no bounds
// Commands are counted by the servers, so that the load of the machine does not matter. Fails above the bounds.
import { figure as noteFigure } from '../figures.ts'
import { resolve } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import type * as Cachette from '../../src/index.ts'
import type * as Locks from '../../src/lock/index.ts'
import { startCluster } from '../../test/real/servers/cluster.ts'
import { startRedis, type RedisServer } from '../../test/real/servers/server.ts'
import { until } from '../../test/support/until.ts'

const { values } = parseArgs({ options: { of: { type: 'string', default: '.' } } })
const root = resolve(values.of)
const { createCache, MemoryCache } = (await import(`${root}/src/index.ts`)) as typeof Cachette
const { withLock } = (await import(`${root}/src/lock/index.ts`)) as typeof Locks

const WATCHED_S = 10
const JOURNAL_S = 2
const silent = { warn: () => undefined, error: () => undefined, info: () => undefined }

interface Figure {
  readonly what: string
  readonly figure: number
  readonly bound: number | undefined
}
const figures: Figure[] = []

function note(what: string, figure: number, bound?: number): void {
  noteFigure(what, figure)
  figures.push({ what, figure: Math.round(figure * 100) / 100, bound })
}

/**
 * Returns the number of commands that the servers have executed for the caches, without those of the counting itself.
 */
async function commandsOf(servers: readonly RedisServer[]): Promise<number> {
  const counts = await Promise.all(
    servers.map(async (server) => {
      const stats = await server.info('commandstats')
      return [...stats].reduce((sum, [name, text]) => {
        if (/^cmdstat_(?:info|ping|replconf|psync|cluster)/.test(name)) return sum
        return sum + Number(/calls=(\d+)/.exec(text ?? '')?.[1] ?? 0)
      }, 0)
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

async function commandsWhile(
  servers: readonly RedisServer[],
  action: () => Promise<unknown>,
): Promise<number> {
  const before = await commandsOf(servers)
  await action()
  return (await commandsOf(servers)) - before
}

async function open(url: string, options: object = {}): Promise<Cachette.BaseCache> {
  const journal = `${JOURNAL_S}s`
  const cache = await createCache({ redis: url, ttl: '1h', logger: silent, outage: { journal }, ...options })
  await until('the cache to be connected', async () => cache.set('probe', 1))
  await cache.delete('probe')
  return cache
}

async function following(where: string, url: string, servers: readonly RedisServer[]): Promise<void> {
  const cache = await open(url)
  const aSecond = async (): Promise<number> =>
    (await commandsWhile(servers, async () => sleep(WATCHED_S * 1000))) / WATCHED_S
  await sleep(JOURNAL_S * 3000)
  note(`commands a second: idle, two tiers, ${where}`, await aSecond(), 2)
  const keys = Array.from(
    { length: 2000 },
    (_, index) => [`key:${index}`, index % 7 === 0 ? 'a' : 'b'] as const,
  )
  await cache.setMany(keys)
  await cache.getMany(keys.map(([key]) => key))
  await sleep(JOURNAL_S * 3000)
  note(`commands a second: 2,000 entries kept, ${where}`, await aSecond())
  await cache.close()
}

async function tags(server: RedisServer): Promise<void> {
  const count = 11_000
  const cache = await open(server.url, { l1: { maxEntries: 50_000 } })
  const keys = Array.from({ length: count }, (_, index) => `tagged:${index}`)
  for (const [index, key] of keys.entries()) await cache.set(key, { index }, { tags: [`tag:${index}`] })
  for (let round = 0; round < 3; round++) await cache.getMany(keys)
  // Another tag is invalidated, so that each entry is compared with the table anew.
  await cache.invalidateTag('other')
  const read = async (): Promise<void> => {
    for (const key of keys) await cache.get(key)
  }
  const idle = await commandsWhile([server], async () => sleep(2000))
  const startedAtMs = performance.now()
  const commands = await commandsWhile([server], read)
  const heartbeats = (idle / 2000) * (performance.now() - startedAtMs)
  note(
    'commands a hit in memory, 11,000 entries with a tag each',
    Math.max(0, commands - heartbeats) / count,
    0.01,
  )
  await cache.close()
}

async function contended(cache: Cachette.BaseCache, callers: number): Promise<number> {
  const results = await Promise.allSettled(
    Array.from({ length: callers }, async () => withLock(cache, 'one', async () => undefined)),
  )
  return results.filter(({ status }) => status === 'rejected').length
}

async function locks(server: RedisServer): Promise<void> {
  const cache = await open(server.url)
  let refused = 0
  const commands = await commandsWhile([server], async () => {
    refused = await contended(cache, 400)
  })
  note('commands a caller, 400 callers of one lock on Redis', commands / 400, 20)
  note('of them refused', refused, 0)
  await cache.close()
  const memory = new MemoryCache()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  note('refused, 1,000 callers of one lock in memory', await contended(memory, 1000), 0)
  delay.disable()
  note('longest stop of the event loop meanwhile, in ms', delay.max / 1e6, 200)
  await memory.close()
}

{
  await using server = await startRedis()
  await following('one server', server.url, [server])
}
{
  await using cluster = await startCluster()
  await following('cluster of three', cluster.url, cluster.servers)
}
{
  await using server = await startRedis()
  await tags(server)
  await locks(server)
}

const table = new Table({ head: ['what', 'figure', 'bound'], style: { head: [], border: [] } })
for (const { what, figure, bound } of figures) table.push([what, figure, bound ?? ''])
console.log(table.toString())
const over = figures.filter(({ figure, bound }) => bound !== undefined && figure > bound)
console.log(
  over.length === 0 ? 'All within their bounds.' : `Over: ${over.map(({ what }) => what).join('; ')}`,
)
process.exitCode = over.length === 0 || values.of !== '.' ? 0 : 1
