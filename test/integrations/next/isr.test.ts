// The cache of pages, routes, fetches and images, as Next.js 16 calls it.
import { MemoryCache, type BaseCache } from 'cachette'
import { createIsrCacheHandler, type IsrHandler, type IsrHandlerClass } from 'cachette/next'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../support/until.ts'
import { onEachEngine, onServers } from '../caches.ts'

type Handler = IsrHandler<object>

let keys = 0
const newKey = (): string => `/route-cache/APP_PAGE/${++keys}/$/index`

function page(html: string, tags: string): object {
  return {
    kind: 'APP_PAGE',
    html,
    rscData: Buffer.from([0, 255, 128, 10]),
    postponed: 'later',
    status: 200,
    headers: { 'x-next-cache-tags': tags, 'content-type': 'text/html' },
    segmentData: new Map([
      ['/_tree', Buffer.from([1, 2, 3])],
      ['/__PAGE__', Buffer.alloc(0)],
    ]),
  }
}

const fetched = (body: string, tags?: string[]): object => ({
  kind: 'FETCH',
  data: { headers: { a: 'b' }, body, url: 'https://example.com', status: 200 },
  revalidate: 60,
  ...(tags && { tags }),
})

const PAGE = { kind: 'APP_PAGE', isFallback: false }
const HOUR = { revalidate: 3600, expire: 86_400 }

/** Stores a page as a request does, with handlers of its own, until it is found. */
async function stored(Class: IsrHandlerClass<object>, data: object, context: object = PAGE): Promise<string> {
  const key = newKey()
  await until('the entry to be stored', async () => {
    const handler: Handler = new Class({})
    await handler.get(key, context as typeof PAGE)
    const isFetch = Reflect.get(context, 'kind') === 'FETCH'
    await handler.set(key, data, isFetch ? { fetchCache: true, ...context } : { cacheControl: HOUR })
    return (await new Class({}).get(key, context as typeof PAGE)) !== null
  })
  return key
}

