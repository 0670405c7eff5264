import { describe, expect, it } from 'vitest'
import { MemoryCache } from 'cachette'

describe('setMany', () => {
  it('takes what an entry does not say from the options of the call', async () => {
    const cache = new MemoryCache({ ttl: '1d' })
    await cache.setMany(
      [
        ['own tags', 1, { tags: ['own'] }],
        ['own ttl', 2, 30],
        ['own ttl, in options', 3, { ttl: 40 }],
        ['nothing of its own', 4],
      ],
      { ttl: 60, tags: ['common'] },
    )
    const names = ['own tags', 'own ttl', 'own ttl, in options', 'nothing of its own']
    const ttls = await Promise.all(names.map(async (name) => Math.ceil((await cache.ttl(name))!)))
    expect(ttls).toEqual([60, 30, 40, 60])
    await cache.invalidateTag('own')
    expect(await cache.getMany(names)).toHaveProperty('size', 3)
    await cache.invalidateTag('common')
    expect(await cache.getMany(names)).toHaveProperty('size', 0)
  })

  it('takes a span of an entry for a span where the call names a date', async () => {
    const cache = new MemoryCache()
    await cache.setMany(
      [
        ['short', 1, 30],
        ['long', 2],
      ],
      new Date(Date.now() + 60_000),
    )
    expect(Math.ceil((await cache.ttl('short'))!)).toBe(30)
    expect(Math.ceil((await cache.ttl('long'))!)).toBe(60)
  })
})
