// Each option of a response cache does what docs/http.md says.
import { MemoryCache, silentLogger } from 'cachette'
import { ResponseCache, type ResponseCacheOptions } from 'cachette/http'
import { FakeClock } from 'cachette/testing'
import { expect, it } from 'vitest'

const URL_OF_PAGE = 'http://example.test/page'
const FRESH = { 'Cache-Control': 'max-age=60' }

interface Answered {
  readonly text: string
  readonly told: string
  readonly headers: Headers
}

/** Makes a cache, and a function that asks for a page, whose text counts the calls of the handler. */
function open(options: ResponseCacheOptions, headers: Readonly<Record<string, string>> = FRESH) {
  const clock = new FakeClock()
  const cache = new MemoryCache({ clock, logger: silentLogger })
  const responses = new ResponseCache(cache, options)
  let calls = 0
  const ask = async (
    asked: Readonly<Record<string, string>> = {},
    { method = 'GET', url = URL_OF_PAGE } = {},
  ): Promise<Answered> => {
    const response = await responses.handle(new Request(url, { method, headers: asked }), async () => {
      return new Response(`call ${++calls}`, { headers })
    })
    const text = await response.text()
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    return { text, told: response.headers.get('cache-status') ?? '', headers: response.headers }
  }
  return { cache, clock, responses, ask }
}

it.each([
  ['Cache-Tag', 'pages,page:7,news'],
  ['Surrogate-Key', 'pages page:7 news'],
] as const)('sendTags: %s tells them, once and on hits', async (sendTags, told) => {
  const tags = (): string[] => ['news', 'pages']
  const { cache, ask } = open(
    { sendTags, tags },
    { ...FRESH, 'Cache-Tag': 'pages', 'Surrogate-Key': 'page:7' },
  )
  for (const status of ['stored', 'hit']) {
    const { headers, told: cacheStatus } = await ask()
    expect(cacheStatus).toContain(status)
    expect(headers.get(sendTags)).toBe(told)
    expect(headers.has(sendTags === 'Cache-Tag' ? 'Surrogate-Key' : 'Cache-Tag')).toBe(false)
  }
  await cache.invalidateTag('news')
  expect((await ask()).text).toBe('call 2')
})

it('tells no tags by default', async () => {
  const { ask } = open({}, { ...FRESH, 'Cache-Tag': 'pages', 'Surrogate-Key': 'page:7' })
  for (const { headers } of [await ask(), await ask()])
    expect([headers.has('Cache-Tag'), headers.has('Surrogate-Key')]).toEqual([false, false])
})

it('tags: any text that can be a tag, though a header can not tell it', async () => {
  const tags = ['strasse', '標籤', 'a,b', 'two words']
  const { cache, ask } = open({ tags: () => tags, sendTags: 'Surrogate-Key' })
  for (const [index, tag] of tags.entries()) {
    expect((await ask()).text).toBe(`call ${index + 1}`)
    const hit = await ask()
    expect([hit.text, hit.headers.get('Surrogate-Key')]).toEqual([`call ${index + 1}`, 'strasse'])
    await cache.invalidateTag(tag)
  }
  expect((await ask()).text).toBe(`call ${tags.length + 1}`)
})

it.each([
  ['returns a promise', () => Promise.resolve(['late']) as never],
  [
    'throws at once',
    () => {
      throw new Error('no tags')
    },
  ],
  ['returns no list', () => 7 as never],
  ['returns what is no text', () => [undefined] as never],
  ['returns too many', () => Array.from({ length: 1000 }, (_, index) => `tag ${index}`)],
] as const)('tags: a function that %s leaves the response unstored', async (_, tags) => {
  const { ask } = open({ tags })
  for (const text of ['call 1', 'call 2']) {
    const answer = await ask()
    expect([answer.text, answer.told]).toEqual([text, 'Cachette; fwd=uri-miss; detail=tags'])
  }
})

