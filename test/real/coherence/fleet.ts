// Nodes with two tiers over a real server, and the tests' questions about its logs.
import { MemoryCache, TieredCache, type TieredCacheOptions } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { onTestFinished } from 'vitest'
import { until } from '../../support/until.ts'
import { nativeClient, type ClientName } from '../native-clients.ts'
import type { RedisServer } from '../servers/index.ts'

export const PREFIX = 'app:'
export const SIDE_KEYS = [`${PREFIX}!sequence:0`, `${PREFIX}!log:0`] as const

/** Returns a connected node, which is closed at the end of the test. */
export async function tieredNode(
  client: ClientName,
  url: string,
  options: Partial<TieredCacheOptions> = {},
): Promise<TieredCache> {
  const native = nativeClient(client, url)
  const l1 = new MemoryCache()
  const l2 = new RedisCache({ client: native.client, prefix: PREFIX, ttl: '1h', deadline: { hard: '20s' } })
  const cache = new TieredCache({ l1, l2, ttl: '1h', staleness: { heartbeat: 0.2, maxLag: 1 }, ...options })
  onTestFinished(async () => {
    await cache.close()
    await l2.close()
    await l1.close()
    await native.close()
  })
  await until('the node to be connected', async () => cache.set('connected', 'yes'))
  return cache
}

/** Returns the number of these keys that have a value on the server. */
export async function countOf(server: RedisServer, keys: readonly string[]): Promise<number> {
  let count = 0
  for (let first = 0; first < keys.length; first += 1_000)
    count += Number(
      await server.command('EXISTS', ...keys.slice(first, first + 1_000).map((key) => PREFIX + key)),
    )
  return count
}

/** Returns the epoch of a partition; `undefined` = there is no sequence. */
export async function epochOf(
  server: RedisServer,
  partition = '0',
): Promise<{ readonly ordinal: number; readonly birth: number; readonly counter: number } | undefined> {
  const text = await server.command('GET', `${PREFIX}!sequence:${partition}`)
  const [, ordinal, birth, counter] = /^(\d+) \S+ (\d+) (\d+) \S+$/.exec(String(text)) ?? []
  if (ordinal === undefined) return undefined
  return { ordinal: Number(ordinal), birth: Number(birth), counter: Number(counter) }
}

/** Waits for a number of further heartbeats at the server. */
export async function heartbeats(server: RedisServer, count: number): Promise<void> {
  const first = await callsOf(server, 'get')
  await until(`${count} heartbeats`, async () => (await callsOf(server, 'get')) - first >= count)
}

/** Returns the number of times that the server has executed a command. */
export async function callsOf(server: RedisServer, command: string): Promise<number> {
  const stats = await server.info('commandstats')
  return Number(/calls=(\d+)/.exec(stats.get(`cmdstat_${command}`) ?? '')?.[1] ?? 0)
}

/** Keeps the process busy, so that nothing else happens in it. */
export function stall(ms: number): void {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs) continue
}

export function numbered(name: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${name}:${index}`)
}
