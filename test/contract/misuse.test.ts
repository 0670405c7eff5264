import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  createCache,
  getRedisCache,
  MemoryCache,
  isCacheError,
  silentLogger,
  storeFrom,
  type BaseCache,
  type CacheErrorCode,
} from '../../src/index.ts'
import { FakeClock, MockCache, NullCache } from '../../src/testing/index.ts'
import { failureOf } from '../support/error-of.ts'
import { mapPrimitives, OwnCache } from '../support/own-cache.ts'

/** The mistake, the call, the code it must be refused with, and a part of the message. */
type Row = readonly [what: string, call: (cache: BaseCache) => unknown, code: CacheErrorCode, message: string]

/** For arguments that TypeScript refuses: a user of JavaScript passes them all the same. */
const wrong = (value: unknown): never => value as never

const KEYS: readonly (readonly [what: string, key: unknown, message: string])[] = [
  ['an empty key', '', 'a key must not be empty'],
  ["a key that begins with '!'", '!lease', "a key must not begin with '!': '!lease'"],
  ['a key with a lone surrogate', 'a\uD800', 'lone surrogates'],
  ['a key that is too long', 'x'.repeat(1025), 'at most 1024 bytes'],
  ['a number as a key', 5, 'a key must be a string, not 5'],
  ['an object as a key', { id: 1 }, 'a key must be a string, not {"id":1}'],
  ['no key', undefined, 'a key must be a string, not undefined'],
  ['null as a key', null, 'a key must be a string, not null'],
]

const DURATIONS: readonly (readonly [what: string, duration: unknown, message: string])[] = [
  ['0', 0, '0 is not a duration; use seconds as a number'],
  ['a negative number', -1, '-1 is not a duration'],
  ['NaN', NaN, 'NaN is not a duration'],
  ['milliseconds', 3_600_000, '3600000 is more than 30 days in seconds'],
  ['text without a unit', '60', "'60' is not a duration"],
  ['junk text', 'soon', "'soon' is not a duration"],
  ['an unknown part', { minutes: 5, minute: 5 }, '{"minutes":5,"minute":5} is not a duration'],
  ['parts that are no numbers', { minutes: '5' }, '{"minutes":"5"} is not a duration'],
  ['an invalid Date', new Date(NaN), 'an invalid Date is not a duration'],
  ['null', null, 'null is not a duration'],
  ['true', true, 'true is not a duration'],
  ['a function', () => 60, 'is not a duration'],
]

const load = (): number => 1
const loadMany = (): Map<string, number> => new Map()
const all = async (keys: AsyncIterable<string>): Promise<void> => {
  for await (const _key of keys);
}

/** Every method that takes one key. */
const WITH_KEY: Readonly<Record<string, (cache: BaseCache, key: never) => unknown>> = {
  get: (cache, key) => cache.get(key),
  getMany: (cache, key) => cache.getMany(['good', key]),
  set: (cache, key) => cache.set(key, 1),
  setMany: (cache, key) => cache.setMany([['good', 1], wrong([key, 1])]),
  delete: (cache, key) => cache.delete(key),
  'invalidate of a list': (cache, key) => cache.invalidate(['good', key]),
  deleteMany: (cache, key) => cache.deleteMany(['good', key]),
  take: (cache, key) => cache.take(key),
  has: (cache, key) => cache.has(key),
  explain: (cache, key) => cache.explain(key),
  ttl: (cache, key) => cache.ttl(key),
  expire: (cache, key) => cache.expire(key, 5),
  increment: (cache, key) => cache.increment(key),
  decrement: (cache, key) => cache.decrement(key),
  getOrSet: (cache, key) => cache.getOrSet(key, load),
  getOrSetMany: (cache, key) => cache.getOrSetMany(['good', key], loadMany),
  namespace: (cache, key) => cache.namespace(key),
}

