// The provider with the responses that Astro gives it, without Astro.
import { MemoryCache, OptionsError, silentLogger, type BaseCache } from 'cachette'
import { cacheProvider } from 'cachette/astro'
import type { ResponseCacheOptions } from 'cachette/http'
import { FakeClock } from 'cachette/testing'
import { expect, it } from 'vitest'

type Headers = Readonly<Record<string, string>>

const KEPT = { 'CDN-Cache-Control': 'max-age=60, stale-while-revalidate=60', 'Cache-Tag': 'news, a,b' }

/** Makes a provider, and a function that asks for a page whose text counts the calls. */
function open(options: ResponseCacheOptions = {}, decorate: (answer: Response) => Response = (one) => one) {
  const clock = new FakeClock()
  const cache = new MemoryCache({ clock, logger: silentLogger })
  const provider = cacheProvider(cache, options)
  let calls = 0
  const ask = async (path: string, headers: Headers = KEPT, asked: Headers = {}, method = 'GET') => {
    const request = new Request(`http://site.test${path}`, { headers: asked, method })
    const answer = await provider.onRequest({ request }, async () =>
      decorate(new Response(`call ${++calls}`, { headers })),
    )
    const text = await answer.text()
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    return { text, headers: answer.headers, answer }
  }
  return { cache, clock, provider, ask }
}

it('keeps the pages that ask for it, and no others', async () => {
  const { ask } = open()
  expect([(await ask('/a')).text, (await ask('/a')).text]).toEqual(['call 1', 'call 1'])
  const others: readonly Headers[] = [{}, { 'Cache-Control': 'max-age=60' }, { 'Cache-Tag': 'news' }]
  for (const [index, headers] of others.entries()) {
    const first = await ask(`/${index}`, headers)
    expect((await ask(`/${index}`, headers)).text).not.toBe(first.text)
    expect(first.headers.get('cache-control')).toBe(headers['Cache-Control'] ?? null)
  }
})

it('tells browsers to ask again, or what the page says', async () => {
  const { ask } = open()
  for (const text of ['call 1', 'call 1']) {
    const { headers, text: got } = await ask('/a')
    expect([got, headers.get('cache-control'), headers.get('cache-tag')]).toEqual([text, 'no-cache', null])
  }
  for (let round = 0; round < 2; round++) {
    const { headers } = await ask('/b', { ...KEPT, 'Cache-Control': 'max-age=5' })
    expect(headers.get('cache-control')).toBe('max-age=5')
    expect([...headers.keys()].filter((name) => name.startsWith('x-cachette'))).toEqual([])
  }
})

it('gives a page with cookies to its caller only, as it is', async () => {
  const made: Response[] = []
  const { ask } = open({}, (answer) => {
    made.push(answer)
    const cookies = { headers: () => ['user=ada'].values() }
    return Object.assign(answer, { [Symbol.for('astro.cookies')]: cookies })
  })
  for (const text of ['call 1', 'call 2']) {
    const got = await ask('/me')
    expect([got.text, got.answer === made.at(-1)]).toEqual([text, true])
  }
})

it('keeps users apart by their login and cookies', async () => {
  const { ask } = open()
  await ask('/a')
  expect((await ask('/a', KEPT, { authorization: 'ada' })).text).toBe('call 2')
  expect((await ask('/a', KEPT, { cookie: 'user=ada' })).text).toBe('call 3')
  const sharing = open({ ignoreCookies: true })
  await sharing.ask('/a')
  expect((await sharing.ask('/a', KEPT, { cookie: 'seen=1' })).text).toBe('call 1')
})

it.each([
  [{ tags: 'news' }, ['/a', '/a?of=1', '/b']],
  [{ tags: ['none', 'a,b'] }, ['/a', '/a?of=1', '/b']],
  [{ path: '/a' }, ['/a', '/a?of=1']],
  [{ path: '/a?of=1' }, ['/a?of=1']],
  [{ path: '/b', tags: [''] }, ['/b']],
  [{}, []],
])('forgets by %o', async (invalidation, forgotten) => {
  const { ask, provider } = open()
  const paths = ['/a', '/a?of=1', '/b']
  const texts = new Map<string, string>()
  for (const path of paths) texts.set(path, (await ask(path)).text)
  await provider.invalidate(invalidation)
  const again = await Promise.all(paths.map(async (path) => (await ask(path)).text))
  expect(paths.filter((path, index) => again[index] !== texts.get(path))).toEqual(forgotten)
})

it('serves a stale page, loads it in the background, and forgets it after a POST', async () => {
  const { ask, clock } = open()
  await ask('/a')
  await clock.advance(70)
  expect((await ask('/a')).text).toBe('call 1')
  expect((await ask('/a')).text).toBe('call 2')
  expect((await ask('/a', {}, {}, 'POST')).text).toBe('call 3')
  expect((await ask('/a')).text).toBe('call 4')
})

it('answers once the cache is closed', async () => {
  const { ask, cache } = open()
  await cache.close()
  expect([(await ask('/a')).text, (await ask('/a')).text]).toEqual(['call 1', 'call 2'])
})

it('refuses wrong arguments', () => {
  expect(() => cacheProvider({} as BaseCache)).toThrow(OptionsError)
  expect(() => cacheProvider(new MemoryCache(), { tags: 5 as never })).toThrow('tags: 5 is not a function')
  expect(() => cacheProvider(new MemoryCache(), { tll: 5 } as object)).toThrow(OptionsError)
})
