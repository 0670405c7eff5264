import { expect, it } from 'vitest'
import { onEveryEngine } from '../support/every-engine.ts'

onEveryEngine('row versions', ({ make }) => {
  it('of an invalidation outlive a load', async () => {
    const cache = await make()
    await cache.invalidate('k', { rowVersion: 5 })
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')

    expect(await cache.set('k', 'older', { rowVersion: 3, result: 'full' })).toEqual({
      stored: false,
      reason: 'outdated',
    })
    expect(await cache.get('k')).toBe('loaded')
    expect(await cache.set('k', 'newer', { rowVersion: 6 })).toBe(true)
    await cache.close()
  })

  it('of an invalidation outlive a counter and a deletion', async () => {
    const cache = await make()
    await cache.invalidate('k', { rowVersion: 5 })
    await cache.increment('k')
    expect(await cache.set('k', 'older', { rowVersion: 3 })).toBe(false)
    await cache.delete('k')
    expect(await cache.set('k', 'older', { rowVersion: 3 })).toBe(false)
    await cache.close()
  })

  it('of an invalidation end with a value that has none', async () => {
    const cache = await make()
    await cache.invalidate('k', { rowVersion: 5 })
    await cache.set('k', 'unversioned')
    expect(await cache.set('k', 'older', { rowVersion: 3 })).toBe(true)
    await cache.close()
  })

  it('of a value count after its tag was invalidated, read or not', async () => {
    for (const isRead of [false, true]) {
      const cache = await make()
      await cache.set('k', 'v5', { rowVersion: 5, tags: ['t'] })
      await cache.invalidateTag('t')
      if (isRead) await cache.get('k')
      expect(await cache.set('k', 'v3', { rowVersion: 3 })).toBe(false)
      expect(await cache.set('k', 'v5 again', { rowVersion: 5 })).toBe(true)
      expect(await cache.get('k')).toBe('v5 again')
      await cache.close()
    }
  })

  it('of a value count after it was invalidated by tag and then by key with keepStale', async () => {
    const cache = await make()
    await cache.set('k', 'v5', { rowVersion: 5, tags: ['t'], ttl: '1h', grace: '1h' })
    await cache.invalidateTag('t')
    await cache.invalidate('k', { keepStale: true })

    expect(await cache.get('k', { stale: true })).toBeUndefined()
    expect(await cache.set('k', 'v3', { rowVersion: 3 })).toBe(false)
    await cache.close()
  })
})
