import { expect, it } from 'vitest'
import { onEveryEngine } from '../support/every-engine.ts'
import { until } from '../support/until.ts'

onEveryEngine('explain', ({ make }) => {
  it('names the key within the cache, with namespaces and without the prefix', async () => {
    const cache = await make({ prefix: 'explained:' })
    const users = cache.namespace('user', { keyVersion: 2 })
    expect((await cache.explain('a')).key).toBe('a')
    expect((await users.explain('7')).key).toBe('user:v2:7')
    expect((await users.namespace('of').explain('7')).key).toBe('user:v2:of:7')
  })

  it('tells times in seconds, as ttl() does', async () => {
    const cache = await make()
    await until('the entry is there', async () => cache.set('a', 1, '1m'))
    const { tiers } = await cache.explain('a')
    const { ttl } = tiers.find(({ state }) => state === 'fresh')!
    for (const seconds of [ttl, await cache.ttl('a')]) {
      expect(seconds).toBeGreaterThan(30)
      expect(seconds).toBeLessThanOrEqual(60)
    }
  })
})