describe('an ISR handler', () => {
  onEachEngine(({ make }) => {
    let Class: IsrHandlerClass<object>
    let cache: BaseCache
    beforeAll(async () => {
      cache = await make()
      Class = createIsrCacheHandler({ cache })
    })
    const read = async (key: string, context: object = PAGE) => new Class({}).get(key, context as typeof PAGE)

    it('gives pages back with their Buffers, Maps and lifetime', async () => {
      const key = await stored(Class, page('<p>1</p>', 'a,_N_T_/'))
      const found = await read(key)
      expect(found).toMatchObject({ value: page('<p>1</p>', 'a,_N_T_/'), cacheControl: HOUR })
      const { segmentData, rscData } = found!.value as { segmentData: Map<string, Buffer>; rscData: Buffer }
      expect(segmentData).toBeInstanceOf(Map)
      expect([Buffer.isBuffer(rscData), Buffer.isBuffer(segmentData.get('/_tree'))]).toEqual([true, true])
      expect(Math.abs(found!.lastModified - Date.now())).toBeLessThan(20_000)
      expect(await read(newKey())).toBeNull()
    })

    it.each([
      { kind: 'APP_ROUTE', body: Buffer.from([0, 1, 254]), status: 200, headers: { x: 'y' } },
      { kind: 'PAGES', html: '<p/>', pageData: { props: { n: 1 } }, status: 200, headers: {} },
      {
        kind: 'IMAGE',
        etag: 'e',
        upstreamEtag: 'u',
        buffer: Buffer.from([9, 8]),
        extension: 'webp',
        revalidate: 60,
      },
      { kind: 'REDIRECT', props: { pageProps: { __N_REDIRECT: '/x' } } },
    ])('keeps $kind', async (value) => {
      const context = { kind: value.kind === 'REDIRECT' ? 'PAGES' : value.kind, isFallback: false }
      const key = await stored(Class, value, context)
      expect((await read(key, context))?.value).toEqual(value)
    })

    it('keeps that there is no such page', async () => {
      const key = await stored(Class, page('x', ''))
      const handler = new Class({})
      await handler.get(key, PAGE)
      await handler.set(key, null, { cacheControl: HOUR })
      expect(await read(key)).toMatchObject({ value: null })
    })

    it('tells fetches from pages with the same key', async () => {
      const key = await stored(Class, page('x', ''))
      expect(await read(key, { kind: 'FETCH' })).toBeNull()
    })

    it('ends pages by the tags in their header', async () => {
      const key = await stored(Class, page('x', 'posts, user ,_N_T_/layout'))
      await new Class({}).revalidateTag('user')
      expect(await read(key)).toBeNull()
    })

    it('ends fetches by their tags, and by the tags and soft tags of the reader', async () => {
      const context = { kind: 'FETCH', tags: ['f'], softTags: ['_N_T_/'] }
      const one = await stored(Class, fetched('1', ['own']), context)
      expect((await read(one, context))?.value).toEqual(fetched('1', ['own']))
      for (const tag of ['own', 'f', '_N_T_/']) {
        const key = await stored(Class, fetched('2', ['own']), context)
        await new Class({}).revalidateTag([tag])
        expect(await read(key, context)).toBeNull()
      }
    })

    it('lets stale pages and fetches be made anew in the background', async () => {
      const context = { kind: 'FETCH', tags: ['s'], softTags: [], revalidate: 100 }
      const [key, ofFetch] = [
        await stored(Class, page('x', 's')),
        await stored(Class, fetched('1', ['s']), context),
      ]
      await new Class({}).revalidateTag('s', { expire: 3600 })
      const found = await read(key)
      expect(found).toMatchObject({ value: { html: 'x' }, cacheControl: { revalidate: 1, expire: 86_400 } })
      expect(Date.now() - found!.lastModified).toBeGreaterThan(1000)
      const fetch = await read(ofFetch, context)
      expect(Date.now() - fetch!.lastModified).toBeGreaterThan(100_000)
      await new Class({}).revalidateTag('s')
      expect([await read(key), await read(ofFetch, context)]).toEqual([null, null])
    })

    it('never brings back a page that began before an invalidation', async () => {
      for (let round = 0; round < 20; round++) {
        const key = await stored(Class, page('first', `p${round}`))
        const handler = new Class({})
        await new Class({}).revalidateTag(`p${round}`)
        expect(await handler.get(key, PAGE)).toBeNull()
        const invalidation = new Class({}).revalidateTag(`p${round}`)
        if (round % 2 === 0) await invalidation
        await handler.set(key, page('old', `p${round}`), { cacheControl: HOUR })
        await invalidation
        expect(await read(key)).toBeNull()
      }
    })

    it('ends entries with the time that their lifetime gives', async () => {
      const handler = new Class({})
      const key = await stored(Class, page('x', ''))
      await handler.get(key, PAGE)
      await handler.set(key, page('y', ''), { cacheControl: { revalidate: 1, expire: 0.3 } })
      await until('the page to expire', async () => (await read(key)) === null)
    })
  })

  it('forgets looks, because the handler of images lives as long as its process', async () => {
    const Class = createIsrCacheHandler({ cache: new MemoryCache() })
    await stored(Class, page('x', 'other'))
    const handler: Handler = new Class({})
    // A page that began with the handler is out of date from here on, and one that begins with a look is not.
    await handler.revalidateTag('seen')
    const isStored = async (looks: number): Promise<boolean> => {
      const key = newKey()
      await handler.get(key, PAGE)
      for (let look = 0; look < looks; look++) await handler.get(newKey(), PAGE)
      await handler.set(key, page('x', 'seen'), { cacheControl: HOUR })
      return (await handler.get(key, PAGE)) !== null
    }
    expect([await isStored(900), await isStored(1100)]).toEqual([true, false])
  })

  it('keeps pages of builds apart, and shares fetches', async () => {
    const cache = new MemoryCache({ ttl: '1h' })
    const home = mkdtempSync(join(tmpdir(), 'cachette-builds-'))
    try {
      const dirs = ['one', 'two'].map((build) => {
        mkdirSync(join(home, build, 'server'), { recursive: true })
        writeFileSync(join(home, build, 'BUILD_ID'), `${build}\n`)
        return join(home, build, 'server')
      })
      const Class = createIsrCacheHandler({ cache })
      const [one, two] = dirs.map((serverDistDir) => new Class({ serverDistDir })) as [Handler, Handler]
      await one.get('/', PAGE)
      await one.set('/', page('one', ''), { cacheControl: HOUR })
      await one.get('f', { kind: 'FETCH' })
      await one.set('f', fetched('1'), { fetchCache: true })
      expect([await one.get('/', PAGE), await two.get('/', PAGE)]).toMatchObject([
        { value: { html: 'one' } },
        null,
      ])
      expect(await two.get('f', { kind: 'FETCH' })).toMatchObject({ value: fetched('1') })
    } finally {
      rmSync(home, { recursive: true })
    }
  })
})

describe('an ISR handler whose server ends and comes back', () => {
  onServers(({ make, outage }) => {
    it('answers misses, and caches again afterwards', async () => {
      const Class = createIsrCacheHandler({ cache: await make() })
      const key = await stored(Class, page('x', 't'))
      await outage(async () => {
        const handler = new Class({})
        await handler.revalidateTag('t')
        expect(await handler.get(key, PAGE)).toBeNull()
        await handler.set(key, page('y', 't'), { cacheControl: HOUR })
        handler.resetRequestCache()
      })
      const again = await stored(Class, page('z', 't'))
      expect(await new Class({}).get(again, PAGE)).toMatchObject({ value: { html: 'z' } })
    })
  })
})
