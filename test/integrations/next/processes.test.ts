// Handlers of several processes over one server, and several handlers of one process.
import { MemoryCache, createCache, storeFrom, BaseCache, OptionsError } from 'cachette'
import { createCacheHandler, createIsrCacheHandler, type NextCacheHandler } from 'cachette/next'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeWithServers, startRedis, type RedisServer } from '../../real/servers/index.ts'
import { until } from '../../support/until.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const nextNow = (): number => performance.timeOrigin + performance.now()

async function store(handler: NextCacheHandler, key: string, text: string, tags: string[]): Promise<void> {
  await handler.get(key, [])
  const value = new Response(text).body!
  const entry = { value, tags, stale: 1, timestamp: nextNow(), expire: 3600, revalidate: 60 }
  await handler.set(key, Promise.resolve(entry))
}

async function textOf(handler: NextCacheHandler, key: string): Promise<string | undefined> {
  const entry = await handler.get(key, [])
  return entry && new Response(entry.value).text()
}

describeWithServers('processes over one server', () => {
  let server: RedisServer
  const open: BaseCache[] = []
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => {
    for (const cache of open) await cache.close()
    await server.close()
  })
  async function process(prefix: string, l1: object | false): Promise<NextCacheHandler> {
    const cache = await createCache({ redis: server.url, prefix, l1, connect: 'required', logger: quiet })
    open.push(cache)
    return createCacheHandler({ cache })
  }

  it.each([
    ['redis', false],
    ['tiered', {}],
  ] as const)('share entries and invalidations (%s)', async (name, l1) => {
    const one = await process(`${name}:`, l1)
    const other = await process(`${name}:`, l1)
    await until('the entry to be stored', async () => {
      await store(one, 'k', 'first', ['t'])
      return (await textOf(one, 'k')) === 'first'
    })
    expect(await textOf(other, 'k')).toBe('first')
    await one.updateTags(['t'])
    expect(await textOf(one, 'k')).toBeUndefined()
    await until('the other to know', async () => (await textOf(other, 'k')) === undefined)
    await until('a new entry to be stored', async () => {
      await store(other, 'k', 'second', ['t'])
      return (await textOf(other, 'k')) === 'second'
    })
    await until('the first to see it', async () => (await textOf(one, 'k')) === 'second')
    await one.updateTags(['t'], { expire: 600 })
    await until('the other to know', async () => (await other.get('k', []))?.revalidate === -1)
  })

  it('never bring back a value that began before the invalidation of another', async () => {
    const one = await process('race:', {})
    const other = await process('race:', {})
    for (let round = 0; round < 20; round++) {
      const key = `k${round}`
      const tag = `t${round}`
      await until('the entry to be stored', async () => {
        await store(one, key, 'first', [tag])
        return (await textOf(one, key)) !== undefined
      })
      await other.updateTags([tag])
      const timestamp = nextNow()
      await other.updateTags([tag])
      const entry = { tags: [tag], stale: 1, expire: 3600, revalidate: 60, timestamp }
      await one.set(key, Promise.resolve({ ...entry, value: new Response('old').body! }))
      await until('the entry to be gone', async () => (await textOf(one, key)) === undefined)
      expect([await textOf(one, key), await textOf(other, key)]).toEqual([undefined, undefined])
    }
  })

  it('begin warm if others have filled the cache', async () => {
    const one = await process('warm:', {})
    await until('the entry to be stored', async () => {
      await store(one, 'k', 'first', ['t'])
      return (await textOf(one, 'k')) !== undefined
    })
    const late = await process('warm:', {})
    expect(await textOf(late, 'k')).toBe('first')
  })

  it('make one cache for each server and prefix, however many handlers there are', async () => {
    const options = { redis: server.url, prefix: 'many:', logger: quiet, l1: { maxEntries: 100 } }
    const count = async (): Promise<number> => {
      const clients = String(await server.command('CLIENT', 'LIST'))
      return clients.trim().split('\n').length
    }
    const first = createCacheHandler({ ...options })
    await until('the first to be connected', async () => {
      await store(first, 'k', 'value', [])
      return (await textOf(first, 'k')) !== undefined
    })
    const before = await count()
    for (let made = 0; made < 50; made++) {
      const Class = createIsrCacheHandler({ ...options, l1: { maxEntries: 100 } })
      await new Class({}).get('/', { kind: 'APP_PAGE' })
      expect(await textOf(createCacheHandler({ ...options }), 'k')).toBe('value')
    }
    expect(await count()).toBe(before)
  })
})

describe('the options of a handler', () => {
  it.each([createCacheHandler, createIsrCacheHandler])('are checked', (create) => {
    const cache = new MemoryCache()
    const wrong: [object, RegExp][] = [
      [{ url: 'redis://localhost' }, /unknown option 'url'; accepted: cache, maxTtl/],
      [{ maxTtl: 0 }, /maxTtl/],
      [{ maxTtl: 'soon' }, /maxTtl.*soon/],
      [{ cache: {} }, /cache: .* is not a cache/],
      [{ cache, prefix: 'x:' }, /prefix: an option of the cache/],
      [{ onError: 'shout' }, /onError/],
      [{ l1: { entries: 5 } }, /l1: unknown option 'entries'/],
      [{ bus: 'none of ours' }, /bus/],
      [{ connect: 'later' }, /connect/],
      [{ policy: 'lax' }, /policy/],
    ]
    for (const [options, message] of wrong) expect(() => create(options)).toThrow(message)
    class Own extends BaseCache {
      constructor() {
        super(storeFrom({ read: () => undefined, write() {}, remove: () => false, keys: () => [] }))
      }
    }
    expect(() => create({ cache: new Own() })).toThrow(OptionsError)
  })

  it('name a wrong build id', () => {
    for (const buildId of ['', 7]) {
      expect(() => createIsrCacheHandler({ buildId: buildId as string })).toThrow(/buildId/)
    }
  })

  it('log what shows only later, and every read is a miss', async () => {
    const errors: unknown[] = []
    const logger = { ...quiet, error: (_: unknown, message: string) => errors.push(message) }
    const handler = createCacheHandler({ redis: 'http://wrong', logger })
    expect(await handler.get('k', [])).toBeUndefined()
    await handler.updateTags(['t'])
    expect(errors).toEqual([expect.stringContaining("the cache can't be made")])
  })
})
