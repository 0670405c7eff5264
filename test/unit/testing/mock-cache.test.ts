import { describe, expect, expectTypeOf, it } from 'vitest'
import type { BaseCache } from '../../../src/index.ts'
import { withLock } from '../../../src/lock/index.ts'
import { RateLimiter } from '../../../src/ratelimit/index.ts'
import { FakeClock, MockCache } from '../../../src/testing/index.ts'
import { failureOf } from '../../support/error-of.ts'

describe('MockCache', () => {
  it('works as every cache does', async () => {
    const clock = new FakeClock()
    const cache = new MockCache<{ n: number }>({ clock })
    const value = { n: 1 }
    await cache.set('a', value, '5m')
    value.n = 2

    expect(await cache.get('a')).toEqual({ n: 1 })
    expect(await cache.getOrSet('b', () => ({ n: 3 }))).toEqual({ n: 3 })
    await clock.advance('5m')
    expect(await cache.get('a')).toBe(undefined)
  })

  it('records each call with its arguments, in order', async () => {
    const cache = new MockCache()
    const loader = (): number => 1
    await cache.set('a', 1, '5m')
    await cache.getOrSet('b', loader, { ttl: 5 })
    await cache.getMany(['a', 'b'])

    expect(cache.calls).toEqual([
      { method: 'set', args: ['a', 1, '5m'], namespace: '' },
      { method: 'getOrSet', args: ['b', loader, { ttl: 5 }], namespace: '' },
      { method: 'getMany', args: [['a', 'b']], namespace: '' },
    ])
    expect(cache.callsOf('set')).toEqual([cache.calls[0]])
    expect(cache.callsOf('delete')).toEqual([])
  })

  it('records the calls of namespaces, by name', async () => {
    const cache = new MockCache()
    await cache.namespace('user').namespace('list', { ttl: '5m' }).set('1', 1)
    await cache.namespace('user').get('1')

    expect(cache.calls.map(({ method, namespace }) => [method, namespace])).toEqual([
      ['set', 'user:list'],
      ['get', 'user'],
    ])
    expect(await cache.get('user:list:1')).toBe(1)
  })

  it('answers as told, for one key or for all; what was planned last counts', async () => {
    const cache = new MockCache()
    cache.answer('get', 'anything').answer('get', 'a', 'of a').answer('has', true)

    expect(await cache.get('a')).toBe('of a')
    expect(await cache.get('b')).toBe('anything')
    expect(await cache.has('b')).toBe(true)
    cache.answer('get', 'last')
    expect(await cache.get('a')).toBe('last')
    cache.answer('get', undefined)
    expect(await cache.get('a')).toBe(undefined)
    expect(cache.callsOf('get')).toHaveLength(4)
  })

  it('fails as told', async () => {
    const cache = new MockCache()
    const error = new Error('full')
    cache.fail('set', 'a', error).fail('clear', error)

    expect(await failureOf(() => cache.set('a', 1))).toBe(error)
    expect(await failureOf(() => cache.clear())).toBe(error)
    expect(await cache.set('b', 1)).toBe(true)
    expect(cache.callsOf('set')).toHaveLength(2)
  })

  it('answers and fails in namespaces, too, by the key that the caller gives', async () => {
    const cache = new MockCache()
    cache.answer('get', '1', { id: 1 })

    expect(await cache.namespace('user').get('1')).toEqual({ id: 1 })
  })

  it('answers a call of several keys as told for one of them', async () => {
    const cache = new MockCache()
    cache.answer('getMany', 'a', new Map([['a', 1]])).fail('deleteMany', 'a', new Error('planned'))
    expect([...(await cache.getMany(['b', 'a']))]).toEqual([['a', 1]])
    expect((await cache.getMany(['b'])).size).toBe(0)
    expect(await failureOf(() => cache.deleteMany(['a']))).toEqual(new Error('planned'))
  })

  it('has a place for limits and locks, which ends with it', async () => {
    const clock = new FakeClock()
    const cache = new MockCache({ clock })
    const limiter = new RateLimiter(cache, { name: 'api', limit: 1, window: '1m' })
    const passes = async (): Promise<boolean> => (await limiter.consume('key')).allowed
    expect([await passes(), await passes()]).toEqual([true, false])
    await clock.advance('1m')
    expect(await passes()).toBe(true)
    expect(await withLock(cache, 'key', () => 'held')).toBe('held')
    await cache.close()
    expect(clock.pending).toBe(0)
  })

  it('keeps what is stored when plans and calls are forgotten', async () => {
    const cache = new MockCache()
    await cache.set('a', 1)
    cache.answer('get', 2)
    cache.reset()

    expect(cache.calls).toEqual([])
    expect(await cache.get('a')).toBe(1)
  })

  it('can be given to whatever takes a cache', () => {
    expectTypeOf<MockCache<string>>().toExtend<BaseCache<string>>()
    expectTypeOf<MockCache<string>>().toExtend<BaseCache>()
  })
})
