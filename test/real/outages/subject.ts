// A service that uses the cache while its Redis is in trouble. It runs in a process of its own, and measures itself.
import { setTimeout as sleep } from 'node:timers/promises'
import type { BaseCache } from 'cachette'
import { slotOf } from '../../../src/redis/connection/slot.ts'
import { KeyNames } from '../../../src/redis/store/key-names.ts'
import { openCache, type OpenCache } from '../caches.ts'
import type { ClientName, Login } from '../native-clients.ts'
import { LagMeter } from './lag.ts'

export const OPERATIONS = ['get', 'set', 'getOrSet', 'increment'] as const
export type Operation = (typeof OPERATIONS)[number]

/** One call and its time, without the time in which the process did other work. */
export interface Call {
  readonly ms: number
  readonly result: string
}

export interface Measured {
  readonly first: Call
  readonly hundredth: Call
  /** The slowest of the hundred, in milliseconds. */
  readonly worstMs: number
  /** Number of calls that rejected. The promise is that none does. */
  readonly rejected: number
}

/** The first slot of a master and the last. */
export type Slots = readonly [number, number]

export interface Setting {
  /** Whether nothing is sent over an idle connection. */
  readonly isQuiet: boolean
  /** The slots of the master that is in trouble, if the others are not. */
  readonly away: Slots | undefined
  readonly login: Login | undefined
}

const CALLS = 100
const stored = 'stored before'

// Each operation meets the outage with a cache that has not noticed it yet.
const caches = new Map<Operation, BaseCache>()
const opened: OpenCache[] = []
/** Keys by master and name, kept because finding them costs more than a call. */
const known = new Map<string, string>()
let lines = 0
let away: Slots | undefined
let login: Login | undefined

const logger = { warn: () => void (lines += 1), error: () => void (lines += 1) }

/** Makes a cache for each operation, with a client of its library's defaults. */
export async function open(client: ClientName, url: string, setting: Setting): Promise<void> {
  away = setting.away
  login = setting.login
  const quiet = setting.isQuiet
    ? ({ bus: 'none', staleness: { heartbeat: '1m', maxLag: '3m', maxStale: '5m' } } as const)
    : {}
  for (const operation of OPERATIONS) {
    // The connection is not awaited, because an absent server may be there later.
    const settings = { prefix: `${operation}:`, logger, wait: false, login, ...quiet }
    const one = await openCache('redis', client, url, settings)
    opened.push(one)
    caches.set(operation, one.cache)
  }
}

/** Uses the caches until all of them work. */
export async function warmUp(): Promise<void> {
  for (const operation of OPERATIONS) await recover(operation)
}

/** Returns a key that begins with the name, on the master in trouble or on another. */
function keyAt(where: 'away' | 'there', name: string): string {
  if (away === undefined) return name
  const asked = `${where} ${name}`
  let key = known.get(asked)
  if (key === undefined) known.set(asked, (key = findKey(where, name, away)))
  return key
}

function findKey(where: 'away' | 'there', name: string, [first, last]: Slots): string {
  const names = new KeyNames('', true)
  for (let index = 0; ; index++) {
    const key = `${name} ${index}`
    const slot = slotOf(names.value(key))
    if ((first <= slot && slot <= last) === (where === 'away')) return key
  }
}

function call(cache: BaseCache, operation: Operation, index: number): Promise<unknown> {
  switch (operation) {
    case 'get':
      return cache.get(keyAt('there', 'known'))
    case 'set':
      return cache.set(keyAt('there', 'written'), index)
    case 'getOrSet':
      return cache.getOrSet(keyAt('there', `loaded:${index}`), () => 'from the loader')
    case 'increment':
      return cache.increment(keyAt('there', 'counter'))
  }
}

/** Calls the operation a hundred times, one after the other. */
export async function measure(operation: Operation): Promise<Measured> {
  const cache = caches.get(operation)!
  const lag = new LagMeter()
  const calls: Call[] = []
  const waiting: Promise<unknown>[] = []
  let rejected = 0
  for (let index = 0; index < CALLS; index++) {
    // Calls that wait for the master in trouble must not hold up the others.
    if (away !== undefined) waiting.push(cache.get(keyAt('away', 'known')))
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
  await Promise.all(waiting)
  return {
    first: calls[0]!,
    hundredth: calls.at(-1)!,
    worstMs: Math.max(...calls.map(({ ms }) => ms)),
    rejected,
  }
}

/**
 * Returns the CPU time of the process for a call, in microseconds. It is the least of twelve means of a thousand calls,
 * because clients try to connect meanwhile.
 */
export async function cpuOf(operation: Operation): Promise<number> {
  const cache = caches.get(operation)!
  let leastUs = Infinity
  for (let round = 0; round < 12; round++) {
    const before = process.cpuUsage()
    for (let index = 0; index < 1000; index++) await call(cache, operation, index)
    const { user, system } = process.cpuUsage(before)
    leastUs = Math.min(leastUs, (user + system) / 1000)
  }
  return leastUs
}

/** Waits for normal service: values are stored and read, and counters count. */
export async function recover(operation: Operation): Promise<void> {
  const cache = caches.get(operation)!
  for (let round = 0; ; round++) {
    const value = `${stored} ${round}`
    const works = await Promise.all([worksAt(cache, 'there', value), away && worksAt(cache, 'away', value)])
    if (!works.includes(false)) return
    await sleep(10)
  }
}

async function worksAt(cache: BaseCache, where: 'away' | 'there', value: string): Promise<boolean> {
  const key = keyAt(where, 'known')
  return (
    (await cache.set(key, value)) &&
    (await cache.get(key)) === value &&
    (await cache.increment(keyAt(where, 'other counter'))) !== undefined
  )
}

/** Gives the clients another password, as a user does who has rotated it. */
export function logInWith(password: string): void {
  login!.password = password
}

/** Returns the number of lines logged so far. */
export function logged(): number {
  return lines
}

export async function close(): Promise<void> {
  for (const one of opened) await one[Symbol.asyncDispose]()
}