/** Every method that takes a duration; `{ ttl }` where it takes options, too. */
const WITH_TTL: Readonly<Record<string, (cache: BaseCache, ttl: never) => unknown>> = {
  set: (cache, ttl) => cache.set('k', 1, ttl),
  'set { ttl }': (cache, ttl) => cache.set('k', 1, { ttl }),
  setMany: (cache, ttl) => cache.setMany({ k: 1 }, ttl),
  'setMany { ttl }': (cache, ttl) => cache.setMany({ k: 1 }, { ttl }),
  'setMany of one entry': (cache, ttl) => cache.setMany([['good', 1, 5], wrong(['k', 1, ttl])]),
  'setMany of one entry { ttl }': (cache, ttl) => cache.setMany([wrong(['k', 1, { ttl }])]),
  expire: (cache, ttl) => cache.expire('k', ttl),
  increment: (cache, ttl) => cache.increment('k', 1, ttl),
  'increment { ttl }': (cache, ttl) => cache.increment('k', 1, { ttl }),
  decrement: (cache, ttl) => cache.decrement('k', 1, ttl),
  getOrSet: (cache, ttl) => cache.getOrSet('k', load, ttl),
  'getOrSet { ttl }': (cache, ttl) => cache.getOrSet('k', load, { ttl }),
  getOrSetMany: (cache, ttl) => cache.getOrSetMany(['k'], loadMany, ttl),
  'getOrSetMany { ttl }': (cache, ttl) => cache.getOrSetMany(['k'], loadMany, { ttl }),
}

/** Every method that takes options, with one name that it does not know. */
const WITH_OPTIONS: Readonly<Record<string, (cache: BaseCache, options: never) => unknown>> = {
  get: (cache, options) => cache.get('k', options),
  getMany: (cache, options) => cache.getMany(['k'], options),
  set: (cache, options) => cache.set('k', 1, options),
  setMany: (cache, options) => cache.setMany({ k: 1 }, options),
  increment: (cache, options) => cache.increment('k', 1, options),
  decrement: (cache, options) => cache.decrement('k', 1, options),
  getOrSet: (cache, options) => cache.getOrSet('k', load, options),
  getOrSetMany: (cache, options) => cache.getOrSetMany(['k'], loadMany, options),
  keys: (cache, options) => all(cache.keys(options)),
  namespace: (cache, options) => cache.namespace('n', options),
}

const TAGGING: Readonly<Record<string, (cache: BaseCache, tags: never) => unknown>> = {
  set: (cache, tags) => cache.set('good', 1, { tags }),
  setMany: (cache, tags) => cache.setMany({ good: 1 }, { tags }),
  'setMany of one entry': (cache, tags) => cache.setMany([['good', 1, { tags }]]),
  increment: (cache, tags) => cache.increment('good', 1, { tags }),
  getOrSet: (cache, tags) => cache.getOrSet('good', load, { tags }),
  getOrSetMany: (cache, tags) => cache.getOrSetMany(['good'], loadMany, { tags }),
  namespace: (cache, tags) => cache.namespace('n', { tags }),
}

const WITH_TAGS: typeof TAGGING = { ...TAGGING, invalidateTag: (cache, tags) => cache.invalidateTag(tags) }

const TAGS: readonly (readonly [what: string, tags: unknown, message: string])[] = [
  ['an empty tag', ['good', ''], 'a tag must not be empty'],
  ["a tag that begins with '!'", ['!ns:n:'], "a tag must not begin with '!': '!ns:n:'"],
  ['a tag with a lone surrogate', ['a\uD800'], 'a tag must be well-formed text, without lone surrogates'],
  ['a tag that is too long', ['x'.repeat(1025)], 'a tag must have at most 1024 bytes'],
  ['a number as a tag', [5], 'a tag must be a string, not 5'],
]

const TOO_MANY = [
  ['too many tags', Array.from({ length: 33 }, (_, index) => `t${index}`), 'at most 32 are allowed, not 33'],
] as const

const TAG_LISTS: readonly (readonly [what: string, tags: unknown, message: string])[] = [
  ['a number for the tags', 5, 'tags: 5 is not a list of tags'],
  ['a set of tags', new Set(['a']), 'is not a list of tags'],
  ['null for the tags', null, 'tags: null is not a list of tags'],
]

