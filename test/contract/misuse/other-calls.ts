// Every other public function: constructors, keys, locks, limits, memoized functions, formats, and what tests use.
import {
  createCache,
  getRedisCache,
  isCacheError,
  key,
  MemoryCache,
  mergeTokens,
  silentLogger,
  storeFrom,
  TieredCache,
  type CacheOptions,
  type CreateCacheOptions,
} from 'cachette'
import { analyse, mergeSnapshots, quantile, readTrace, recordAccesses, simulate } from 'cachette/analysis'
import { createAuditor, type AuditOptions } from 'cachette/audit'
import { Lock, Semaphore, withLock } from 'cachette/lock'
import { Cached, Invalidates, memoize } from 'cachette/memoize'
import { BoundedMap, type BoundedMapOptions } from 'cachette/memory'
import { ipKey, rateLimitHeaders, RateLimiter } from 'cachette/ratelimit'
import { RedisCache } from 'cachette/redis'
import { requestScope } from 'cachette/scope'
import {
  compression,
  encryption,
  readFrame,
  register,
  TypeRegistry,
  WireFormat,
} from 'cachette/serialization'
import {
  Chaos,
  chaosBus,
  ChaosCache,
  chaosStore,
  conformanceCases,
  FakeClock,
  MockCache,
  NullCache,
} from 'cachette/testing'
import { COHERENCE_OPTIONS } from '../../../src/coherence/options.ts'
import { MEMORY_CACHE_OPTIONS } from '../../../src/memory/memory-cache.ts'
import { CACHE_OPTIONS } from '../../../src/options/options.ts'
import { GET_OR_SET_OPTIONS } from '../../../src/options/entry-options.ts'
import { REDIS_CACHE_OPTIONS } from '../../../src/redis/redis-options.ts'
import { ISOLATION_OPTIONS } from '../../../src/serialization/isolation.ts'
import { mapPrimitives, OwnCache } from '../../support/own-cache.ts'
import { none, type Arguments } from './arguments.ts'
import type { Call } from './cache-calls.ts'
import { OBSERVING_CALLS } from './observing-calls.ts'

const one = (): number => 1
const LOGGED = { logger: silentLogger }
const STALENESS = ['policy', 'maxLag', 'maxStale', 'heartbeat']
const BOUNDS = ['maxEntries', 'maxWeight', 'maxEntryWeight', 'weigher', 'ttl']

class Money {
  readonly cents = 5
}

/** Options of coherence with the members of their groups. */
function coherence(args: Arguments): object {
  return {
    staleness: args.options('options.staleness', none(STALENESS)),
    outage: args.options('options.outage', none(['outbox', 'journal'])),
  }
}

function onMap(call: (map: BoundedMap<string, number>, args: Arguments) => unknown): Call {
  return (_, args) => call(new BoundedMap<string, number>({ maxEntries: 5 }), args)
}

function onLimiter(call: (limiter: RateLimiter, args: Arguments) => unknown): Call {
  return ({ cache }, args) => call(new RateLimiter(cache, { name: 'n', limit: 3, window: '1m' }), args)
}

const withoutConnection = (name: string): boolean => !['client', 'url', 'host', 'port'].includes(name)

// Text would be the name of a file.
const sink = (target: unknown): never =>
  (typeof target === 'string' ? { write: one, end: (done: () => void) => done(), on: one } : target) as never

