import { MemoryCache, OptionsError } from 'cachette'
import { ResponseCache } from 'cachette/http'
import { expect, it } from 'vitest'
import { until } from '../../support/until.ts'

const PAGE = 'http://example.test/page'

it.each(['tag', 'url', 'POST'] as const)(
  'an invalidation by %s wins over a load that it overlaps',
  async (by) => {
    const cache = new MemoryCache()
    const responses = new ResponseCache(cache)
    let calls = 0
    let text = 'old'
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const handler = async (): Promise<Response> => {
      const read = text
      if (++calls === 1) await held
      return new Response(read, { headers: { 'Cache-Control': 'max-age=60', 'Cache-Tag': 'pages' } })
    }
    const ask = async (): Promise<string> => (await responses.handle(new Request(PAGE), handler)).text()
    const early = ask()
    await until('the load to begin', async () => calls === 1)
    text = 'new'
    if (by === 'tag') await cache.invalidateTag('pages')
    else if (by === 'url') await responses.invalidate(PAGE)
    else await responses.handle(new Request(PAGE, { method: 'POST' }), async () => new Response('done'))
    const late = ask()
    release()
    expect([await early, await late, await ask()]).toEqual(['old', 'new', 'new'])
    await cache.close()
  },
)

it('refuses what is no cache, and unknown options', () => {
  expect(() => new ResponseCache({} as MemoryCache)).toThrow(OptionsError)
  const options = { maxAge: 1 }
  expect(() => new ResponseCache(new MemoryCache(), options as object)).toThrow(/unknown option 'maxAge'/)
})