const WITH_SIGNAL: Readonly<Record<string, (cache: BaseCache, signal: never) => unknown>> = {
  get: (cache, signal) => cache.get('k', { signal }),
  getMany: (cache, signal) => cache.getMany(['k'], { signal }),
  getOrSet: (cache, signal) => cache.getOrSet('k', load, { signal }),
  getOrSetMany: (cache, signal) => cache.getOrSetMany(['k'], loadMany, { signal }),
  keys: (cache, signal) => all(cache.keys({ signal })),
}

const WITH_TOKEN: Readonly<Record<string, (cache: BaseCache, after: never) => unknown>> = {
  get: (cache, after) => cache.get('k', { after }),
  getMany: (cache, after) => cache.getMany(['k'], { after }),
  getOrSet: (cache, after) => cache.getOrSet('k', load, { after }),
  getOrSetMany: (cache, after) => cache.getOrSetMany(['k'], loadMany, { after }),
}

const LISTS: readonly (readonly [what: string, list: unknown, message: string])[] = [
  ['text', 'abc', "keys: 'abc' is not a list of keys"],
  ['nothing', undefined, 'keys: undefined is not a list of keys'],
  ['null', null, 'keys: null is not a list of keys'],
  ['a record', { a: 1 }, 'keys: {"a":1} is not a list of keys'],
]

const NUMBERS: readonly (readonly [what: string, by: unknown, message: string])[] = [
  ['a fraction', 1.5, 'by: 1.5 is not a safe integer'],
  ['NaN', NaN, 'by: NaN is not a safe integer'],
  ['Infinity', Infinity, 'by: Infinity is not a safe integer'],
  ['an unsafe integer', 2 ** 53, 'by: 9007199254740992 is not a safe integer'],
  ['text', '5', "by: '5' is not a safe integer"],
  ['a bigint', 5n, 'by: 5n is not a safe integer'],
  ['null', null, 'by: null is not a safe integer'],
  ['options', { ttl: 5 }, 'by: {"ttl":5} is not a safe integer'],
]

function cross(
  methods: Readonly<Record<string, (cache: BaseCache, value: never) => unknown>>,
  values: readonly (readonly [what: string, value: unknown, message: string])[],
  code: CacheErrorCode,
): readonly Row[] {
  return Object.entries(methods).flatMap(([method, call]) =>
    values.map(([what, value, message]): Row => [
      `${method}: ${what}`,
      (cache) => call(cache, wrong(value)),
      code,
      message,
    ]),
  )
}