/** The calls by the name of their function; a colon and a word tell several calls of one function apart. */
export const OTHER_CALLS: Readonly<Record<string, Call>> = {
  ...OBSERVING_CALLS,
  key: (_, args) => key(args.at('entity', 'a'), args.at('part', 1), args.at('another part', {})),
  'key.fn': (_, args) =>
    key.fn(args.at('service', 'a'), args.at('function', 'b'), args.at('args', [args.at('argument', 1)])),
  isCacheError: (_, args) => isCacheError(args.at('error', 5)),
  mergeTokens: (_, args) => mergeTokens(args.at('token', ''), args.at('another token', '')),
  createCache: (_, args) =>
    createCache(
      args.options('options', {
        ...none<CreateCacheOptions>([
          ...CACHE_OPTIONS,
          ...ISOLATION_OPTIONS,
          'lease',
          'bus',
          'connect',
          'l1',
        ]),
        ...LOGGED,
        ...coherence(args),
      }),
    ),
  'createCache: bounds': (_, args) =>
    createCache({ ...LOGGED, l1: args.options('l1', none(BOUNDS)), redis: args.at('redis', undefined) }),
  getRedisCache: (_, args) =>
    getRedisCache(
      args.options('options', {
        ...none<object>(REDIS_CACHE_OPTIONS.filter(withoutConnection)),
        ...LOGGED,
        ...coherence(args),
      }),
    ),
  'new MemoryCache': (_, args) =>
    new MemoryCache(args.options('options', { ...none<object>(MEMORY_CACHE_OPTIONS), ...LOGGED })),
  storeFrom: (_, args) =>
    storeFrom(
      args.options('primitives', { ...mapPrimitives() }),
      args.options('options', none([...ISOLATION_OPTIONS, 'clock', 'random'])),
    ),
  'new BaseCache': (_, args) =>
    new OwnCache(
      mapPrimitives(),
      args.options('options', { ...none<CacheOptions>(CACHE_OPTIONS), ...LOGGED }),
    ),
  'new TieredCache': ({ l2 }, args) =>
    new TieredCache(
      args.options('options', {
        ...none<object>([...CACHE_OPTIONS, ...ISOLATION_OPTIONS, ...COHERENCE_OPTIONS, 'bus']),
        ...LOGGED,
        ...coherence(args),
        l1: args.options('options.l1', none(BOUNDS)),
        l2,
      }),
    ),
  'new RedisCache: without a client': (_, args) =>
    new RedisCache(args.at('options', { ...LOGGED, client: undefined })),
  'RedisCache.create: a connection': (_, args) =>
    RedisCache.create(
      args.options('options', {
        ...none<object>([
          'url',
          'host',
          'username',
          'password',
          'credentials',
          'db',
          'tls',
          'pool',
          'layout',
        ]),
        ...LOGGED,
        port: 1,
      }),
    ),
  'RedisCache.fromUrl': (_, args) => RedisCache.fromUrl(args.at('url', 'none:'), args.at('options', LOGGED)),
  'new BoundedMap': (_, args) =>
    new BoundedMap(
      args.options('options', {
        ...none<BoundedMapOptions<unknown, unknown>>(['onRemoval', 'clock', 'timers', 'random']),
        maxEntries: 5,
        maxWeight: 5,
        weigher: one,
        maxEntryWeight: 5,
        ttl: '1m',
      }),
    ),
  'BoundedMap.set': onMap((map, args) =>
    map.set(
      args.at('any key', 'k'),
      args.at('any value', 1),
      args.options('options', none(['ttl', 'weight'])),
    ),
  ),
  'BoundedMap.get': onMap((map, args) => map.get(args.at('any key', 'k'))),
  'BoundedMap.peek': onMap((map, args) => map.peek(args.at('any key', 'k'))),
  'BoundedMap.has': onMap((map, args) => map.has(args.at('any key', 'k'))),
  'BoundedMap.delete': onMap((map, args) => map.delete(args.at('any key', 'k'))),
  'BoundedMap.forEach': onMap((map, args) => {
    map.set('k', 1)
    map.forEach(args.at('visit', one))
  }),
  analyse: ({ cache }, args) => {
    const analysis = analyse(args.at('cache', cache), args.options('options', none(['staleShare'])))
    analysis.snapshot()
    analysis.close()
  },
  mergeSnapshots: ({ cache }, args) => {
    const analysis = analyse(cache)
    analysis.close()
    return mergeSnapshots(args.at('snapshots', [args.at('snapshot', analysis.snapshot())]))
  },
  quantile: (_, args) => {
    const data = { count: 1, sum: 1, min: 1, max: 1, first: 1, counts: [1] }
    return quantile(args.at('data', data), args.at('q', 0.5))
  },
  recordAccesses: ({ cache }, args) =>
    recordAccesses(
      args.at('cache', cache),
      sink(args.at('target', 'none')),
      args.options('options', none(['sample', 'maxMegabytes'])),
    ).close(),
  readTrace: (_, args) => readTrace(args.at('source', 'nowhere')),
  simulate: (_, args) => {
    const trace = { cache: 'a', share: 1, startedAt: 0, records: [] }
    return simulate(args.at('trace', trace), args.at('sizes', [args.at('size', 5)]))
  },
  createAuditor: (_, args) => {
    const cache = new MemoryCache(LOGGED)
    const options = none<AuditOptions>([
      'rate',
      'slack',
      'loadTimeout',
      'families',
      'select',
      'showKeys',
      'keep',
    ])
    const auditor = createAuditor(args.at('cache', cache), args.options('options', options))
    auditor.close()
  },
  'createAuditor: a listener': (_, args) => {
    const auditor = createAuditor(new MemoryCache(LOGGED))
    auditor.on(args.at('event', 'wrong'), args.at('listener', one))
    auditor.close()
  },
  memoize: ({ cache }, args) =>
    memoize(
      args.at('fn', one),
      args.options('options', { ...none<object>(GET_OR_SET_OPTIONS), cache, name: 'n' }),
    )(),
  'memoize: a cache made later': ({ cache }, args) =>
    memoize(one, { cache: () => args.at('answer of cache', cache), name: 'n' })(),
  Cached: ({ cache }, args) =>
    Cached(args.options('options', { ...none<object>(GET_OR_SET_OPTIONS), cache, key: 'k:{0}' })),
  'Cached: a method': ({ cache }, args) => {
    class Service {
      async find(id: unknown): Promise<unknown> {
        return id
      }
    }
    const decorate = Cached({ cache, key: 'k:{0}', tags: ['t:{0}'] }) as (...args: unknown[]) => unknown
    const { find } = Service.prototype
    const found = decorate(args.at('method', find), { kind: 'method', name: 'find' })
    return typeof found === 'function'
      ? (found.call(new Service(), args.at('argument', 1)) as unknown)
      : found
  },
  Invalidates: ({ cache }, args) =>
    Invalidates(args.options('options', { ...none<object>(['tags', 'when']), cache, keys: ['k:{0}'] })),
  'Invalidates: a method': ({ cache }, args) => {
    const method = async (): Promise<unknown> => args.at('result', 1)
    const decorate = Invalidates({ cache, keys: ['k:{0}', 'r:{result}'] }) as (...args: unknown[]) => unknown
    const found = decorate(method, { kind: 'method', name: 'change' })
    return (found as (...args: unknown[]) => unknown)(args.at('argument', 1))
  },
  'new RateLimiter': ({ cache }, args) =>
    new RateLimiter(
      args.at('cache', cache),
      args.options('options', {
        ...none<object>(['algorithm', 'burst', 'whenUnavailable', 'blockList', 'blockFor', 'logger']),
        name: 'n',
        limit: 1,
        window: '1m',
      }),
    ),
  'new RateLimiter: several limits': ({ cache }, args) =>
    new RateLimiter(cache, {
      name: 'n',
      limits: args.at('limits', [
        args.options('limit', { ...none<object>(['algorithm', 'burst']), name: 'a', limit: 1, window: '1m' }),
      ]),
    }),
  'RateLimiter.consume': onLimiter((limiter, args) =>
    limiter.consume(args.at('key', 'k'), args.at('quantity', 1)),
  ),
  'RateLimiter.enforce': onLimiter((limiter, args) =>
    limiter.enforce(args.at('key', 'e'), args.at('quantity', 1)),
  ),
  'RateLimiter.peek': onLimiter((limiter, args) => limiter.peek(args.at('key', 'k'), args.at('quantity', 1))),
  'RateLimiter.penalty': onLimiter((limiter, args) =>
    limiter.penalty(args.at('key', 'k'), args.at('quantity', 1)),
  ),
  'RateLimiter.block': onLimiter((limiter, args) =>
    limiter.block(args.at('key', 'k'), args.at('duration', '1s')),
  ),
  'RateLimiter.reset': onLimiter((limiter, args) => limiter.reset(args.at('key', 'k'))),
  rateLimitHeaders: (_, args) =>
    rateLimitHeaders(
      args.at('result', {
        allowed: true,
        limit: 1,
        remaining: 1,
        retryAfterMs: 0,
        resetMs: 0,
        decidedBy: 'store' as const,
        limits: [],
      }),
    ),
  ipKey: (_, args) => ipKey(args.at('address', '::1'), args.options('options', { v4: 32, v6: 64 })),
  'new Lock': ({ cache }, args) =>
    new Lock(args.at('cache', cache), args.at('key', 'l'), args.options('options', none(['ttl', 'maxHold']))),
  'new Semaphore': ({ cache }, args) =>
    new Semaphore(
      args.at('cache', cache),
      args.at('key', 'l'),
      args.at('permits', 2),
      args.options('options', none(['ttl', 'maxHold'])),
    ),
  'Permits.acquire': async ({ cache }, args) => {
    const held = await new Semaphore(cache, 'acquired', 9).acquire(
      args.options('options', { ...none<object>(['signal']), wait: 1 }),
    )
    await held.release()
  },
  withLock: ({ cache }, args) =>
    withLock(
      args.at('cache', cache),
      args.at('key', 'w'),
      args.at('fn', one),
      args.options('options', { ...none<object>(['signal', 'ttl', 'maxHold']), wait: 1 }),
    ),
  requestScope: ({ cache }, args) => requestScope(args.at('cache', cache)),
  'requestScope: a read': ({ cache }, args) =>
    requestScope(cache).get(args.at('key', 'k'), args.options('options', none(['signal', 'after', 'stale']))),
  'requestScope: reads': ({ cache }, args) =>
    requestScope(cache).getMany(args.at('keys', ['k']), args.at('options', {})),
  'requestScope: a load': ({ cache }, args) =>
    requestScope(cache).getOrSet(args.at('key', 'k'), args.at('loader', one), args.at('options', {})),
  'requestScope: loads': ({ cache }, args) =>
    requestScope(cache).getOrSetMany(
      args.at('keys', ['k']),
      args.at('loader', () => ({ k: 1 })),
      args.at('options', {}),
    ),
  'requestScope: a namespace': ({ cache }, args) =>
    requestScope(cache).namespace(args.at('name', 'n'), args.at('options', {})),
  'requestScope: a function': ({ cache }, args) =>
    requestScope(cache).wrap(args.at('fn', one), args.at('options', { name: 'n' })),
  'requestScope: a change': ({ cache }, args) =>
    requestScope(cache).set(args.at('key', 'k'), args.at('value', 1), args.at('options', {})),
  compression: (_, args) => compression(args.options('options', { codec: undefined, threshold: undefined })),
  encryption: (_, args) =>
    encryption(
      args.at('options', {
        keys: args.at('secrets', { a: args.at('secret', new Uint8Array(32)) }),
        current: undefined,
      }),
    ),
  readFrame: (_, args) => readFrame(args.at('bytes', new WireFormat().serialize(new Map()))),
  register: (_, args) =>
    register(args.at('type', Money), args.options('codec', { encode: one, decode: () => new Money() })),
  'TypeRegistry.register': (_, args) =>
    new TypeRegistry().register(
      args.at('type', Money),
      args.options('codec', { encode: one, decode: () => new Money(), name: 'money' }),
    ),
  'new WireFormat': (_, args) =>
    new WireFormat(
      args.options(
        'options',
        none([...ISOLATION_OPTIONS.slice(1), 'serializer', 'compression', 'encryption', 'maxBytes']),
      ),
    ),
  'WireFormat.serialize': (_, args) => new WireFormat().serialize(args.at('value', 1), args.at('key', 'k')),
  'WireFormat.deserialize': (_, args) =>
    new WireFormat().deserialize(args.at('bytes', Buffer.from('1')), args.at('key', 'k')),
  'new FakeClock': (_, args) => new FakeClock(args.at('start', new Date(0))),
  'FakeClock.advance': (_, args) => new FakeClock().advance(args.at('advance', '1m')),
  'new Chaos': (_, args) =>
    new Chaos(args.options('options', none([...Object.keys(new Chaos().settings), 'seed', 'timers']))),
  'Chaos.set': (_, args) => new Chaos().set(args.options('options', none(Object.keys(new Chaos().settings)))),
  chaosStore: (_, args) =>
    chaosStore(args.at('store', storeFrom(mapPrimitives())), args.at('chaos', new Chaos())),
  chaosBus: (_, args) =>
    chaosBus(args.at('bus', { subscribe: () => () => undefined }), args.at('chaos', new Chaos())),
  'new ChaosCache': ({ cache }, args) =>
    new ChaosCache(
      args.at('cache', cache),
      args.at('chaos', new Chaos()),
      args.options('options', {
        ...none<object>([...CACHE_OPTIONS, 'lease']),
        ...LOGGED,
        ...coherence(args),
      }),
    ),
  conformanceCases: (_, args) =>
    conformanceCases(args.options('target', { create: () => new MemoryCache(), time: undefined }) as never),
  'new MockCache': (_, args) =>
    new MockCache(args.options('options', { ...none<CacheOptions>(CACHE_OPTIONS), ...LOGGED })),
  'MockCache.callsOf': (_, args) => new MockCache(LOGGED).callsOf(args.at('method', 'get')),
  'MockCache.answer': (_, args) =>
    new MockCache(LOGGED).answer(args.at('method', 'get'), args.at('key', 'k'), args.at('any value', 1)),
  'MockCache.fail': (_, args) =>
    new MockCache(LOGGED).fail(args.at('method', 'get'), args.at('key', 'k'), args.at('any error', 1)),
  'new NullCache': (_, args) =>
    new NullCache(args.options('options', { ...none<CacheOptions>(CACHE_OPTIONS), ...LOGGED })),
}
