// The hook: events of caches, namespaces and channels, and the figures by family, tier and interval.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { scopeOf } from '../../src/cache/base-cache.ts'
import { MemoryCache, type CacheEvents, type NotModified } from '../../src/index.ts'
import { templateOf, Templates } from '../../src/keys/template-of.ts'
import { Lock, Semaphore } from '../../src/lock/index.ts'
import { RateLimiter } from '../../src/ratelimit/index.ts'
import { FakeClock, NullCache } from '../../src/testing/index.ts'
import { RecordingLogger } from '../support/recording-logger.ts'

const NAMES = ['read', 'load', 'write', 'invalidate', 'remove', 'call', 'connection'] as const

function heard(cache: MemoryCache, ...names: readonly (typeof NAMES)[number][]): [string, object][] {
  const events: [string, object][] = []
  for (const name of names) cache.on(name, (event: object) => events.push([name, event]))
  return events
}

describe('events', () => {
  it('tell reads, loads, writes and invalidations of a namespace and a function', async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ name: 'app', prefix: 'p:', clock, timers: clock })
    const shop = cache.namespace('shop', { ttl: '1m', grace: '1m' })
    const events = heard(cache, 'read', 'load', 'write', 'invalidate')
    const price = shop.wrap(async (id: number) => id, { name: 'price' })
    await price(7)
    await shop.set('cart:1', 'x')
    await clock.advance('50s')
    await shop.get('cart:1', { result: 'full' })
    await clock.advance('20s')
    await shop.get('cart:1', { stale: true })
    await shop.delete('cart:1')
    await cache.invalidateTag(['a'])
    await cache.deleteByPrefix('user')
    const about = { cache: 'app', family: 'shop', template: 'shop:cart:{id}', key: 'shop:cart:1' }
    const ofPrice = { cache: 'app', family: 'shop:price', template: 'shop:price', key: 'shop:price:[7]' }
    const done = { cache: 'app', l1: 'acked', l2: 'none' }
    expect(events).toEqual([
      ['read', { ...ofPrice, outcome: 'miss' }],
      ['load', { ...ofPrice, outcome: 'stored', background: false, durationMs: 0, keys: 1 }],
      ['write', { ...about, outcome: 'stored', ttlMs: 60_000 }],
      ['read', { ...about, outcome: 'hit', tier: 'l1', remainingMs: 10_000, ageMs: 50_000 }],
      ['read', { ...about, outcome: 'stale', tier: 'l1', remainingMs: -10_000, ageMs: 70_000 }],
      [
        'invalidate',
        { ...done, family: 'shop', operation: 'delete', keys: ['shop:cart:1'], tags: [], removed: 1 },
      ],
      ['invalidate', { ...done, family: '', operation: 'invalidateTag', keys: [], tags: ['a'], removed: 0 }],
      [
        'invalidate',
        { ...done, family: '', operation: 'deleteByPrefix', keys: [], tags: [], prefix: 'user', removed: 0 },
      ],
    ])
  })

  it('tell how each load has ended', async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ clock, timers: clock })
    const loads: CacheEvents['load'][] = []
    cache.on('load', (event) => loads.push(event))
    await cache.getOrSet('stored', () => 1)
    await cache.getOrSet('absent', () => undefined)
    const failing = new Error('no')
    await cache
      .getOrSet('failed', () => {
        throw failing
      })
      .catch(() => undefined)
    await cache.getOrSet('refused', async () => {
      await cache.set('refused', 2)
      return 1
    })
    await cache.getOrSet('notKept', ({ doNotStore }) => {
      doNotStore()
      return 1
    })
    const slow = cache.getOrSet('timeout', () => new Promise<number>(() => {}), { hardTimeout: '1s' })
    const late = slow.catch(() => 'late')
    await clock.advance('2s')
    expect(await late).toBe('late')
    await cache.getOrSetMany(['one', 'two'], (keys) => new Map(keys.map((key) => [key, 1])))
    expect(loads.map(({ key, outcome, keys }) => [key, outcome, keys])).toEqual([
      ['stored', 'stored', 1],
      ['absent', 'absent', 1],
      ['failed', 'failed', 1],
      ['refused', 'refused', 1],
      ['notKept', 'unstored', 1],
      ['timeout', 'timeout', 1],
      ['one', 'stored', 2],
      ['two', 'stored', 2],
    ])
    expect(loads[2]!.error).toBe(failing)
  })

  it('tell a refresh in the background', async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ clock, timers: clock, ttl: '1m', grace: '1h' })
    await cache.getOrSet('key', () => 1)
    await clock.advance('2m')
    const events: unknown[] = []
    cache.on('read', ({ outcome }) => events.push(outcome))
    cache.on('load', ({ outcome, background }) => events.push([outcome, background]))
    await cache.getOrSet('key', ({ notModified }): number | NotModified => notModified())
    await clock.advance('1s')
    expect(events).toEqual(['stale', ['unchanged', true]])
  })

  it('end when they are told to, and then cost one check', async () => {
    const cache = new MemoryCache({ maxEntries: 1 })
    const events = heard(cache, 'remove')
    await cache.set('a', 1)
    await cache.set('b', 1)
    expect(events).toEqual([['remove', { cache: 'cache', key: 'a', cause: 'evicted' }]])
    const { runtime } = scopeOf(cache)!
    expect(runtime.observing('remove')).toBeDefined()
    const other = new MemoryCache()
    const stop = other.on('read', () => undefined)
    stop()
    expect(scopeOf(other)!.runtime.observing('read')).toBeUndefined()
  })

  it('harm nothing when a listener throws or rejects', async () => {
    const logger = new RecordingLogger()
    const cache = new MemoryCache({ logger })
    cache.on('read', () => {
      throw new Error('sync')
    })
    cache.on('read', async () => {
      throw new Error('async')
    })
    for (let round = 0; round < 5; round++) expect(await cache.get('key')).toBeUndefined()
    expect(logger.lines.map(({ message }) => message)).toEqual(['a listener has failed'])
    expect(() => cache.on('reed' as never, () => undefined)).toThrow(/reed/)
    expect(() => cache.on('read', 7 as never)).toThrow(/listener/)
  })

  it('are published on the channels of all caches', async () => {
    const told: unknown[] = []
    const listener = (event: unknown): void => void told.push(event)
    const cache = new MemoryCache({ name: 'told' })
    await cache.set('user:1', 1)
    subscribe('cachette:read', listener)
    await cache.get('user:1')
    await cache.namespace('shop').get('cart:1')
    unsubscribe('cachette:read', listener)
    await cache.get('user:1')
    expect(told).toMatchObject([
      { cache: 'told', key: 'user:1', outcome: 'hit' },
      { cache: 'told', key: 'shop:cart:1', family: 'shop', outcome: 'miss' },
    ])
  })

  it('of a namespace are its own', async () => {
    const cache = new MemoryCache()
    const shop = cache.namespace('shop')
    const keys: string[] = []
    shop.on('read', ({ key }) => keys.push(key))
    await cache.get('user:1')
    await shop.get('cart:1')
    await shop.namespace('old').get('cart:2')
    await cache.namespace('shops').get('cart:3')
    expect(keys).toEqual(['shop:cart:1', 'shop:old:cart:2'])
  })
})

