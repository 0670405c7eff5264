import { describe, expect, it } from 'vitest'
import { BaseCache } from '../../../src/cache/base-cache.ts'
import { silentLogger, storeFrom, type CacheOptions, type Store } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { deferred } from '../../support/deferred.ts'
import { failureOf } from '../../support/error-of.ts'
import { mapPrimitives } from '../../support/own-cache.ts'

/** A cache over a store that another one uses, too, as processes share a server. */
class CacheOver extends BaseCache {
  // oxlint-disable-next-line no-useless-constructor
  constructor(store: Store, options: CacheOptions) {
    super(store, options)
  }
}

function makeTwo() {
  const clock = new FakeClock()
  const store = storeFrom(mapPrimitives(), { clock })
  const options = { clock, random: () => 0.5 }
  return { clock, one: new CacheOver(store, options), other: new CacheOver(store, options) }
}

describe('two caches over one store', () => {
  it('share one load: the second waits by polling and finds the value', async () => {
    const { clock, one, other } = makeTwo()
    const gate = deferred()
    const first = one.getOrSet('k', async () => (await gate.promise, { from: 'one' }))
    const second = other.getOrSet('k', () => ({ from: 'other' }))
    await clock.advance(1)
    gate.resolve()
    await clock.advance(0.2)

    expect(await first).toEqual({ from: 'one' })
    expect(await second).toEqual({ from: 'one' })
    expect(one.stats()).toMatchObject({ loads: 1, writes: 1 })
    expect(other.stats()).toMatchObject({ loads: 0, writes: 0 })
    expect(clock.pending).toBe(0)
  })

  it('poll with growing pauses', async () => {
    const clock = new FakeClock()
    const store = storeFrom(mapPrimitives(), { clock })
    const polledAtMs: number[] = []
    const watched = new Proxy(store, {
      get(target, name) {
        if (name === 'acquire') polledAtMs.push(clock.now())
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    void new CacheOver(store, { clock }).getOrSet('k', () => new Promise(() => undefined))
    void new CacheOver(watched, { clock, random: () => 0.5 }).getOrSet('k', () => 2)
    await clock.advance(1)

    // Jitter of one half means the pause itself.
    expect(polledAtMs).toEqual([0, 10, 30, 70, 150, 310, 510, 710, 910])
  })

  it('load in the second when the first fails', async () => {
    const { clock, one, other } = makeTwo()
    const gate = deferred()
    const first = failureOf(() =>
      one.getOrSet('k', async () => {
        await gate.promise
        throw new Error('down')
      }),
    )
    const second = other.getOrSet('k', () => 2)
    await clock.advance(1)
    gate.resolve()
    await clock.advance(0.3)

    expect(await first).toEqual(new Error('down'))
    expect(await second).toBe(2)
    expect(await one.get('k')).toBe(2)
  })

  it('void the load of each other: what was read before is stored by neither', async () => {
    const { one, other } = makeTwo()
    const gate = deferred()
    const begun = deferred()
    const first = one.getOrSet('k', async () => {
      begun.resolve()
      await gate.promise
      return 'old'
    })
    await begun.promise
    await other.delete('k')
    const later = await one.getOrSet('k', () => 'new')
    gate.resolve()

    expect(later).toBe('new')
    expect(await first).toBe('old')
    expect(await one.get('k')).toBe('new')
    expect(one.stats().refusedFills).toBe(1)
  })

  it('go on at once when the load they wait for is voided', async () => {
    const { clock, one, other } = makeTwo()
    const gate = deferred()
    const first = one.getOrSet('k', async () => (await gate.promise, 'old'))
    const second = other.getOrSet('k', () => 'new')
    await clock.advance(1)
    await one.delete('k')
    await clock.advance(0.3)

    expect(await second).toBe('new')
    gate.resolve()
    expect(await first).toBe('old')
    expect(await one.get('k')).toBe('new')
  })

  it('load without storing after 10 seconds of waiting', async () => {
    const { clock, one, other } = makeTwo()
    const gate = deferred()
    const first = one.getOrSet('k', async () => (await gate.promise, 'one'))
    let loads = 0
    const waiting = Array.from({ length: 5 }, async () => other.getOrSet('k', () => `load ${++loads}`))
    await clock.advance(9.7)
    expect(loads).toBe(0)
    await clock.advance(0.6)

    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 5 }, () => 'load 1'))
    expect(await other.get('k')).toBe(undefined)
    expect(other.stats()).toMatchObject({ loads: 1, refusedFills: 0, writes: 0 })
    gate.resolve()
    expect(await first).toBe('one')
    expect(await other.get('k')).toBe('one')
  })

  it('wait for busy keys after they have loaded the others', async () => {
    const { clock, one, other } = makeTwo()
    const gate = deferred()
    const first = one.getOrSet('busy', async () => (await gate.promise, 1))
    const asked: (readonly string[])[] = []
    const many = other.getOrSetMany(['busy', 'free'], (keys) => {
      asked.push(keys)
      return { free: 2 }
    })
    await clock.advance(1)
    expect(await one.get('free')).toBe(2)
    gate.resolve()
    await clock.advance(0.3)

    expect([...(await many)]).toEqual([
      ['busy', 1],
      ['free', 2],
    ])
    expect(await first).toBe(1)
    expect(asked).toEqual([['free']])
  })

  it('hold up no caller whose signal is aborted', async () => {
    const { clock, one, other } = makeTwo()
    const controller = new AbortController()
    void one.getOrSet('k', () => new Promise(() => undefined))
    const second = failureOf(() => other.getOrSet('k', () => 2, { signal: controller.signal }))
    await clock.advance(1)
    controller.abort(new Error('gone'))

    expect(await second).toEqual(new Error('gone'))
  })
})

describe('a fill that does not reach the store', () => {
  it('leaves the key free for the next load', async () => {
    const clock = new FakeClock()
    const store = storeFrom(mapPrimitives(), { clock })
    const failing = new Proxy(store, {
      get(target, name) {
        if (name === 'fill') return async () => Promise.reject(new Error('the connection was reset'))
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const cache = new CacheOver(failing, { clock, logger: silentLogger })

    expect(await cache.getOrSet('k', () => 1)).toBe(1)
    expect(await cache.getOrSet('k', () => 2)).toBe(2)
    expect(await new CacheOver(store, { clock }).getOrSet('k', () => 3)).toBe(3)
  })
})
