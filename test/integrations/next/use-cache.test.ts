// The handler of functions with `'use cache'`, as Next.js 16 calls it.
import type { BaseCache } from 'cachette'
import { createCacheHandler, type NextCacheEntry, type NextCacheHandler } from 'cachette/next'
import { beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../support/until.ts'
import { onEachEngine, onServers } from '../caches.ts'

const nextNow = (): number => performance.timeOrigin + performance.now()

function streamOf(...chunks: (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
      controller.close()
    },
  })
}

async function bytesOf(entry: NextCacheEntry | undefined): Promise<Buffer | undefined> {
  return entry && Buffer.from(await new Response(entry.value).arrayBuffer())
}

async function textOf(entry: NextCacheEntry | undefined): Promise<string | undefined> {
  return (await bytesOf(entry))?.toString()
}

function entryOf(text: string | Uint8Array, more: Partial<NextCacheEntry> = {}): NextCacheEntry {
  return {
    value: streamOf(text),
    tags: [],
    stale: 300,
    timestamp: nextNow(),
    expire: 3600,
    revalidate: 900,
    ...more,
  }
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

let keys = 0
const newKey = (): string => JSON.stringify(['function', [++keys], ['build-id']])

/** Makes an entry as Next.js does, whose function begins after a miss. */
async function store(
  handler: NextCacheHandler,
  key: string,
  text: string | Uint8Array,
  more: Partial<NextCacheEntry> = {},
): Promise<void> {
  await handler.refreshTags()
  await handler.get(key, [])
  await handler.set(key, Promise.resolve(entryOf(text, more)))
}

/** Stores a value until it is found, because a first set may come before the order of invalidations is known. */
async function stored(
  handler: NextCacheHandler,
  text: string | Uint8Array,
  more: Partial<NextCacheEntry> = {},
  softTags: string[] = [],
): Promise<string> {
  const key = newKey()
  await until('the entry to be stored', async () => {
    await store(handler, key, text, more)
    return (await handler.get(key, softTags)) !== undefined
  })
  return key
}

describe('a handler of functions with use cache', () => {
  onEachEngine(({ make }) => {
    let cache: BaseCache
    let handler: NextCacheHandler
    beforeAll(async () => {
      cache = await make()
      handler = createCacheHandler({ cache })
    })

    it('gives an entry back, with a new stream for each read', async () => {
      const key = await stored(handler, 'value', { tags: ['a'], stale: 7, expire: 1000, revalidate: 60 })
      const [one, other] = [await handler.get(key, []), await handler.get(key, [])]
      expect(one).toMatchObject({ tags: ['a'], stale: 7, expire: 1000, revalidate: 60 })
      expect(Math.abs(one!.timestamp - nextNow())).toBeLessThan(20_000)
      expect([await textOf(one), await textOf(other)]).toEqual(['value', 'value'])
      expect(await handler.get(newKey(), [])).toBeUndefined()
    })

    it('keeps binary and empty values, and streams of several chunks', async () => {
      const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256)
      expect(await bytesOf(await handler.get(await stored(handler, bytes), []))).toEqual(Buffer.from(bytes))
      expect(await textOf(await handler.get(await stored(handler, ''), []))).toBe('')
      const key = newKey()
      await handler.set(key, Promise.resolve(entryOf('', { value: streamOf('ab', 'cd', 'ef') })))
      expect(await textOf(await handler.get(key, []))).toBe('abcdef')
    })

    it('waits for a set that is pending', async () => {
      const key = newKey()
      await handler.get(key, [])
      const pending = deferred<NextCacheEntry>()
      const set = handler.set(key, pending.promise)
      const read = handler.get(key, [])
      pending.resolve(entryOf('value'))
      expect(await textOf(await read)).toBe('value')
      await set
    })

    it('stores nothing of a function that fails, or whose stream breaks off', async () => {
      const key = newKey()
      await handler.set(key, Promise.reject(new Error('the function failed')))
      expect(await handler.get(key, [])).toBeUndefined()
      const broken = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(Buffer.from('half'))
          controller.error(new Error('broken'))
        },
      })
      await handler.set(key, Promise.resolve(entryOf('', { value: broken })))
      expect(await handler.get(key, [])).toBeUndefined()
    })

    it('ends entries with an invalidated tag, and no others', async () => {
      const [one, other] = [
        await stored(handler, '1', { tags: ['x', 'y'] }),
        await stored(handler, '2', { tags: ['z'] }),
      ]
      await handler.updateTags(['y'])
      expect(await handler.get(one, [])).toBeUndefined()
      expect(await textOf(await handler.get(other, []))).toBe('2')
      await store(handler, one, 'new', { tags: ['x', 'y'] })
      expect(await textOf(await handler.get(one, []))).toBe('new')
    })

    it('ends entries by the soft tags of their reader', async () => {
      const soft = ['_N_T_/layout', '_N_T_/a']
      const key = await stored(handler, 'value', {}, soft)
      expect(await textOf(await handler.get(key, soft))).toBe('value')
      expect(await handler.getExpiration(soft)).toBe(Infinity)
      await until('the tags of the other page to be known', async () => {
        await store(handler, key, 'value')
        return (
          (await handler.get(key, ['_N_T_/b'])) !== undefined && (await handler.get(key, soft)) !== undefined
        )
      })
      await handler.updateTags(['_N_T_/a'])
      expect(await handler.get(key, soft)).toBeUndefined()
      expect(await textOf(await handler.get(key, ['_N_T_/b']))).toBe('value')
    })

    it('never brings back a value whose function began before an invalidation', async () => {
      for (let round = 0; round < 20; round++) {
        const tag = `race${round}`
        const key = await stored(handler, 'first', { tags: [tag] })
        await handler.updateTags([tag])
        expect(await handler.get(key, [])).toBeUndefined()
        const entry = entryOf('old', { tags: [tag] })
        const pending = deferred<NextCacheEntry>()
        const set = handler.set(key, pending.promise)
        const invalidation = handler.updateTags([tag])
        if (round % 2 === 0) await invalidation
        pending.resolve(entry)
        await Promise.all([set, invalidation])
        expect(await handler.get(key, [])).toBeUndefined()
      }
    })

    it('never brings it back if Next.js hands it over only at its end', async () => {
      const key = await stored(handler, 'first', { tags: ['late'] })
      await handler.updateTags(['late'])
      expect(await handler.get(key, [])).toBeUndefined()
      const old = entryOf('old', { tags: ['late'] })
      await handler.updateTags(['late'])
      await handler.refreshTags()
      await handler.set(key, Promise.resolve(old))
      expect(await handler.get(key, [])).toBeUndefined()
    })

    it('serves stale entries to be made anew, until the time of their tag ends', async () => {
      const key = await stored(handler, 'old', { tags: ['soft'] })
      await handler.updateTags(['soft'], { expire: 3600 })
      const stale = await handler.get(key, [])
      expect([stale?.revalidate, await textOf(stale)]).toEqual([-1, 'old'])
      await store(handler, key, 'new', { tags: ['soft'] })
      expect((await handler.get(key, []))?.revalidate).toBe(900)
      await handler.updateTags(['soft'], { expire: 0.2 })
      await until('the stale entry to end', async () => (await handler.get(key, [])) === undefined)
    })

    it('ends entries at once with a time of 0, and never serves them again by a later one', async () => {
      const key = await stored(handler, 'old', { tags: ['zero'] })
      await handler.updateTags(['zero'], { expire: 0 })
      expect(await handler.get(key, [])).toBeUndefined()
      await handler.updateTags(['zero'], { expire: 3600 })
      expect(await handler.get(key, [])).toBeUndefined()
    })

    it('serves stale entries without end if the time is not given', async () => {
      const key = await stored(handler, 'old', { tags: ['endless'] })
      await handler.updateTags(['endless'], {})
      expect((await handler.get(key, []))?.revalidate).toBe(-1)
    })

    it('heeds each of 200 tags', async () => {
      const tags = Array.from({ length: 200 }, (_, index) => `many${index}`)
      const key = await stored(handler, 'value', { tags })
      expect((await handler.get(key, []))?.tags).toHaveLength(200)
      await handler.updateTags(['many199'])
      expect(await handler.get(key, [])).toBeUndefined()
      const again = await stored(handler, 'value', { tags })
      await handler.updateTags(tags)
      expect(await handler.get(again, [])).toBeUndefined()
    })

    it('bounds the life of entries, and stores none that has ended', async () => {
      const key = await stored(handler, 'value', { expire: 4_294_967_294 })
      expect((await handler.get(key, []))?.expire).toBe(4_294_967_294)
      expect(await cache.ttl(`use:${key}`)).toBeLessThanOrEqual(30 * 86_400)
      const none = newKey()
      await store(handler, none, 'value', { expire: 0 })
      expect(await handler.get(none, [])).toBeUndefined()
      const short = await stored(handler, 'value', { expire: 0.3 })
      await until('the entry to expire', async () => (await handler.get(short, [])) === undefined)
    })

    it('takes keys and tags of any text', async () => {
      for (const text of ['!', ' ', '\uD800', 'x'.repeat(5000), '{}:*', '%']) {
        const tags = [`tag${text}`]
        const key = `${text}${newKey()}`
        await until('the entry to be stored', async () => {
          await store(handler, key, text, { tags })
          return (await handler.get(key, tags)) !== undefined
        })
        await handler.updateTags(tags)
        expect(await handler.get(key, [])).toBeUndefined()
      }
    })

    it('heeds invalidations by the cache itself', async () => {
      const key = await stored(handler, 'value', { tags: ['posts'] })
      await cache.invalidateTag('posts')
      expect(await handler.get(key, [])).toBeUndefined()
    })

    it('takes anything else under its keys for a miss', async () => {
      const key = newKey()
      for (const foreign of ['text', 7, null, {}, { place: 'x', tags: [], ttlMs: 1, ageMs: 0, value: {} }]) {
        await cache.set(`use:${key}`, foreign)
        expect(await handler.get(key, [])).toBeUndefined()
      }
    })
  })
})

describe('a handler whose server ends and comes back', () => {
  onServers(({ make, outage }) => {
    it('answers misses, and caches again afterwards', async () => {
      const handler = createCacheHandler({ cache: await make() })
      const key = await stored(handler, 'value', { tags: ['t'] })
      await outage(async () => {
        await handler.refreshTags()
        await handler.updateTags(['t'])
        expect(await handler.get(key, [])).toBeUndefined()
        await handler.set(key, Promise.resolve(entryOf('new', { tags: ['t'] })))
        await handler.updateTags(['t'], { expire: 5 })
      })
      expect(await textOf(await handler.get(await stored(handler, 'again', { tags: ['t'] }), []))).toBe(
        'again',
      )
    })
  })
})
