// One node of several, in a process of its own: what the tests with two processes let it do.
import { setTimeout as sleep } from 'node:timers/promises'
import { MemoryCache, TieredCache, type BaseCache } from 'cachette'
import { RedisCache } from 'cachette/redis'
import { tell } from '../support/peer-side.ts'
import { nativeClient, type ClientName } from './native-clients.ts'

let cache: BaseCache

/** Connects and makes the cache. */
export async function open(engine: 'redis' | 'tiered', url: string, client: ClientName): Promise<void> {
  const native = nativeClient(client, url)
  const redis = new RedisCache({ client: native.client, prefix: 'two:', ttl: '1h' })
  await native.connect()
  cache =
    engine === 'redis'
      ? redis
      : new TieredCache({ l1: new MemoryCache(), l2: redis, bus: 'pubsub', prefix: 'two:', ttl: '1h' })
}

/** So many callers ask for one key at once; how often the loader ran here, and what they got. */
export async function crowd(
  key: string,
  callers: number,
): Promise<{ loads: number; values: readonly string[] }> {
  let loads = 0
  const load = async (): Promise<string> => {
    loads += 1
    await sleep(20)
    return `loaded by ${process.pid}`
  }
  const values = await Promise.all(Array.from({ length: callers }, async () => cache.getOrSet(key, load)))
  return { loads, values: [...new Set(values)] }
}

/** Begins a load that never ends. */
export async function hang(key: string): Promise<void> {
  await cache.getOrSet(key, async () => {
    tell('loading')
    return new Promise<string>(() => undefined)
  })
}

/** Loads what nobody has stored; how long that took. */
export async function takeOver(key: string): Promise<{ value: string; tookMs: number }> {
  const began = performance.now()
  const value = await cache.getOrSet(key, () => 'taken over')
  return { value, tookMs: performance.now() - began }
}

export async function get(key: string): Promise<unknown> {
  return cache.get(key)
}

/** Counts one by one, with so many increments under way; how many of them had no answer. */
export async function increment(key: string, times: number, underWay: number, ttl?: string): Promise<number> {
  let left = times
  let unanswered = 0
  const count = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const number = await cache.increment(key, 1, ttl as '1s' | undefined)
      if (number === undefined) unanswered += 1
    }
  }
  await Promise.all(Array.from({ length: underWay }, count))
  return unanswered
}