it('maxVariants: so many besides the first, for as long as they live', async () => {
  const { clock, ask } = open({ maxVariants: 2 }, { ...FRESH, Vary: 'Accept' })
  const texts = async (): Promise<string[]> => {
    const told: string[] = []
    for (const accept of ['a', 'b', 'c', 'd']) told.push((await ask({ accept })).told)
    return told
  }
  await texts()
  const after = await texts()
  expect(after.map((told) => told.includes('hit'))).toEqual([true, true, true, false])
  expect(after[3]).toContain('detail=variants')
  // Variants that expire and are stored anew take no further place.
  for (let round = 0; round < 5; round++) {
    await clock.advance(61)
    await texts()
    expect((await texts()).filter((told) => told.includes('hit'))).toHaveLength(3)
  }
})

it('maxVariants: variants that expire at other times than the rest take no further place', async () => {
  const { clock, ask } = open({ maxVariants: 3 }, { ...FRESH, Vary: 'Accept' })
  await ask({ accept: 'a' })
  // Each is stored anew at its own time, so that the count never ends.
  for (let round = 0; round < 40; round++) {
    await ask({ accept: 'abc'[round % 3]! })
    await clock.advance(25)
  }
  await ask({ accept: 'b' })
  expect((await ask({ accept: 'b' })).told).toContain('hit')
})

it('maxBodyBytes: a larger body passes through, with and without its length', async () => {
  const { cache, responses } = open({ maxBodyBytes: 10 })
  const ask = async (
    body: string | ReadableStream<Uint8Array>,
    headers: Record<string, string>,
    path: string,
  ): Promise<string[]> => {
    const request = new Request(`http://example.test/${path}`)
    const response = await responses.handle(request, async () => new Response(body, { headers }))
    const text = await response.text()
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    return [text, response.headers.get('cache-status') ?? '']
  }
  const chunks = (): ReadableStream<Uint8Array> =>
    ReadableStream.from(['12345', '67890', '1'].map((chunk) => new TextEncoder().encode(chunk)))
  for (let round = 0; round < 2; round++) {
    const [text, told] = await ask('12345678901', { ...FRESH, 'Content-Length': '11' }, 'length')
    expect([text, told]).toEqual(['12345678901', 'Cachette; fwd=uri-miss; detail=size'])
    expect((await ask(chunks(), FRESH, 'chunks'))[0]).toBe('12345678901')
  }
  expect(await ask('1234567890', FRESH, 'fits')).toEqual([
    '1234567890',
    'Cachette; fwd=uri-miss; ttl=60; stored',
  ])
  expect(await ask('other', FRESH, 'fits')).toEqual(['1234567890', 'Cachette; hit; ttl=60'])
  expect(await ask('other', FRESH, 'chunks')).toEqual(['other', expect.stringContaining('fwd=uri-miss')])
  await cache.close()
})

it('waitUntil: gets the work that goes on after the response', async () => {
  const works: Promise<unknown>[] = []
  const { clock, ask } = open(
    { waitUntil: (work) => void works.push(work) },
    { 'Cache-Control': 'max-age=60, stale-while-revalidate=60' },
  )
  await ask()
  expect(works).toHaveLength(1)
  await clock.advance(70)
  expect((await ask()).text).toBe('call 1')
  expect(works).toHaveLength(2)
  await Promise.all(works)
  expect((await ask()).text).toBe('call 2')
})

it('wait: a request calls its own handler after that time', async () => {
  const { clock, cache, responses } = open({ wait: '2s' })
  let calls = 0
  const handler = async (): Promise<Response> => {
    if (++calls === 1) await new Promise(() => {})
    return new Response(`call ${calls}`, { headers: FRESH })
  }
  void responses.handle(new Request(URL_OF_PAGE), handler)
  const second = responses.handle(new Request(URL_OF_PAGE), handler)
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  await clock.advance(1.9)
  expect(calls).toBe(1)
  await clock.advance(0.2)
  expect(await (await second).text()).toBe('call 2')
  void cache
})

