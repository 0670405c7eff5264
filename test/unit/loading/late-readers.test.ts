// Callers of one moment whose questions to the store are answered at different times, as by a cluster whose slots move.
import { expect, it } from 'vitest'
import { BaseCache, storeFrom, type CacheOptions } from 'cachette'
import type { Store } from '../../../src/core/store.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { failureOf } from '../../support/error-of.ts'
import { mapPrimitives } from '../../support/own-cache.ts'

interface Gate {
  isShut: boolean
  readonly held: (() => void)[]
}

class LateReads extends BaseCache {
  constructor(gate: Gate, options?: CacheOptions) {
    super(
      new Proxy<Store>(storeFrom(mapPrimitives()), {
        get(target, name) {
          const value: unknown = Reflect.get(target, name, target)
          if (typeof value !== 'function') return value
          const method = value.bind(target) as (...args: unknown[]) => unknown
          if (name !== 'get' && name !== 'read') return method
          return async (...args: unknown[]) => {
            const found = await method(...args)
            if (gate.isShut)
              await new Promise<void>((resolve) => {
                gate.held.push(resolve)
              })
            return found
          }
        },
      }),
      options,
    )
  }
}

type Ask = (cache: BaseCache, loader: () => Promise<string>) => Promise<unknown>

const ASKS: Readonly<Record<string, Ask>> = {
  getOrSet: (cache, loader) => cache.getOrSet('k', loader),
  'getOrSet with grace': (cache, loader) => cache.getOrSet('k', loader, { ttl: 60, grace: 60 }),
  getOrSetMany: (cache, loader) => cache.getOrSetMany(['k'], async () => ({ k: await loader() })),
}

it.each(Object.entries(ASKS))(
  'get the one error of the loader, and later ones load anew: %s',
  async (_, ask) => {
    const gate: Gate = { isShut: true, held: [] }
    const cache = new LateReads(gate)
    const letThrough = (count: number): void => {
      for (const answer of gate.held.splice(0, count)) answer()
    }
    const failure = new Error('the database is away')
    let loads = 0
    const fail = async (): Promise<never> => {
      loads++
      throw failure
    }
    const calls = Array.from({ length: 20 }, async () => ask(cache, fail).catch((error: unknown) => error))
    await expect.poll(() => gate.held.length).toBe(20)
    letThrough(10)
    expect(await Promise.all(calls.slice(0, 10))).toEqual(Array.from({ length: 10 }, () => failure))
    // It comes after the failure.
    const later = ask(cache, async () => 'recovered')
    await expect.poll(() => gate.held.length).toBe(11)
    gate.isShut = false
    letThrough(11)
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 20 }, () => failure))
    expect(loads).toBe(1)
    const recovered = await later
    expect(recovered instanceof Map ? recovered.get('k') : recovered).toBe('recovered')
  },
)

it.each(Object.entries(ASKS))('begin no load after the close of the cache: %s', async (_, ask) => {
  const gate: Gate = { isShut: true, held: [] }
  const cache = new LateReads(gate, { closeTimeout: 0.01 })
  let loads = 0
  const call = failureOf(() =>
    ask(cache, async () => {
      loads++
      return 'new'
    }),
  )
  await expect.poll(() => gate.held.length).toBe(1)
  await cache.close()
  for (const answer of gate.held) answer()

  expect(await call).toMatchObject({ code: 'ERR_CACHE_CLOSED' })
  expect(loads).toBe(0)
})

it.each(Object.entries(ASKS))('have a hardTimeout that counts from their call: %s', async (_, ask) => {
  const gate: Gate = { isShut: true, held: [] }
  const clock = new FakeClock()
  const cache = new LateReads(gate, { clock, hardTimeout: 3 })
  let isCalled = false
  const call = failureOf(() =>
    ask(cache, async () => {
      isCalled = true
      return new Promise(() => undefined)
    }),
  )
  await expect.poll(() => gate.held.length).toBe(1)
  await clock.advance(1)
  for (const answer of gate.held) answer()
  await expect.poll(() => isCalled).toBe(true)
  await clock.advance(1.9)
  expect(cache.stats().loadTimeouts).toBe(0)
  await clock.advance(0.1)

  expect(await call).toMatchObject({ code: 'ERR_CACHE_LOADER_TIMEOUT' })
  expect(cache.stats().loadTimeouts).toBe(1)
})

it('share no failed load if they ask for another key or with forceRefresh', async () => {
  const gate: Gate = { isShut: true, held: [] }
  const cache = new LateReads(gate)
  const failing = failureOf(() => cache.getOrSet('k', () => Promise.reject(new Error('down'))))
  const others = Promise.all([
    cache.getOrSet('k', () => 'anew', { forceRefresh: true }),
    cache.getOrSet('other', () => 'other'),
  ])
  await expect.poll(() => gate.held.length).toBe(3)
  const [first, ...later] = gate.held
  first!()
  expect(await failing).toMatchObject({ message: 'down' })
  for (const answer of later) answer()

  expect(await others).toEqual(['anew', 'other'])
})

it('do not get the failure of a load for a key whose value was found', async () => {
  const gate: Gate = { isShut: true, held: [] }
  const cache = new LateReads(gate)
  const several = failureOf(() => cache.getOrSetMany(['k', 'fails'], () => Promise.reject(new Error('down'))))
  await expect.poll(() => gate.held.length).toBe(1)
  const late = cache.getOrSet('k', () => 'loaded')
  await expect.poll(() => gate.held.length).toBe(2)
  await cache.set('k', 'set')
  gate.held[0]!()
  expect(await several).toMatchObject({ message: 'down' })
  gate.held[1]!()

  expect(await late).toBe('set')
})

it('hold up the close of the cache until they have their answer', async () => {
  const gate: Gate = { isShut: true, held: [] }
  const cache = new LateReads(gate, { clock: new FakeClock() })
  await cache.set('k', 'there')
  const call = cache.getOrSet('k', () => 'loaded')
  await expect.poll(() => gate.held.length).toBe(1)
  let isClosed = false
  const closing = cache.close().then(() => {
    isClosed = true
  })
  await new Promise(setImmediate)
  expect(isClosed).toBe(false)
  gate.held[0]!()

  expect(await call).toBe('there')
  await closing
})