const ROWS: readonly Row[] = [
  ...cross(WITH_KEY, KEYS, 'ERR_CACHE_KEY'),
  ...cross(WITH_TTL, DURATIONS, 'ERR_CACHE_OPTIONS'),
  ...cross(
    { 'namespace { ttl }': (cache, ttl) => cache.namespace('n', { ttl }) },
    DURATIONS.filter(([, ttl]) => !(ttl instanceof Date)),
    'ERR_CACHE_OPTIONS',
  ),
  ...cross(
    WITH_OPTIONS,
    [
      ['an unknown option', { tll: 5 }, "unknown option 'tll'; accepted: "],
      ['an array as options', [], 'the options must be an object, not an array of 0'],
    ],
    'ERR_CACHE_OPTIONS',
  ),
  ...cross(
    {
      get: WITH_OPTIONS['get']!,
      getMany: WITH_OPTIONS['getMany']!,
      keys: WITH_OPTIONS['keys']!,
      namespace: WITH_OPTIONS['namespace']!,
    },
    [
      ['null as options', null, 'the options must be an object, not null'],
      ['text as options', 'fast', "the options must be an object, not 'fast'"],
    ],
    'ERR_CACHE_OPTIONS',
  ),
  ...cross(
    WITH_TOKEN,
    [
      ['a number as a token', 5, 'after: 5 is not a token'],
      ['null as a token', null, 'after: null is not a token'],
      ['what an invalidation answers as a token', { token: '' }, 'is not a token'],
    ],
    'ERR_CACHE_OPTIONS',
  ),
  ...cross(WITH_TAGS, TAGS, 'ERR_CACHE_KEY'),
  ...cross(TAGGING, TOO_MANY, 'ERR_CACHE_KEY'),
  ...cross(WITH_TAGS, TAG_LISTS, 'ERR_CACHE_OPTIONS'),
  ...cross(
    { set: WITH_TAGS['set']!, namespace: WITH_TAGS['namespace']! },
    [['text for the tags', 'users', "tags: 'users' is not a list of tags, such as ['users']"]],
    'ERR_CACHE_OPTIONS',
  ),
  ...cross(
    { namespace: (cache, mode) => cache.namespace('n', { mode }) },
    [
      ['an unknown mode', 'fast', "mode: 'fast' is not one of 'generation', 'physical'"],
      ['null as mode', null, 'mode: null is not one of'],
    ],
    'ERR_CACHE_OPTIONS',
  ),
  [
    'namespace: a physical one in one of generations',
    (cache) => cache.namespace('n').namespace('m', { mode: 'physical' }),
    'ERR_CACHE_OPTIONS',
    "'physical' is not possible in a namespace of mode 'generation'",
  ],
  [
    'set: too many tags with those of the namespace',
    (cache) => {
      const tags = (letter: string) => Array.from({ length: 20 }, (_, index) => `${letter}${index}`)
      return cache.namespace('n', { tags: tags('a') }).set('k', 1, { tags: tags('b') })
    },
    'ERR_CACHE_KEY',
    'at most 32 are allowed, those of the cache and its namespaces included',
  ],
  ...cross(
    WITH_SIGNAL,
    [
      ['a signal that is none', {}, 'signal: {} is not an AbortSignal'],
      ['null as a signal', null, 'signal: null is not an AbortSignal'],
      ['a controller as a signal', new AbortController(), 'is not an AbortSignal'],
    ],
    'ERR_CACHE_OPTIONS',
  ),
  ...cross(
    {
      getMany: (cache, list) => cache.getMany(list),
      deleteMany: (cache, list) => cache.deleteMany(list),
      getOrSetMany: (cache, list) => cache.getOrSetMany(list, loadMany),
    },
    LISTS,
    'ERR_CACHE_OPTIONS',
  ),
  // Text is one key there.
  ...cross(
    { invalidate: (cache, list) => cache.invalidate(list) },
    LISTS.filter(([, list]) => typeof list !== 'string'),
    'ERR_CACHE_OPTIONS',
  ),
  ...cross(
    {
      increment: (cache, by) => cache.increment('k', by),
      decrement: (cache, by) => cache.decrement('k', by),
    },
    NUMBERS,
    'ERR_CACHE_OPTIONS',
  ),
  ...cross(
    {
      getOrSet: (cache, loader) => cache.getOrSet('k', loader),
      getOrSetMany: (cache, loader) => cache.getOrSetMany(['k'], loader),
    },
    [
      ['no loader', undefined, 'the loader must be a function, not undefined'],
      ['a value as a loader', 5, 'the loader must be a function, not 5'],
      ['a promise as a loader', Promise.resolve(5), 'the loader must be a function, not a Promise'],
    ],
    'ERR_CACHE_OPTIONS',
  ),
  ...cross(
    { getOrSetMany: (cache, answer) => cache.getOrSetMany(['absent'], () => answer) },
    [
      ['a loader that answers a list', [1], 'the loader answered an array of 1, not a Map or a record'],
      ['a loader that answers nothing', undefined, 'the loader answered undefined, not a Map or a record'],
      ['a loader that answers null', null, 'the loader answered null'],
      ['a loader that answers text', 'abc', "the loader answered 'abc'"],
    ],
    'ERR_CACHE_OPTIONS',
  ),
  ...cross(
    { setMany: (cache, entries) => cache.setMany(entries) },
    [
      ['nothing', undefined, 'entries: undefined is not a record, a Map or a list'],
      ['null', null, 'entries: null is not a record'],
      ['text', 'abc', "entries: 'abc' is not a record"],
      ['a list of texts', ['ab'], "entries: 'ab' is not [key, value]"],
      ['an entry without a value', [['a']], 'entries: an array of 1 is not [key, value]'],
      ['an entry with too much', [['a', 1, 2, 3]], 'entries: an array of 4 is not [key, value]'],
    ],
    'ERR_CACHE_OPTIONS',
  ),
  ...cross(
    {
      deleteByPrefix: (cache, prefix) => cache.deleteByPrefix(prefix),
      keys: (cache, prefix) => all(cache.keys({ prefix })),
    },
    [
      ['a number as a prefix', 5, 'must be a string, not 5'],
      ['null as a prefix', null, 'must be a string, not null'],
      ["a prefix that begins with '!'", '!', "must not begin with '!'"],
      ['a prefix with a lone surrogate', '\uD800', 'lone surrogates'],
    ],
    'ERR_CACHE_KEY',
  ),
  [
    'deleteByPrefix: no prefix',
    (cache) => cache.deleteByPrefix(wrong(undefined)),
    'ERR_CACHE_KEY',
    'not undefined',
  ],
  [
    'increment: a time that has passed',
    (cache) => cache.increment('k', 1, new Date(0)),
    'ERR_CACHE_OPTIONS',
    'the time at which the counter ends has passed',
  ],
  ...cross(
    { namespace: (cache, name) => cache.namespace(name) },
    [
      ['a brace in the name', 'a{b', 'must not contain { or }'],
      ['a name that is too long', 'n'.repeat(400), 'too long'],
    ],
    'ERR_CACHE_KEY',
  ),
  ...cross(
    { namespace: (cache, keyVersion) => cache.namespace('n', { keyVersion }) },
    [
      ['a negative keyVersion', -1, 'keyVersion: -1 is not a whole number from 0'],
      ['a fraction as keyVersion', 1.5, 'keyVersion: 1.5 is not a whole number'],
      ['text as keyVersion', '2', "keyVersion: '2' is not a whole number"],
      ['null as keyVersion', null, 'keyVersion: null is not a whole number'],
    ],
    'ERR_CACHE_OPTIONS',
  ),
  [
    'namespace: a date as the default ttl',
    (cache) => cache.namespace('n', { ttl: new Date() }),
    'ERR_CACHE_OPTIONS',
    "a default must be a span such as '30m', not the date",
  ],
]

