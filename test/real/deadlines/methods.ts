// Every method that asks the server, with the options that make it ask more than once.
import { Lock } from 'cachette/lock'
import { memoize } from 'cachette/memoize'
import { RateLimiter } from 'cachette/ratelimit'
import type { BaseCache } from 'cachette'

/** Calls a method. Its loader, if it has one, calls `onLoad`. */
export type Call = (cache: BaseCache, onLoad: () => void) => Promise<unknown>

const tags = ['tag', 'other tag']
const grace = '1m'
const after = 'a token of nobody'
const part = (cache: BaseCache): BaseCache => cache.namespace('part')
const some = Array.from({ length: 200 }, (_, at) => `key${at}`)
const entries = some.map((key) => [key, key] as const)
const limiter = (cache: BaseCache): RateLimiter =>
  new RateLimiter(cache, { name: 'api', limit: 5, window: '1h' })

async function keysOf(cache: BaseCache): Promise<string[]> {
  const keys: string[] = []
  for await (const key of cache.keys()) keys.push(key)
  return keys
}

/** Prepares the content of a cache before a method is called. */
export async function prepare(cache: BaseCache): Promise<boolean> {
  const inPart = part(cache)
  const stored = [
    await cache.set('plain', 1),
    await cache.set('grace', 1, { grace }),
    await cache.set('tagged', 1, { tags, grace }),
    await inPart.set('grace', 1, { grace }),
    await inPart.set('tagged', 1, { tags }),
    (await inPart.increment('counter', 1, { tags })) !== undefined,
  ]
  return stored.every(Boolean)
}

/** Methods that read through all keys. Each part of that has a deadline of its own. */
export const SCANS: readonly string[] = ['keys', 'keys, namespace', 'deleteByPrefix', 'clear']

/** Methods that wait for no loader. */
export const METHODS: Readonly<Record<string, Call>> = {
  get: (cache) => cache.get('plain'),
  'get, grace': (cache) => cache.get('grace'),
  'get, tags': (cache) => cache.get('tagged'),
  'get, stale': (cache) => cache.get('tagged', { stale: true }),
  'get, after': async (cache) => cache.get('tagged', { after }),
  'get, namespace': (cache) => part(cache).get('tagged'),
  getMany: (cache) => cache.getMany(['plain', 'grace', 'tagged']),
  'getMany, a chunk': (cache) => part(cache).getMany([...some, 'tagged', 'grace']),
  'getMany, after': (cache) => cache.getMany(['grace', 'tagged'], { after }),
  has: (cache) => part(cache).has('tagged'),
  ttl: (cache) => part(cache).ttl('tagged'),
  explain: (cache) => part(cache).explain('tagged'),
  keys: keysOf,
  'keys, namespace': (cache) => keysOf(part(cache)),
  set: (cache) => cache.set('plain', 1, { grace }),
  'set, tags': (cache) => cache.set('plain', 1, { tags, grace }),
  'set, rowVersion': (cache) => cache.set('plain', 1, { tags, rowVersion: 5n }),
  'set, namespace': (cache) => part(cache).set('tagged', 1, { tags }),
  'setMany, a chunk': (cache) => cache.setMany(entries),
  'setMany, tags': (cache) => part(cache).setMany(entries, { tags, grace }),
  delete: (cache) => cache.delete('tagged'),
  'delete, namespace': (cache) => part(cache).delete('tagged'),
  deleteMany: (cache) => part(cache).deleteMany([...some, 'tagged']),
  deleteByPrefix: (cache) => cache.deleteByPrefix('t'),
  clear: (cache) => cache.clear(),
  'clear, namespace': (cache) => part(cache).clear(),
  invalidate: (cache) => cache.invalidate(['plain', 'tagged']),
  'invalidate, keepStale': (cache) => part(cache).invalidate('tagged', { keepStale: true }),
  invalidateTag: (cache) => cache.invalidateTag(tags),
  'invalidateTag, keepStale': (cache) => cache.invalidateTag(tags, { keepStale: true }),
  take: (cache) => cache.take('tagged'),
  'take, namespace': (cache) => part(cache).take('tagged'),
  expire: (cache) => cache.expire('tagged', '2h'),
  'expire, namespace': (cache) => part(cache).expire('tagged', '2d'),
  increment: (cache) => cache.increment('counter'),
  'increment, tags': (cache) => cache.increment('counter', 1, { tags }),
  'increment, namespace': (cache) => part(cache).increment('counter', 1, { tags }),
  'RateLimiter: consume': (cache) => limiter(cache).consume('someone'),
  'RateLimiter: peek': (cache) => limiter(cache).peek('someone'),
  'Lock: tryAcquire': (cache) => new Lock(cache, 'job', { ttl: '1m' }).tryAcquire(),
}

