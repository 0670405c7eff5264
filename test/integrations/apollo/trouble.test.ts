// Apollo Server over a cache that fails, is closed, or loses its server.
import { MemoryCache, silentLogger } from 'cachette'
import { expect, it, onTestFinished } from 'vitest'
import { deferred } from '../../support/deferred.ts'
import { until } from '../../support/until.ts'
import { onServers } from '../caches.ts'
import { serve, type Service } from './service.ts'

const city = (name: string): string => `{ city(name: "${name}") }`

/** Uses every feature of Apollo that has a cache, and expects right answers. */
async function useAll({ ask, askByHash }: Service, name: string): Promise<void> {
  const right = { data: { city: `city ${name}` } }
  expect(await ask(city(name))).toMatchObject(right)
  expect(await ask(city(name), 'Ann')).toMatchObject(right)
  expect(await askByHash(`{ a: city(name: "${name}") }`)).toMatchObject({ data: { a: `city ${name}` } })
  expect(await ask(`{ weather(city: "${name}") }`)).toMatchObject({ data: { weather: 'clear' } })
  expect(await ask('{ greeting }', name)).toMatchObject({ data: { greeting: `hello ${name}` } })
  expect(await ask('mutation { rename }')).toMatchObject({ data: { rename: 'renamed' } })
}

/** Expects that every feature answers from the cache again. */
async function expectCaching({ ask, askByHash, calls }: Service): Promise<void> {
  const seen = { ...calls }
  await until('responses, persisted queries and fetches to be cached', async () => {
    await ask(city('Oslo'))
    await ask('{ weather(city: "Oslo") }')
    const { known } = await askByHash('{ b: city(name: "Oslo") }')
    const before = { ...calls }
    await ask(city('Oslo'))
    await ask('{ weather(city: "Oslo") }')
    return known && before.city === calls.city && before.weather === calls.weather
  })
  expect([calls.city > seen.city, calls.weather > seen.weather]).toEqual([true, true])
}

/** Collects unhandled rejections until the end of the test. */
function noteRejections(): readonly unknown[] {
  const rejected: unknown[] = []
  const note = (error: unknown): void => void rejected.push(error)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  return rejected
}

it('answers over a cache that is closed', async () => {
  const rejected = noteRejections()
  const cache = new MemoryCache({ logger: silentLogger })
  const service = await serve(cache)
  await useAll(service, 'Rome')
  await cache.close()
  await useAll(service, 'Rome')
  await useAll(service, 'Bern')
  expect([service.logged, rejected]).toEqual([[], []])
})

onServers(({ make, outage }) => {
  it('answers while the server is away, also a request under way, and caches again afterwards', async () => {
    const rejected = noteRejections()
    const service = await serve(await make())
    await useAll(service, 'Rome')
    const [arrived, held] = [deferred(), deferred()]
    service.wait = async () => {
      arrived.resolve()
      await held.promise
    }
    const underWay = service.ask(city('Paris'))
    await arrived.promise
    service.wait = async () => {}
    await outage(async () => {
      held.resolve()
      expect(await underWay).toMatchObject({ data: { city: 'city Paris' } })
      for (const name of ['Rome', 'Bern', 'Bonn']) await useAll(service, name)
    })
    await expectCaching(service)
    expect([service.logged, rejected]).toEqual([[], []])
  })

  it("answers with onError: 'throw' while the server is away", async () => {
    const rejected = noteRejections()
    const cache = await make({ onError: 'throw' })
    const service = await serve(cache)
    await useAll(service, 'Rome')
    await outage(async () => {
      await expect(cache.set('a', 'x')).rejects.toThrow()
      for (const name of ['Rome', 'Bern', 'Bonn']) await useAll(service, name)
    })
    await expectCaching(service)
    expect([service.logged, rejected]).toEqual([[], []])
  })

  it('answers once the cache on the server is closed', async () => {
    const cache = await make({ onError: 'throw' })
    const service = await serve(cache)
    await useAll(service, 'Rome')
    await cache.close()
    for (const name of ['Rome', 'Bern']) await useAll(service, name)
    expect(service.logged).toEqual([])
  })
})