/** Options of every cache, each with a value that it can't have. */
const CACHE_OPTIONS: readonly (readonly [options: object, code: CacheErrorCode, message: string])[] = [
  [{ name: 5 }, 'ERR_CACHE_OPTIONS', 'name: 5 is not a string'],
  [{ prefix: 5 }, 'ERR_CACHE_KEY', 'prefix must be a string, not 5'],
  [{ prefix: 'a{' }, 'ERR_CACHE_KEY', 'prefix must not contain { or }'],
  [{ prefix: '!a' }, 'ERR_CACHE_KEY', "prefix must not begin with '!'"],
  [{ prefix: '\uD800' }, 'ERR_CACHE_KEY', 'prefix must be well-formed'],
  [{ prefix: 'p'.repeat(2000) }, 'ERR_CACHE_KEY', 'prefix is too long'],
  ...DURATIONS.filter(([, ttl]) => !(ttl instanceof Date)).map(
    ([, ttl, message]) => [{ ttl }, 'ERR_CACHE_OPTIONS', message] as const,
  ),
  [{ ttl: new Date() }, 'ERR_CACHE_OPTIONS', 'ttl: a default must be a span'],
  [{ logger: null }, 'ERR_CACHE_OPTIONS', 'logger: null has no warn(), error()'],
  [{ logger: { warn() {} } }, 'ERR_CACHE_OPTIONS', 'has no error()'],
  [{ onError: 'explode' }, 'ERR_CACHE_OPTIONS', "onError: 'explode' is not one of 'ignore', 'throw'"],
  [{ clock: {} }, 'ERR_CACHE_OPTIONS', 'clock: {} has no now(), wallNow()'],
  [{ clock: null }, 'ERR_CACHE_OPTIONS', 'clock: null has no now(), wallNow()'],
  [{ timers: {} }, 'ERR_CACHE_OPTIONS', 'timers: {} has no set(), clear()'],
  [{ tags: 'users' }, 'ERR_CACHE_OPTIONS', "tags: 'users' is not a list of tags"],
  [{ tags: ['!x'] }, 'ERR_CACHE_KEY', "a tag must not begin with '!': '!x'"],
  [{ random: 0.5 }, 'ERR_CACHE_OPTIONS', 'random: 0.5 is not a function'],
]

