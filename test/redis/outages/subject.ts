// A service that uses the cache while its Redis is in trouble: runs in a process of its own, and measures itself.
import { setTimeout as sleep } from 'node:timers/promises'
import type { BaseCache } from 'cachette'
import { openCache, type OpenCache } from '../caches.ts'
import type { ClientName } from '../native-clients.ts'
import { LagMeter } from './lag.ts'

export const OPERATIONS = ['get', 'set', 'getOrSet', 'increment'] as const
export type Operation = (typeof OPERATIONS)[number]

/** One call: how long it took, without the time in which the process did something else. */
export interface Call {
  readonly ms: number
  readonly result: string
}

export interface Measured {
  readonly first: Call
  readonly hundredth: Call
  /** The slowest of the hundred, in milliseconds. */
  readonly worstMs: number
  /** Calls that rejected: never, it is promised. */
  readonly rejected: number
}

const CALLS = 100
const stored = 'stored before'

// Each operation meets the outage with a cache that has not noticed it yet.
const caches = new Map<Operation, BaseCache>()
const opened: OpenCache[] = []
let lines = 0

const logger = { warn: () => void (lines += 1), error: () => void (lines += 1) }

/** Makes a cache for each operation with a client that is as its library makes it. */
export async function open(client: ClientName, url: string): Promise<void> {
  for (const operation of OPERATIONS) {
    // Not waited for: a server that is absent may be there later.
    const one = await openCache('redis', client, url, { prefix: `${operation}:`, logger, wait: false })
    opened.push(one)
    caches.set(operation, one.cache)
  }
}

/** Uses the caches until all of them work. */
export async function warmUp(): Promise<void> {
  for (const operation of OPERATIONS) await recover(operation)
}

function call(cache: BaseCache, operation: Operation, index: number): Promise<unknown> {
  switch (operation) {
    case 'get':
      return cache.get('known')
    case 'set':
      return cache.set('written', index)
    case 'getOrSet':
      return cache.getOrSet(`loaded:${index}`, () => 'from the loader')
    case 'increment':
      return cache.increment('counter')
  }
}

/** Calls the operation a hundred times, one after the other. */
export async function measure(operation: Operation): Promise<Measured> {
  const cache = caches.get(operation)!
  const lag = new LagMeter()
  const calls: Call[] = []
  let rejected = 0
  for (let index = 0; index < CALLS; index++) {
    const lagBefore = lag.totalMs
    const began = performance.now()
    let result: string
    try {
      result = String(await call(cache, operation, index))
    } catch (error) {
      rejected += 1
      result = String(error)
    }
    const tookMs = performance.now() - began
    calls.push({ ms: Math.max(0, tookMs - (lag.totalMs - lagBefore)), result })
  }
  lag.stop()
  return {
    first: calls[0]!,
    hundredth: calls.at(-1)!,
    worstMs: Math.max(...calls.map(({ ms }) => ms)),
    rejected,
  }
}

/** CPU time of the process in microseconds for a call, over a thousand of them. */
export async function cpuOf(operation: Operation): Promise<number> {
  const cache = caches.get(operation)!
  const before = process.cpuUsage()
  for (let index = 0; index < 1000; index++) await call(cache, operation, index)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** Waits for normal service: what is set is stored and read, and counters count. */
export async function recover(operation: Operation): Promise<void> {
  const cache = caches.get(operation)!
  for (let round = 0; ; round++) {
    const value = `${stored} ${round}`
    const works =
      (await cache.set('known', value)) &&
      (await cache.get('known')) === value &&
      (await cache.increment('other counter')) !== undefined
    if (works) return
    await sleep(10)
  }
}

/** Lines logged so far. */
export function logged(): number {
  return lines
}

export async function close(): Promise<void> {
  for (const one of opened) await one[Symbol.asyncDispose]()
}
