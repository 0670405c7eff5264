// One node of several, in a process of its own, with the functions that tests with two processes call.
import { setTimeout as sleep } from 'node:timers/promises'
import type { BaseCache, Duration, GetOrSetOptions, SetOptions } from 'cachette'
import { sharedNow, tell } from '../../support/peer-side.ts'
import { openCache, type Engine } from '../caches.ts'
import type { ClientName } from '../native-clients.ts'

let cache: BaseCache

/** Connects and makes the cache. */
export async function open(engine: Engine, url: string, client: ClientName): Promise<void> {
  const opened = await openCache(engine, client, url, { prefix: 'two:', deadline: { hard: '20s' } })
  cache = opened.cache
}

/** Has a number of callers ask for one key at once. Returns the number of loader calls here, and the results. */
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

/** Loads a key that no node has stored. Returns the time that this took. */
export async function takeOver(key: string): Promise<{ value: string; tookMs: number }> {
  const began = performance.now()
  const value = await cache.getOrSet(key, () => 'taken over')
  return { value, tookMs: performance.now() - began }
}

export async function get(key: string): Promise<unknown> {
  return cache.get(key)
}

/** Increments one by one, with a number of calls under way. Returns the number of calls without an answer. */
export async function increment(
  key: string,
  times: number,
  underWay: number,
  ttl?: Duration,
): Promise<number> {
  let left = times
  let unanswered = 0
  const count = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const number = await cache.increment(key, 1, ttl)
      if (number === undefined) unanswered += 1
    }
  }
  await Promise.all(Array.from({ length: underWay }, count))
  return unanswered
}

/**
 * Has a number of callers ask repeatedly for `forMs` for a key whose loader fails. Returns the number of calls, the
 * results, and the times of loader calls on a clock that all processes share.
 */
export async function fail(
  key: string,
  callers: number,
  forMs: number,
  options: GetOrSetOptions,
): Promise<{ loadsAt: readonly number[]; outcomes: readonly string[] }> {
  const loadsAt: number[] = []
  const outcomes = new Set<string>()
  const load = async (): Promise<string> => {
    loadsAt.push(sharedNow())
    await sleep(20)
    throw new Error('the database is away')
  }
  const ask = async (): Promise<void> => {
    await cache.getOrSet(key, load, options).then(
      (value) => outcomes.add(value),
      (error: unknown) => outcomes.add((error as Error).name),
    )
  }
  for (const endsAt = sharedNow() + forMs; sharedNow() < endsAt; await sleep(20))
    await Promise.all(Array.from({ length: callers }, ask))
  return { loadsAt, outcomes: [...outcomes] }
}

export async function set(key: string, value: string, options: SetOptions): Promise<boolean> {
  return cache.set(key, value, options)
}

/** Has a number of callers set one key if it is absent. Returns the values that were stored, and what is read then. */
export async function add(
  key: string,
  callers: number,
  options: SetOptions,
): Promise<{ won: readonly string[]; seen: readonly unknown[] }> {
  const values = Array.from({ length: callers }, (_, caller) => `${process.pid}:${caller}`)
  const added = await Promise.all(
    values.map(async (value) => cache.set(key, value, { ...options, ifAbsent: true })),
  )
  return { won: values.filter((_, caller) => added[caller]), seen: [await cache.get(key)] }
}

/** Hides an entry by its tag `t`, or makes it stale. */
export async function end(key: string, how: 'hidden' | 'stale'): Promise<void> {
  if (how === 'hidden') await cache.invalidateTag('t')
  else await cache.invalidate(key, { keepStale: true })
}
