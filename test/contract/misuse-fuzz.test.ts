import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { isCacheError, key, MemoryCache, TieredCache, type BaseCache } from 'cachette'
import { Lock, Semaphore } from 'cachette/lock'
import { Cached, Invalidates, memoize } from 'cachette/memoize'
import { BoundedMap } from 'cachette/memory'
import { RateLimiter } from 'cachette/ratelimit'
import { RedisCache } from 'cachette/redis'
import { ENGINES, openCache } from '../redis/caches.ts'
import { CLIENT_NAMES } from '../redis/native-clients.ts'
import { describeWithServers, startRedis } from '../redis/servers/index.ts'
import { mapPrimitives, OwnCache } from '../support/own-cache.ts'
import { RecordingLogger } from '../support/recording-logger.ts'

// 10,000 wrong arguments in every position: an error of this library that names the argument, or a documented answer;
// never the password that was among them, never a hang, never an unhandled rejection.

const PASSWORD = 'hunter2-s3cret'
const RUNS = 10_000
const RUNS_ELSEWHERE = 2000
const RUNS_ON_A_SERVER = 1000
const SEED = 20_261_129

const hostile = (): never => {
  throw new Error('hostile')
}
const TRAPS = {
  get: hostile,
  has: hostile,
  ownKeys: hostile,
  getPrototypeOf: hostile,
  getOwnPropertyDescriptor: hostile,
}
const circle: unknown[] = []
circle.push(circle)

const WRONG: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => NaN,
  () => Infinity,
  () => 2 ** 60,
  () => 5n,
  () => '',
  () => '!reserved',
  () => '\uD800',
  () => 'x'.repeat(5000),
  () => `redis://user:${PASSWORD}@host:6379`,
  () => `user:${PASSWORD}@host`,
  () => Symbol(PASSWORD.slice(0, 3)),
  () => hostile,
  () => [],
  () => [1, [2]],
  () => ['', null, {}],
  () => circle,
  () => ({}),
  () => ({ password: PASSWORD }),
  () => ({ ttl: { password: PASSWORD } }),
  () => ({ ttl: PASSWORD.length * -1 }),
  () => ({ tags: [{}] }),
  () => ({ signal: 5 }),
  () => ({
    get ttl(): never {
      return hostile()
    },
  }),
  () => ({ [Symbol.iterator]: hostile }),
  () => new Proxy({}, TRAPS),
  () => Object.create(null) as unknown,
  () => new Date(NaN),
  () => new Map([[{}, 1]]),
  () => new Set([Symbol('s')]),
  () => /x/,
  () => new Error(PASSWORD),
  () => Promise.resolve(5),
  () => new Uint8Array(3),
  () =>
    new (class Stranger {
      readonly password = PASSWORD
    })(),
  () => new WeakMap(),
]

type Call = (cache: BaseCache, wrong: (usual: unknown) => never) => unknown