const loaded = (onLoad: () => void) => (): string => {
  onLoad()
  return 'loaded'
}
const allLoaded = (onLoad: () => void) => (keys: readonly string[]) => {
  onLoad()
  return Object.fromEntries(keys.map((key) => [key, 'loaded']))
}

/** Methods that load. */
export const LOADS: Readonly<Record<string, Call>> = {
  getOrSet: (cache, onLoad) => cache.getOrSet('missing', loaded(onLoad)),
  'getOrSet, grace': (cache, onLoad) => cache.getOrSet('missing', loaded(onLoad), { grace }),
  'getOrSet, tags': (cache, onLoad) => cache.getOrSet('missing', loaded(onLoad), { tags, grace }),
  'getOrSet, after': (cache, onLoad) => cache.getOrSet('tagged', loaded(onLoad), { tags, after }),
  'getOrSet, forceRefresh': (cache, onLoad) =>
    cache.getOrSet('tagged', loaded(onLoad), { tags, grace, forceRefresh: true }),
  'getOrSet, namespace': (cache, onLoad) => part(cache).getOrSet('missing', loaded(onLoad), { tags }),
  'getOrSet, of another namespace': (cache, onLoad) =>
    part(cache).getOrSet('grace', loaded(onLoad), { tags: ['third'], grace }),
  'getOrSet, maxConcurrentLoads': (cache, onLoad) =>
    cache.getOrSet('missing', loaded(onLoad), { tags, maxConcurrentLoads: 1 }),
  getOrSetMany: (cache, onLoad) => part(cache).getOrSetMany(['missing', 'tagged'], allLoaded(onLoad)),
  'getOrSetMany, a chunk': (cache, onLoad) =>
    part(cache).getOrSetMany(some, allLoaded(onLoad), { tags, grace }),
  refresh: (cache, onLoad) => cache.refresh('tagged', loaded(onLoad), { tags }),
  wrap: (cache, onLoad) => cache.wrap(async () => loaded(onLoad)(), { name: 'wrapped', ttl: '1m', tags })(),
  memoize: (cache, onLoad) =>
    memoize(async () => loaded(onLoad)(), { cache, name: 'memoized', ttl: '1m', tags })(),
}

function behind(first: (cache: BaseCache) => unknown, second: Call): Call {
  return (cache, onLoad) => {
    void first(cache)
    return second(cache, onLoad)
  }
}

const setTagged = (cache: BaseCache): unknown => cache.set('plain', 0, { tags })

/** Calls that come after another call of their key. */
export const LATER: Readonly<Record<string, Call>> = {
  'get, later': behind(setTagged, METHODS['get']!),
  'getMany, later': behind(setTagged, METHODS['getMany']!),
  'set, later': behind(setTagged, METHODS['set']!),
  'set with tags, later': behind(setTagged, METHODS['set, tags']!),
  'delete, later': behind(setTagged, (cache) => cache.delete('plain')),
  'take, later': behind(setTagged, (cache) => cache.take('plain')),
  'expire, later': behind(setTagged, (cache) => cache.expire('plain', '2h')),
  'invalidate, later': behind(setTagged, METHODS['invalidate']!),
  'invalidateTag, later': behind(setTagged, METHODS['invalidateTag']!),
  'deleteByPrefix, later': behind(setTagged, (cache) => cache.deleteByPrefix('p')),
  'clear, later': behind(setTagged, METHODS['clear']!),
  'keys, later': behind(setTagged, keysOf),
  'getOrSet, later': behind(setTagged, (cache, onLoad) => cache.getOrSet('plain', loaded(onLoad), { tags })),
  'increment, later': behind((cache) => cache.increment('counter', 1, { tags }), METHODS['increment, tags']!),
}

export const HARD_TIMEOUT_MS = 300
const limited = { tags, grace, hardTimeout: HARD_TIMEOUT_MS / 1000 }

/** Loads that take no time, with a hard timeout. They are timed until their answer. */
export const LIMITED: Readonly<Record<string, Call>> = {
  'hardTimeout: getOrSet': (cache, onLoad) => cache.getOrSet('missing', loaded(onLoad), limited),
  'hardTimeout: getOrSet, after': (cache, onLoad) =>
    cache.getOrSet('tagged', loaded(onLoad), { ...limited, after }),
  'hardTimeout: getOrSet, namespace': (cache, onLoad) =>
    part(cache).getOrSet('tagged', loaded(onLoad), limited),
  'hardTimeout: getOrSet, later': behind(setTagged, (cache, onLoad) =>
    cache.getOrSet('plain', loaded(onLoad), limited),
  ),
  'hardTimeout: getOrSetMany': (cache, onLoad) => part(cache).getOrSetMany(some, allLoaded(onLoad), limited),
  'hardTimeout: refresh': (cache, onLoad) => cache.refresh('tagged', loaded(onLoad), limited),
}
