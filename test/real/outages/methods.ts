// Every method of a cache, each as the first call that meets a frozen server. Runs in a process of its own.
import { Lock } from 'cachette/lock'
import { RateLimiter } from 'cachette/ratelimit'
import type { BaseCache } from 'cachette'
import { inspect } from 'node:util'
import { openCache, type OpenCache } from '../caches.ts'
import type { ClientName } from '../native-clients.ts'
import { LagMeter } from './lag.ts'
import type { Call } from './subject.ts'

interface Method {
  /** Hard deadlines that it may take. A load takes one more, to store its value. */
  readonly deadlines: 1 | 2
  /** The answer while the server is silent, as `inspect` writes it. */
  readonly answer: string
  call(cache: BaseCache): Promise<unknown>
}

const once = (answer: string, call: Method['call']): Method => ({ deadlines: 1, answer, call })
const loading = (answer: string, call: Method['call']): Method => ({ deadlines: 2, answer, call })
const load = (): string => 'from the loader'
const tags = ['tag']

async function keysOf(cache: BaseCache): Promise<string[]> {
  const keys: string[] = []
  for await (const key of cache.keys()) keys.push(key)
  return keys
}

/** The calls of methods, by their text in the table. */
export const METHODS: Readonly<Record<string, Method>> = {
  get: once('undefined', (cache) => cache.get('known')),
  'get in a namespace': once('undefined', (cache) => cache.namespace('part').get('known')),
  getMany: once('Map(0) {}', (cache) => cache.getMany(['known', 'other'])),
  has: once('false', (cache) => cache.has('known')),
  ttl: once('undefined', (cache) => cache.ttl('known')),
  keys: once('[]', keysOf),
  explain: once("'object'", async (cache) => typeof (await cache.explain('known'))),
  set: once('false', (cache) => cache.set('known', 1)),
  'set with a tag': once('false', (cache) => cache.set('known', 1, { tags })),
  setMany: once('false', (cache) => cache.setMany({ known: 1, other: 2 })),
  delete: once('false', (cache) => cache.delete('known')),
  deleteMany: once('0', (cache) => cache.deleteMany(['known', 'other'])),
  deleteByPrefix: once('undefined', (cache) => cache.deleteByPrefix('k')),
  clear: once('false', (cache) => cache.clear()),
  'clear of a namespace': once('false', (cache) => cache.namespace('part').clear()),
  invalidate: once("{ l1: 'acked', l2: 'queued', token: '?' }", (cache) => cache.invalidate('known')),
  invalidateTag: once("{ l1: 'acked', l2: 'queued', token: '?' }", (cache) => cache.invalidateTag('tag')),
  take: once('undefined', (cache) => cache.take('known')),
  expire: once('false', (cache) => cache.expire('known', '1m')),
  increment: once('undefined', (cache) => cache.increment('counter')),
  decrement: once('undefined', (cache) => cache.decrement('counter')),
  getOrSet: loading("'from the loader'", (cache) => cache.getOrSet('missing', load)),
  'getOrSet with a tag': loading("'from the loader'", (cache) => cache.getOrSet('missing', load, { tags })),
  getOrSetMany: loading("Map(1) { 'missing' => 'from the loader' }", (cache) =>
    cache.getOrSetMany(['missing'], () => ({ missing: load() })),
  ),
  refresh: loading("'from the loader'", (cache) => cache.refresh('known', load)),
  warm: loading('1', (cache) => cache.warm({ missing: load })),
  wrap: loading("'from the loader'", (cache) =>
    cache.wrap(async () => load(), { name: 'load', ttl: '1m' })(),
  ),
  'RateLimiter: consume': once("'memory'", async (cache) => {
    const limiter = new RateLimiter(cache, { name: 'api', limit: 5, window: '1h' })
    return (await limiter.consume('someone')).decidedBy
  }),
  'Lock: tryAcquire': once("'StoreUnavailableError'", (cache) =>
    new Lock(cache, 'job', { ttl: '1m' }).tryAcquire(),
  ),
}

const opened = new Map<string, OpenCache>()

const logger = { warn: () => undefined, error: () => undefined }

/** Calls every method once, so that the times include no import at a first use. */
export async function warmUp(client: ClientName, url: string): Promise<void> {
  await using first = await openCache('redis', client, url, { prefix: 'first:', logger })
  for (const { call } of Object.values(METHODS)) await call(first.cache)
}

/** Makes a working cache for each of the methods. */
export async function open(client: ClientName, url: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const one = await openCache('redis', client, url, { prefix: `${name}:`, logger })
    opened.set(name, one)
    await one.cache.set('known', 1)
  }
}

/** Calls each of those methods once, all at the same time. */
export async function callThem(): Promise<Record<string, Call>> {
  const lag = new LagMeter()
  const calls = Array.from(opened, async ([name, { cache }]) => {
    const lagBefore = lag.totalMs
    const began = performance.now()
    // Only a lock reports by an error that it can't be had.
    const answer = await METHODS[name]!.call(cache).catch((error: unknown) => (error as Error).name)
    const tookMs = performance.now() - began
    const ms = Math.max(0, tookMs - (lag.totalMs - lagBefore))
    return [name, { ms, result: inspect(answer, { breakLength: Infinity }) }] as const
  })
  const measured = await Promise.all(calls)
  lag.stop()
  return Object.fromEntries(measured)
}

export async function close(): Promise<void> {
  for (const one of opened.values()) await one[Symbol.asyncDispose]()
  opened.clear()
}