const CALLS: Readonly<Record<string, Call>> = {
  get: (cache, wrong) => cache.get(wrong('k'), wrong({})),
  getMany: (cache, wrong) => cache.getMany(wrong(['k']), wrong({})),
  set: (cache, wrong) => cache.set(wrong('k'), wrong(1), wrong('1m')),
  setMany: (cache, wrong) => cache.setMany(wrong([['k', 1]]), wrong('1m')),
  'setMany of one': (cache, wrong) => cache.setMany([[wrong('k'), wrong(1), wrong('1m')]]),
  delete: (cache, wrong) => cache.delete(wrong('k')),
  deleteMany: (cache, wrong) => cache.deleteMany(wrong(['k'])),
  invalidate: (cache, wrong) => cache.invalidate(wrong('k'), wrong({})),
  invalidateTag: (cache, wrong) => cache.invalidateTag(wrong('t'), wrong({})),
  take: (cache, wrong) => cache.take(wrong('k')),
  has: (cache, wrong) => cache.has(wrong('k')),
  ttl: (cache, wrong) => cache.ttl(wrong('k')),
  expire: (cache, wrong) => cache.expire(wrong('k'), wrong('1m')),
  increment: (cache, wrong) => cache.increment(wrong('n'), wrong(1), wrong('1m')),
  decrement: (cache, wrong) => cache.decrement(wrong('n'), wrong(1), wrong('1m')),
  getOrSet: (cache, wrong) =>
    cache.getOrSet(
      wrong('k'),
      wrong(() => 1),
      wrong('1m'),
    ),
  getOrSetMany: (cache, wrong) =>
    cache.getOrSetMany(
      wrong(['k']),
      wrong(() => ({ k: 1 })),
      wrong('1m'),
    ),
  'an answer of getOrSetMany': (cache, wrong) => cache.getOrSetMany(['absent'], () => wrong({})),
  refresh: (cache, wrong) =>
    cache.refresh(
      wrong('k'),
      wrong(() => 1),
      wrong('1m'),
    ),
  warm: (cache, wrong) => cache.warm(wrong([['k', 1]]), wrong('1m')),
  wrap: (cache, wrong) =>
    cache.wrap(
      wrong(() => 1),
      wrong({ name: 'n' }),
    ),
  'a wrapped function': (cache, wrong) =>
    cache.wrap(async () => 1, { name: 'n' }).call(undefined, ...([wrong(1)] as unknown as [])),
  'a computed option': (cache, wrong) =>
    cache.wrap(async () => 1, { name: 'n', ttl: () => wrong(1), tags: () => wrong([]) })(),
  deleteByPrefix: (cache, wrong) => cache.deleteByPrefix(wrong('none')),
  keys: async (cache, wrong) => {
    for await (const _ of cache.keys(wrong({}))) break
  },
  namespace: (cache, wrong) => cache.namespace(wrong('n'), wrong({})),
  serialize: (cache, wrong) => cache.serialize(wrong(1), wrong({})),
  deserialize: (cache, wrong) => cache.deserialize(wrong(Buffer.from('1')), wrong({})),
  explain: (cache, wrong) => cache.explain(wrong('k'), wrong({})),
  'key()': (_, wrong) => key(wrong('a'), wrong(1), wrong({})),
  'key.fn()': (_, wrong) => key.fn(wrong('a'), wrong('b'), wrong([])),
  MemoryCache: (_, wrong) => new MemoryCache(wrong({})),
  'options of MemoryCache': (_, wrong) =>
    new MemoryCache({
      maxEntries: wrong(5),
      ttl: wrong('1m'),
      prefix: wrong('p:'),
      name: wrong('n'),
      onError: wrong('throw'),
      closeTimeout: wrong('1s'),
    }),
  'parts of MemoryCache': (_, wrong) =>
    new MemoryCache({ isolation: wrong('clone'), registry: wrong(undefined), classes: wrong('plain') }),
  BoundedMap: (_, wrong) => new BoundedMap(wrong({ maxEntries: 5 })),
  TieredCache: (cache, wrong) => new TieredCache({ l1: wrong(cache), l2: wrong(cache) }),
  RedisCache: (_, wrong) => new RedisCache(wrong({ client: {} })),
  'options of RedisCache': (_, wrong) =>
    new RedisCache({
      client: wrong({}),
      prefix: wrong('p:'),
      deadline: wrong({}),
      url: wrong(undefined),
      password: wrong(undefined),
    }),
  'RedisCache.create': (_, wrong) =>
    RedisCache.create({ url: wrong(5), port: wrong('x'), password: wrong(5) }),
  memoize: (cache, wrong) =>
    memoize(
      wrong(async () => 1),
      wrong({ cache, name: 'n' }),
    ),
  Cached: (cache, wrong) => Cached({ cache: wrong(cache), key: wrong('k:{0}') }),
  Invalidates: (cache, wrong) => Invalidates({ cache: wrong(cache), keys: wrong(['k:{0}']) }),
  RateLimiter: (cache, wrong) => new RateLimiter(wrong(cache), wrong({ name: 'n', limit: 1, window: '1m' })),
  'options of RateLimiter': (cache, wrong) =>
    new RateLimiter(cache, { name: wrong('n'), limit: wrong(1), window: wrong('1m') }),
  Lock: (cache, wrong) => new Lock(wrong(cache), wrong('l'), wrong({})),
  Semaphore: (cache, wrong) => new Semaphore(wrong(cache), wrong('l'), wrong(2)),
}