it('gives up the load of a handler that does not answer, so that the next request is stored', async () => {
  const { clock, responses } = open({})
  let release = (): void => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let calls = 0
  const handler = async (): Promise<Response> => {
    const call = ++calls
    if (call === 1) await held
    return new Response(`call ${call}`, { headers: FRESH })
  }
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  const ask = async (): Promise<string> => {
    const answer = await responses.handle(new Request(URL_OF_PAGE), handler)
    const text = await answer.text()
    await turns()
    return `${text} ${answer.headers.get('cache-status')}`
  }
  const first = ask()
  await turns()
  await clock.advance(61)
  await turns()
  expect(await ask()).toBe('call 2 Cachette; fwd=uri-miss; ttl=60; stored')
  expect(await ask()).toBe('call 2 Cachette; hit; ttl=60')
  release()
  expect(await first).toBe('call 1 Cachette; fwd=uri-miss; detail=late')
  expect(await ask()).toBe('call 2 Cachette; hit; ttl=60')
})

it('gives up the load of a body that does not end, and passes it on', async () => {
  const { clock, responses } = open({})
  let calls = 0
  const bodies: ReadableStreamDefaultController<Uint8Array>[] = []
  const handler = async (): Promise<Response> => {
    const text = new TextEncoder().encode(`call ${++calls}`)
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(text)
        if (calls === 1) bodies.push(controller)
        else controller.close()
      },
    })
    return new Response(body, { headers: FRESH })
  }
  const first = await responses.handle(new Request(URL_OF_PAGE), handler)
  await clock.advance(61)
  const second = await responses.handle(new Request(URL_OF_PAGE), handler)
  expect(await second.text()).toBe('call 2')
  bodies[0]!.enqueue(new TextEncoder().encode(', the end'))
  bodies[0]!.close()
  expect(await first.text()).toBe('call 1, the end')
})

it('key: names the resource, also for methods that change it, by headers of the request', async () => {
  const key = ({ url, headers }: Request): string => `${headers.get('x-tenant')} ${new URL(url).pathname}`
  const { ask } = open({ key })
  const of = (tenant: string): Record<string, string> => ({ 'x-tenant': tenant })
  expect((await ask(of('one'))).text).toBe('call 1')
  expect((await ask(of('two'))).text).toBe('call 2')
  expect((await ask(of('one'), { url: `${URL_OF_PAGE}?utm=1` })).text).toBe('call 1')
  await ask(of('one'), { method: 'POST' })
  expect((await ask(of('two'))).text).toBe('call 2')
  expect((await ask(of('one'))).text).toBe('call 4')
})

it('key: invalidate takes a request, whose headers the key may need', async () => {
  const key = ({ url, headers }: Request): string => `${headers.get('x-tenant')} ${url}`
  const { responses, ask } = open({ key })
  const headers = { 'x-tenant': 'one' }
  await ask(headers)
  await responses.invalidate(new Request(URL_OF_PAGE, { headers }))
  expect((await ask(headers)).text).toBe('call 2')
})

it('skip: such requests have nothing to do with the cache', async () => {
  const { ask } = open({ skip: ({ headers }) => headers.has('x-preview') })
  await ask()
  const preview = await ask({ 'x-preview': '1' })
  expect([preview.text, preview.told]).toEqual(['call 2', 'Cachette; fwd=bypass'])
  expect((await ask()).text).toBe('call 1')
})

it('ignoreCookies: cookies make no difference', async () => {
  for (const ignoreCookies of [false, true]) {
    const { ask } = open({ ignoreCookies })
    await ask({ cookie: 'sid=ada' })
    const { text, told } = await ask({ cookie: 'sid=bob' })
    expect([text, told.includes('hit')]).toEqual(ignoreCookies ? ['call 1', true] : ['call 2', false])
  }
})

it('name and ignoreRequestDirectives', async () => {
  const { ask } = open({ name: 'edge of "x"', ignoreRequestDirectives: true })
  await ask({ 'cache-control': 'no-store' })
  expect((await ask({ 'cache-control': 'no-cache' })).told).toBe('"edge of \\"x\\""; hit; ttl=60')
})
