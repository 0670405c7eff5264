// Apollo Server, its response cache, persisted queries and REST data sources over the adapter.
import { MemoryCache, type BaseCache } from 'cachette'
import { FakeClock } from 'cachette/testing'
import { expect, it } from 'vitest'
import { until } from '../../support/until.ts'
import { onEachEngine } from '../caches.ts'
import { serve } from './service.ts'

const CITY = 'query City { city(name: "Rome") }'
const WEATHER = '{ weather(city: "Rome") }'

/** Waits for so many keys in a namespace, because Apollo stores in the background, and returns the ttl of each. */
async function stored(cache: BaseCache, name: string, count: number): Promise<readonly number[]> {
  const namespace = cache.namespace(name)
  return until(`${count} keys in ${name}`, async () => {
    const ttls: number[] = []
    for await (const key of namespace.keys()) ttls.push((await namespace.ttl(key)) ?? NaN)
    return ttls.length === count && ttls
  })
}

onEachEngine(({ name, make }) => {
  it('resolves a query with a hint once, for the ttl of the hint', async () => {
    const cache = await make()
    const { ask, calls, logged } = await serve(cache)
    const first = await ask(CITY)
    expect([first.data, first.errors, first.headers.get('age')]).toEqual([
      { city: 'city Rome' },
      undefined,
      null,
    ])
    const [ttl] = await stored(cache, 'responses', 1)
    expect(ttl).toBeGreaterThan(30)
    expect(ttl).toBeLessThanOrEqual(60)
    for (let n = 0; n < 3; n++) {
      const again = await ask(CITY)
      expect(again.data).toEqual(first.data)
      expect(again.headers.get('cache-control')).toBe('max-age=60, public')
      expect(Number(again.headers.get('age') ?? NaN)).toBeGreaterThanOrEqual(0)
    }
    await ask('query City { city(name: "Bern") }')
    expect([calls.city, logged]).toEqual([2, []])
  })

  it('keeps users apart by their session, and shares public responses among them', async () => {
    const cache = await make()
    const { ask, calls } = await serve(cache)
    const greet = async (user: string) => (await ask('{ greeting }', user)).data
    expect([await greet('Ann'), await greet('Ben')]).toEqual([
      { greeting: 'hello Ann' },
      { greeting: 'hello Ben' },
    ])
    await stored(cache, 'responses', 2)
    expect([await greet('Ann'), await greet('Ben')]).toEqual([
      { greeting: 'hello Ann' },
      { greeting: 'hello Ben' },
    ])
    expect(calls.greeting).toBe(2)
    await ask(CITY, 'Ann')
    await stored(cache, 'responses', 3)
    await ask(CITY, 'Ben')
    expect(calls.city).toBe(1)
  })

  it('removes the responses of an operation by the prefix of their keys, and all by one step', async () => {
    const cache = await make()
    const responses = cache.namespace('responses')
    const { ask, askByHash, calls } = await serve(cache)
    await askByHash(CITY)
    await ask('query City { city(name: "Bern") }')
    const other = '{ city(name: "Rome") }'
    await ask(other)
    await stored(cache, 'responses', 3)
    expect(await responses.deleteByPrefix('fqc:City:')).toBe(2)
    await ask(other)
    expect(calls.city).toBe(3)
    await ask(CITY)
    expect(calls.city).toBe(4)
    await stored(cache, 'responses', 2)
    expect(await responses.clear()).toBe(true)
    await ask(other)
    expect(calls.city).toBe(5)
    expect(await askByHash(CITY)).toMatchObject({ known: true })
  })

  it('runs a query by its hash that another server has learned', async () => {
    const prefix = `apq-${name}:`
    const cache = await make({ prefix })
    const [one, other] = [
      await serve(cache, { persistedQueries: { ttl: 900 } }),
      await serve(name === 'memory' ? cache : await make({ prefix })),
    ]
    expect(await one.askByHash(CITY)).toMatchObject({ known: false, data: { city: 'city Rome' } })
    const [ttl] = await stored(cache, 'apollo', 1)
    expect(ttl).toBeGreaterThan(800)
    expect(ttl).toBeLessThanOrEqual(900)
    expect(await other.askByHash(CITY)).toMatchObject({ known: true, data: { city: 'city Rome' } })
  })

  it('gives persisted queries without a ttl, or with null, that of the cache', async () => {
    for (const options of [{}, { persistedQueries: { ttl: null } }]) {
      const cache = await make()
      const { askByHash } = await serve(cache, options)
      await askByHash(CITY)
      const [ttl] = await stored(cache, 'apollo', 1)
      expect(ttl).toBeGreaterThan(3500)
      expect(ttl).toBeLessThanOrEqual(3600)
      expect(await askByHash(CITY)).toMatchObject({ known: true })
    }
  })

  it('fetches a response of a data source once, also of a long URL', async () => {
    const cache = await make()
    const { ask, calls, logged } = await serve(cache)
    for (const [index, query] of [WEATHER, `{ weather(city: "${'x'.repeat(3000)}") }`].entries()) {
      expect(await ask(query)).toMatchObject({ data: { weather: 'clear' } })
      await stored(cache, 'apollo', index + 1)
      for (let n = 0; n < 3; n++) expect(await ask(query)).toMatchObject({ data: { weather: 'clear' } })
      expect(calls.weather).toBe(index + 1)
    }
    expect(logged).toEqual([])
    expect(Math.max(...(await stored(cache, 'apollo', 2)))).toBeLessThanOrEqual(60)
  })

  it('invalidates responses of a data source by their tags', async () => {
    const cache = await make()
    const { ask, calls } = await serve(cache)
    await ask(WEATHER)
    await ask('{ weather(city: "Bern") }')
    await stored(cache, 'apollo', 2)
    await cache.invalidateTag('city:Rome')
    await ask('{ weather(city: "Bern") }')
    expect(calls.weather).toBe(2)
    await ask(WEATHER)
    expect(calls.weather).toBe(3)
  })
})

it('resolves a query again at the end of its hint, whatever the cache keeps as stale', async () => {
  const clock = new FakeClock()
  const cache = new MemoryCache({ clock, grace: '1h' })
  const { ask, calls } = await serve(cache)
  await ask(CITY)
  await stored(cache, 'responses', 1)
  await clock.advance('59999ms')
  await ask(CITY)
  expect(calls.city).toBe(1)
  await clock.advance('1ms')
  await ask(CITY)
  expect(calls.city).toBe(2)
})