function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)
beforeAll(() => void process.on('unhandledRejection', note))
afterAll(() => void process.off('unhandledRejection', note))

const IN_PROCESS: Readonly<Record<string, () => BaseCache>> = {
  MemoryCache: () => new MemoryCache({ logger: SILENT }),
  'a cache over primitives': () => new OwnCache(mapPrimitives(), { logger: SILENT }),
}
const SILENT = { warn: () => undefined, error: () => undefined }
const NAMED =
  /signal|seconds|span|key|tag|option|ttl|duration|loader|function|prefix|by|bytes|name|entries|cache|client|part|args|url|host|port|password|limit|window|primitives|arguments|template|weigh|max|registry|classes|isolation|onError|plain object|l1|l2|JSON|stored|Lock|Semaphore|answered|\$/

async function misuse(cache: BaseCache, runs: number): Promise<void> {
  const random = randomFrom(SEED)
  const names = Object.keys(CALLS)
  for (let run = 0; run < runs; run++) {
    const name = names[Math.floor(random() * names.length)]!
    const given: number[] = []
    const wrong = (usual: unknown): never => {
      const index = Math.floor(random() * WRONG.length)
      given.push(random() < 0.6 ? index : -1)
      return (given.at(-1) === -1 ? usual : WRONG[index]!()) as never
    }
    const told = await outcomeOf(() => CALLS[name]!(cache, wrong))
    if (told === undefined) continue
    const text = `run ${run}: ${name} with ${given.join(', ')}: ${told.text}`
    expect(told.isOurs || told.isHostile, text).toBe(true)
    expect(told.text.includes(PASSWORD), text).toBe(false)
    expect(NAMED.test(told.text) || told.isHostile, text).toBe(true)
  }
}

describe.each(Object.entries(IN_PROCESS))('misuse of %s', (engine, make) => {
  it('is refused by name', { timeout: 180_000 }, async () => {
    const cache = make()
    await misuse(cache, engine === 'MemoryCache' ? RUNS : RUNS_ELSEWHERE)
    await cache.close()
    expect(unhandled).toEqual([])
  })
})

describeWithServers('misuse over a server', () => {
  it.each(ENGINES.flatMap((engine) => CLIENT_NAMES.map((client) => [engine, client] as const)))(
    'is refused by name, %s over %s',
    { timeout: 180_000 },
    async (engine, client) => {
      const server = await startRedis()
      onTestFinished(() => server.close())
      const logger = new RecordingLogger()
      const opened = await openCache(engine, client, server.url, {
        prefix: 'app:',
        logger,
        deadline: { hard: 4 },
      })
      await misuse(opened.cache, RUNS_ON_A_SERVER)
      // The cache works as before.
      expect(await opened.cache.set('after', 'kept')).toBe(true)
      expect(await opened.cache.get('after')).toBe('kept')
      await opened[Symbol.asyncDispose]()
      expect(unhandled).toEqual([])
      expect(logger.lines.filter(({ message }) => message.includes(PASSWORD))).toEqual([])
    },
  )
})

interface Told {
  readonly text: string
  readonly isOurs: boolean
  /** The loader's own error, unchanged. */
  readonly isHostile: boolean
}

async function outcomeOf(call: () => unknown): Promise<Told | undefined> {
  const hang = Symbol('hang')
  let timer: NodeJS.Timeout
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(hang), 5000)
  })
  try {
    const answer = await Promise.race([(async () => call())(), late])
    return answer === hang ? { text: 'it hangs', isOurs: false, isHostile: false } : undefined
  } catch (error) {
    return {
      text: (error as Error).message,
      isOurs: isCacheError(error),
      isHostile: (error as Error).message === 'hostile',
    }
  } finally {
    clearTimeout(timer!)
  }
}
