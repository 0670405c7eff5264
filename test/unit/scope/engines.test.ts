import { expect, it } from 'vitest'
import { requestScope } from '../../../src/scope/index.ts'
import { onEveryEngine } from '../../support/every-engine.ts'

onEveryEngine('a scope', (maker) => {
  it('asks once, gives each reader a value of its own, and sees what it does', async () => {
    const cache = await maker.make()
    await cache.setMany({ k: { list: [1] }, other: new Date(5) }, { ttl: 60, tags: ['t'] })
    const mine = requestScope(cache)
    const read = async () => mine.getMany(['k', 'other'])
    const first = await read()
    ;(first.get('k') as { list: number[] }).list.push(2)
    expect([...(await read()).values()]).toEqual([{ list: [1] }, new Date(5)])

    await cache.setMany({ k: 'of another', other: 'of another' })
    expect(await mine.get('other')).toEqual(new Date(5))
    expect(await mine.getOrSet('k', () => 0)).toEqual({ list: [1] })
    // A change of one key is under way while another is refreshed.
    const change = mine.set('other', 'mine')
    expect(await mine.refresh('k', () => 'refreshed')).toBe('refreshed')
    await change
    expect([await mine.get('k'), await mine.get('other')]).toEqual(['refreshed', 'mine'])

    const part = mine.namespace('n', { tags: ['t'] })
    expect(await part.getOrSet('k', () => 1)).toBe(1)
    await mine.invalidateTag('t')
    expect(await part.get('k')).toBeUndefined()
    await cache.close()
  })
})