describe('the template of a key', () => {
  it.each([
    ['user:7', 'user:{id}'],
    ['user:list:{"page":2}', 'user:list:{params}'],
    ['billing:invoice:[7,"EUR:x"]', 'billing:invoice:{params}'],
    ['user:ada', 'user:{id}'],
    ['user:profile:ada', 'user:profile:{id}'],
    ['user:7:posts:8', 'user:{id}:posts:{id}'],
    ['user:[sha256 00ff]', 'user:{params}'],
    ['oauth2:token:x', 'oauth2:token:{id}'],
    ['7f3d2c1b0a:user', '{id}:{id}'],
    ['session', '{key}'],
    [':', '{id}:{id}'],
  ])('%s is %s', (key, template) => {
    expect(templateOf(key)).toBe(template)
  })

  it('is one of 256, or other', () => {
    const { families } = scopeOf(new MemoryCache())!.runtime
    const templates = new Templates()
    const names = new Set(
      Array.from({ length: 2000 }, (_, index) => {
        const letters = index.toString(26).replaceAll(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)]!)
        return templates.of(families.root, `e${letters}:1`)
      }),
    )
    expect(names.size).toBe(256)
    expect(names).toContain('other')
  })
})

describe('figures', () => {
  it('of a namespace are its own, and those of the cache are the whole', async () => {
    const cache = new MemoryCache()
    const one = cache.namespace('one')
    const other = cache.namespace('other')
    await one.getOrSet('key', () => 1)
    await one.get('key')
    await cache.namespace('one').get('key')
    await other.get('key')
    await other.set('bad', () => 1)
    expect(one.stats()).toMatchObject({
      hits: 2,
      misses: 1,
      loads: 1,
      writes: 1,
      unstorable: {},
      entries: undefined,
    })
    expect(other.stats()).toMatchObject({ hits: 0, misses: 1, loads: 0, unstorable: { function: 1 } })
    expect(cache.stats()).toMatchObject({
      hits: 2,
      misses: 2,
      loads: 1,
      entries: 1,
      unstorable: { function: 1 },
    })
    expect(Object.keys(cache.stats({ families: true }).families!)).toEqual(['', 'one', 'other'])
    expect(cache.stats().tiers).toEqual({ l1: { hits: 2, stale: 0 }, l2: { hits: 0, stale: 0 } })
  })

  it('have 256 families, and the rest counts together', async () => {
    const cache = new MemoryCache()
    for (let index = 0; index < 1000; index++) await cache.namespace(`tenant${index}`).get('key')
    const { families, misses } = cache.stats({ families: true })
    expect(Object.keys(families!)).toHaveLength(256)
    expect(families!['other']!.misses).toBe(1000 - 254)
    expect(misses).toBe(1000)
  })

  it('of intervals do not disturb one another', async () => {
    const cache = new MemoryCache({ maxEntries: 1 })
    const start = cache.stats()
    await cache.set('a', 1)
    await cache.get('a')
    const middle = cache.stats({ families: true })
    await cache.set('b', 1)
    await cache.get('a')
    await cache.namespace('shop').get('c')
    const last = cache.stats({ since: middle })
    expect(last).toMatchObject({ hits: 0, misses: 2, hitRatio: 0, writes: 1, entries: 1 })
    expect(last.evictions).toEqual({ entries: 1, weight: 0, oversize: 0 })
    expect(last.families!['shop']).toMatchObject({ misses: 1 })
    expect(cache.stats({ since: start })).toMatchObject({ hits: 1, misses: 2, hitRatio: 1 / 3 })
    const nothing = cache.stats()
    expect(cache.stats({ since: nothing })).toMatchObject({ hits: 0, hitRatio: undefined, entries: 1 })
    expect(() => cache.stats({ since: 7 as never })).toThrow(/since/)
    expect(() => cache.stats({ since: nothing, families: true })).toThrow(/families: true/)
    expect(() => cache.stats({ from: nothing } as never)).toThrow(/from/)
  })

  it('count the decisions of limiters, locks and semaphores', async () => {
    const cache = new MemoryCache()
    const limiter = new RateLimiter(cache, { name: 'api', algorithm: 'fixed-window', limit: 2, window: '1m' })
    for (let call = 0; call < 3; call++) await limiter.consume('ada')
    await limiter.peek('ada')
    const lock = new Lock(cache, 'job')
    const held = await lock.acquire()
    expect(await lock.tryAcquire()).toBeUndefined()
    await lock.acquire({ wait: 0 }).catch(() => undefined)
    await held.release()
    await (await new Semaphore(cache, 'pool', 2).acquire()).release()
    const { limiters, locks, semaphores } = cache.stats()
    expect(limiters).toEqual({ api: { allowed: 2, refused: 1, unavailable: 0 } })
    expect(locks).toEqual({ acquired: 1, busy: 2, unavailable: 0, lost: 0 })
    expect(semaphores).toEqual({ acquired: 1, busy: 0, unavailable: 0, lost: 0 })
  })

  it('and health answer on an engine of one’s own', async () => {
    const cache = new NullCache()
    expect(await cache.health()).toMatchObject({
      status: 'ok',
      engine: 'custom',
      queued: 0,
      connected: undefined,
    })
    expect(cache.stats()).toMatchObject({ limiters: {}, locks: { acquired: 0 } })
  })
})
