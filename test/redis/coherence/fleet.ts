// Nodes with two tiers over a real server, and what tests ask the server about its logs.
import { MemoryCache, TieredCache, type TieredCacheOptions } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { onTestFinished } from 'vitest'
import { until } from '../../support/until.ts'
import { nativeClient, type ClientName } from '../native-clients.ts'
import type { RedisServer } from '../servers/index.ts'

export const PREFIX = 'app:'
export const SIDE_KEYS = [`${PREFIX}!sequence:0`, `${PREFIX}!log:0`] as const

/** A connected node, closed when the test has finished. */
export async function tieredNode(
  client: ClientName,
  url: string,
  options: Partial<TieredCacheOptions> = {},
): Promise<TieredCache> {
  const native = nativeClient(client, url)
  const l1 = new MemoryCache()
  const l2 = new RedisCache({ client: native.client, prefix: PREFIX, ttl: '1h', deadline: { hard: '20s' } })
  const cache = new TieredCache({ l1, l2, ttl: '1h', heartbeat: 0.2, maxLag: 1, ...options })
  onTestFinished(async () => {
    await cache.close()
    await l2.close()
    await l1.close()
    await native.close()
  })
  await until('the node to be connected', async () => cache.set('connected', 'yes'))
  return cache
}

/** How many of these keys have a value on the server. */
export async function countOf(server: RedisServer, keys: readonly string[]): Promise<number> {
  let count = 0
  for (let first = 0; first < keys.length; first += 1_000)
    count += Number(
      await server.command('EXISTS', ...keys.slice(first, first + 1_000).map((key) => PREFIX + key)),
    )
  return count
}

/** The epoch of a partition; `undefined` = there is no sequence. */
export async function epochOf(
  server: RedisServer,
  partition = '0',
): Promise<{ readonly ordinal: number; readonly birth: number; readonly counter: number } | undefined> {
  const text = await server.command('GET', `${PREFIX}!sequence:${partition}`)
  const [, ordinal, birth, counter] = /^(\d+) \S+ (\d+) (\d+) \S+$/.exec(String(text)) ?? []
  if (ordinal === undefined) return undefined
  return { ordinal: Number(ordinal), birth: Number(birth), counter: Number(counter) }
}

/** Waits until heartbeats have asked the server so many times more. */
export async function heartbeats(server: RedisServer, count: number): Promise<void> {
  const first = await callsOf(server, 'get')
  await until(`${count} heartbeats`, async () => (await callsOf(server, 'get')) - first >= count)
}

/** How often the server has executed a command. */
export async function callsOf(server: RedisServer, command: string): Promise<number> {
  const stats = await server.info('commandstats')
  return Number(/calls=(\d+)/.exec(stats.get(`cmdstat_${command}`) ?? '')?.[1] ?? 0)
}

/** Keeps the process busy: nothing else happens in it. */
export function stall(ms: number): void {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs) continue
}

export function numbered(name: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${name}:${index}`)
}
