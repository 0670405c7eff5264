import { describe, expect, it } from 'vitest'
import { MemoryCache, type BaseCache } from 'cachette'
import { FakeClock } from 'cachette/testing'
import { mapPrimitives, OwnCache } from '../../support/own-cache.ts'

const engines: readonly (readonly [string, (clock: FakeClock) => BaseCache])[] = [
  ['memory', (clock) => new MemoryCache({ clock, timers: clock })],
  ['a store of primitives', (clock) => new OwnCache(mapPrimitives(), { clock, timers: clock })],
]
const STALE = { stale: true }

describe.each(engines)('the rules of entries in %s', (_, make) => {
  it('keep the row version as long as the entry, though its tag has ended its grace', async () => {
    const clock = new FakeClock()
    const cache = make(clock)
    await cache.set('k', 'v5', { rowVersion: 5, tags: ['t'], ttl: '1h', grace: '1m' })
    await cache.invalidateTag('t', { keepStale: true })
    expect(await cache.get('k', STALE)).toBe('v5')
    await clock.advance('2m')

    expect(await cache.get('k', STALE)).toBeUndefined()
    expect(await cache.set('k', 'v3', { rowVersion: 3 })).toBe(false)
    await clock.advance('1h')
    expect(await cache.set('k', 'v3', { rowVersion: 3 })).toBe(true)
    await cache.close()
  })

  it('begin the grace with the first of several invalidations, by tag or by key', async () => {
    const clock = new FakeClock()
    const cache = make(clock)
    for (const key of ['tag', 'key']) await cache.set(key, 'v', { tags: ['t', key], ttl: '1h', grace: '1m' })
    await cache.invalidate('key', { keepStale: true })
    await clock.advance('30s')
    await cache.invalidateTag('t', { keepStale: true })
    await cache.invalidate('tag', { keepStale: true })
    await clock.advance('31s')

    expect(await cache.get('key', STALE)).toBeUndefined()
    expect(await cache.get('tag', STALE)).toBe('v')
    await clock.advance('30s')
    expect(await cache.get('tag', STALE)).toBeUndefined()
    await cache.close()
  })

  it('forget a floor after a minute, whichever engine keeps the entry', async () => {
    const clock = new FakeClock()
    const cache = make(clock)
    await cache.invalidate('k', { rowVersion: 5 })
    await cache.invalidate('k', { rowVersion: 4 })
    expect(await cache.set('k', 'v4', { rowVersion: 4 })).toBe(false)
    await clock.advance('61s')
    expect(await cache.set('k', 'v4', { rowVersion: 4 })).toBe(true)
    await cache.close()
  })
})