const MEMORY_OPTIONS: typeof CACHE_OPTIONS = [
  ...CACHE_OPTIONS,
  [{ tll: 5 }, 'ERR_CACHE_OPTIONS', "unknown option 'tll'; accepted: name, prefix, logger"],
  [wrong(null), 'ERR_CACHE_OPTIONS', 'the options must be an object, not null'],
  [wrong('fast'), 'ERR_CACHE_OPTIONS', "the options must be an object, not 'fast'"],
  ...[0, -1, 1.5, NaN, Infinity, '100', null].map(
    (maxEntries) => [{ maxEntries }, 'ERR_CACHE_OPTIONS', 'is not a whole number from 1'] as const,
  ),
  [{ isolation: 'deep' }, 'ERR_CACHE_OPTIONS', "isolation: 'deep' is not one of 'clone', 'freeze', 'share'"],
  [{ classes: 'keep' }, 'ERR_CACHE_OPTIONS', "classes must be 'refuse' or 'plain'"],
  [{ registry: {} }, 'ERR_CACHE_OPTIONS', 'registry'],
  [{ maxDepth: 0 }, 'ERR_CACHE_OPTIONS', 'maxDepth must be a positive whole number'],
  [{ maxCount: 1.5 }, 'ERR_CACHE_OPTIONS', 'maxCount must be a positive whole number'],
]

async function expectRefusal(call: () => unknown, code: CacheErrorCode, message: string): Promise<void> {
  const error = await failureOf(call)
  expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
  expect(isCacheError(error)).toBe(true)
}

const options = { logger: silentLogger, clock: new FakeClock() }
const CACHES: Readonly<Record<string, () => BaseCache>> = {
  MemoryCache: () => new MemoryCache(options),
  'a namespace': () => new MemoryCache(options).namespace('n', { keyVersion: 1 }),
  'a cache over storeFrom': () => new OwnCache(mapPrimitives(true), options),
}

describe.each(Object.entries(CACHES))('misuse of %s', (_, make) => {
  const cache = make()

  it.each(ROWS)('is refused: %s', async (_what, call, code, message) => {
    await cache.set('k', 7)

    await expectRefusal(() => call(cache), code, message)

    expect(await cache.get('k')).toBe(7)
    expect(await cache.has('good')).toBe(false)
  })

  it('is not counted as trouble', () => {
    expect(cache.stats().errors).toBe(0)
  })

  it('is counted as a failed load where the loader answers nonsense', () => {
    expect(cache.stats()).toMatchObject({ loads: 4, loadErrors: 4 })
  })
})

