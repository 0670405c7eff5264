import { describe, expect, it } from 'vitest'
import { MemoryCache, type BaseCache, type CacheOptions } from 'cachette'
import { FakeClock } from 'cachette/testing'
import { failureOf } from '../support/error-of.ts'
import { mapPrimitives, OwnCache } from '../support/own-cache.ts'

const ENGINES: Readonly<Record<string, (options: CacheOptions) => BaseCache>> = {
  MemoryCache: (options) => new MemoryCache(options),
  'a cache over primitives': (options) => new OwnCache(mapPrimitives(), options),
}

describe.each(Object.entries(ENGINES))('grace after an invalidation in %s', (_, make) => {
  const failing = (): never => {
    throw new Error('down')
  }
  const ENTRY = { ttl: '1d', grace: '1h', tags: ['t'] } as const

  it('counts from the invalidation of a tag, not from the next read', async () => {
    const clock = new FakeClock()
    const cache = make({ clock })
    await cache.set('k', 'old', ENTRY)
    await cache.invalidateTag('t', { keepStale: true })
    await clock.advance('59m')
    expect(await cache.getOrSet('k', failing, { grace: '1h', softTimeout: '1s' })).toBe('old')
    await clock.advance('2m')
    expect(await cache.get('k', { stale: true })).toBe(undefined)
    expect(await failureOf(() => cache.getOrSet('k', failing, { grace: '1h' }))).toMatchObject({
      message: 'down',
    })
  })

  it('is over when nobody has read it for hours', async () => {
    const clock = new FakeClock()
    const cache = make({ clock })
    await cache.set('k', 'old', ENTRY)
    await cache.invalidateTag('t', { keepStale: true })
    await clock.advance('20h')
    expect(await failureOf(() => cache.getOrSet('k', failing, { grace: '1h' }))).toMatchObject({
      message: 'down',
    })
    expect(await cache.get('k', { stale: true })).toBe(undefined)
  })

  it('counts from the first of a hundred invalidations', async () => {
    const clock = new FakeClock()
    const cache = make({ clock })
    await cache.set('k', 'old', ENTRY)
    for (let minute = 0; minute < 59; minute++) {
      await cache.invalidateTag('t', { keepStale: true })
      await clock.advance('1m')
    }
    expect(await cache.get('k', { stale: true })).toBe('old')
    for (let minute = 0; minute < 41; minute++) {
      await clock.advance('1m')
      await cache.invalidateTag('t', { keepStale: true })
    }
    expect(await cache.get('k', { stale: true })).toBe(undefined)
  })

  it('counts from the first of several invalidations', async () => {
    const clock = new FakeClock()
    const cache = make({ clock })
    await cache.set('k', 'old', ENTRY)
    await cache.invalidateTag('t', { keepStale: true })
    await clock.advance('50m')
    await cache.invalidateTag('t', { keepStale: true })
    await clock.advance('5m')
    expect(await cache.get('k', { stale: true })).toBe('old')
    await clock.advance('6m')
    expect(await cache.get('k', { stale: true })).toBe(undefined)
  })

  it('is that of the reader, too', async () => {
    const clock = new FakeClock()
    const cache = make({ clock })
    await cache.set('k', 'old', ENTRY)
    await cache.invalidateTag('t', { keepStale: true })
    await clock.advance('20m')
    expect(await failureOf(() => cache.getOrSet('k', failing, { grace: '10m' }))).toMatchObject({
      message: 'down',
    })
    expect(await cache.get('k', { stale: true })).toBe('old')
  })
})