describe('wrong options', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  it.each(MEMORY_OPTIONS)('are refused by MemoryCache: %o', async (wrongOptions, code, message) => {
    await expectRefusal(() => new MemoryCache(wrongOptions), code, message)
  })

  it.each(MEMORY_OPTIONS)('are refused by createCache: %o', async (wrongOptions, code, message) => {
    const isBound = typeof wrongOptions === 'object' && wrongOptions !== null && 'maxEntries' in wrongOptions
    const given = isBound ? { l1: wrongOptions } : wrongOptions
    await expectRefusal(async () => createCache(given as never), code, message)
  })

  it.each<[unknown, string]>([
    [{ l1: 5 }, 'l1: the options must be an object, not 5'],
    [{ l1: { maxEntrys: 5 } }, "l1: unknown option 'maxEntrys'"],
    [{ l1: { ttl: 'soon' } }, "l1: ttl: 'soon' is not a duration"],
    [{ l1: { ttl: new Date(0) } }, "l1: ttl: must be a span such as '3s', not the date"],
    [{ redis: 5 }, 'redis: 5 is none of a URL such as redis://localhost, a client, and options'],
    [{ redis: 'localhost' }, 'url: it is no URL of Redis; accepted: redis:'],
    [{ redis: { hots: 'a' } }, "unknown option 'hots'"],
    [{ bus: 'kafka' }, "bus: 'kafka' is not one of 'pubsub', 'none'"],
    [
      { staleness: { policy: 'lax' }, redis: 'redis://localhost' },
      "staleness: policy: 'lax' is not one of 'available', 'strict'",
    ],
    [
      { staleness: { lag: 3 } },
      "staleness: unknown option 'lag'; accepted: policy, maxLag, maxStale, heartbeat",
    ],
    [{ outage: 5 }, 'outage: the options must be an object, not 5'],
    [{ maxLag: 3 }, "createCache: unknown option 'maxLag'; it is now staleness: { maxLag }; accepted: "],
    [{ journal: 3 }, "createCache: unknown option 'journal'; it is now outage: { journal }; accepted: "],
    [
      { cacheNull: false },
      "createCache: unknown option 'cacheNull'; it is now negativeTtl: false; accepted: ",
    ],
    [{ lockTimeout: 3 }, "createCache: unknown option 'lockTimeout'; it is now leaseWait; accepted: "],
    [{ redis: { pool: { size: 3 } } }, 'pool: a object is not a whole number from 1 to 100'],
  ])('of Redis are refused by createCache: %o', async (wrongOptions, message) => {
    await expectRefusal(async () => createCache(wrong(wrongOptions)), 'ERR_CACHE_OPTIONS', message)
  })

  it.each(CACHE_OPTIONS)('are refused by a cache over storeFrom: %o', async (wrongOptions, code, message) => {
    await expectRefusal(() => new OwnCache(mapPrimitives(), wrongOptions), code, message)
  })

  it.each([MockCache, NullCache])('are refused by the caches for tests: %o', async (Cache) => {
    await expectRefusal(() => new Cache(wrong({ tll: 5 })), 'ERR_CACHE_OPTIONS', "unknown option 'tll'")
  })

  it.each<[unknown, string]>([
    [{ tll: 5 }, "getRedisCache: unknown option 'tll'"],
    [null, 'the options must be an object, not null'],
    [{ logger: 5 }, 'logger: 5 has no warn()'],
  ])('are refused by getRedisCache: %o', async (wrongOptions, message) => {
    await expectRefusal(async () => getRedisCache(wrong(wrongOptions)), 'ERR_CACHE_OPTIONS', message)
  })

  it('are refused where the environment holds them, without showing what may be a secret', async () => {
    vi.stubEnv('CACHE_URL', 'password-without-scheme')

    await expectRefusal(async () => createCache(options), 'ERR_CACHE_OPTIONS', 'CACHE_URL')
    await expectRefusal(async () => getRedisCache(), 'ERR_CACHE_OPTIONS', 'is not a URL; use redis://')
    expect(String(await failureOf(async () => createCache(options)))).not.toContain('password')
  })

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'storeFrom: the primitives must be an object, not undefined'],
    ['null', null, 'storeFrom: the primitives must be an object, not null'],
    ['a Map', new Map(), 'storeFrom: read: undefined is not a function'],
    ['no write', { ...mapPrimitives(), write: undefined }, 'storeFrom: write: undefined is not a function'],
    ['no remove', { ...mapPrimitives(), remove: 5 }, 'storeFrom: remove: 5 is not a function'],
    ['no keys', { ...mapPrimitives(), keys: null }, 'storeFrom: keys: null is not a function'],
    ['a close that is none', { ...mapPrimitives(), close: 5 }, 'storeFrom: close: 5 is not a function'],
  ])('are refused by storeFrom: %s', async (_, primitives, message) => {
    await expectRefusal(() => storeFrom(wrong(primitives)), 'ERR_CACHE_OPTIONS', message)
  })

  it('are refused by storeFrom where values are kept', async () => {
    await expectRefusal(
      () => storeFrom(mapPrimitives(), wrong({ isolation: 'deep' })),
      'ERR_CACHE_OPTIONS',
      "isolation: 'deep'",
    )
  })
})
