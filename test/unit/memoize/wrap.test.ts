import { describe, expect, it } from 'vitest'
import { key, MemoryCache, type BaseCache } from '../../../src/index.ts'
import { loadContext } from '../../../src/memoize/index.ts'
import { FakeClock, MockCache } from '../../../src/testing/index.ts'
import { deferred, settle } from '../../support/deferred.ts'
import { failureOf, thrownBy } from '../../support/error-of.ts'

function counted<Args extends readonly unknown[], T>(fn: (...args: Args) => T) {
  const calls: Args[] = []
  const counting = (...args: Args): T => {
    calls.push(args)
    return fn(...args)
  }
  return Object.assign(counting, { calls })
}

const newCache = (clock = new FakeClock()): BaseCache => new MemoryCache({ clock })

describe('a wrapped function', () => {
  it('is called once for equal arguments, whatever the order of their properties', async () => {
    const fn = counted(async (filter: { page: number; name?: string }, limit: number) => [filter.page, limit])
    const list = newCache().wrap(fn, { name: 'users' })

    expect(await list({ page: 1, name: 'a' }, 10)).toEqual([1, 10])
    expect(await list({ name: 'a', page: 1 }, 10)).toEqual([1, 10])
    expect(fn.calls.length).toBe(1)

    await list({ page: 2, name: 'a' }, 10)
    await list({ page: 1, name: 'a' }, 11)
    expect(fn.calls.length).toBe(3)
  })

  it('shares nothing with another of the same arguments', async () => {
    const cache = newCache()
    const sum = cache.wrap((a: number, b: number) => a + b, { name: 'sum' })
    const product = cache.wrap((a: number, b: number) => a * b, { name: 'product' })

    expect([await sum(3, 4), await product(3, 4)]).toEqual([7, 12])
  })

  it('shares one call among concurrent callers, and its error', async () => {
    const fn = counted(async (id: number) => {
      await settle()
      throw new Error(`no ${id}`)
    })
    const find = newCache().wrap(fn, { name: 'user' })
    const errors = await Promise.all([failureOf(() => find(1)), failureOf(() => find(1))])

    expect(errors[0]).toBe(errors[1])
    expect(fn.calls.length).toBe(1)
    await failureOf(() => find(1))
    expect(fn.calls.length).toBe(2)
  })

  it('stores null, and undefined not', async () => {
    const fn = counted((id: number) => (id === 0 ? null : undefined))
    const find = newCache().wrap(fn, { name: 'user' })

    expect([await find(0), await find(0), await find(1), await find(1)]).toEqual([
      null,
      null,
      undefined,
      undefined,
    ])
    expect(fn.calls).toEqual([[0], [1], [1]])
  })

  it('keeps `this`, the name and the number of parameters', async () => {
    class Shop {
      readonly rate = 2
      async price(this: Shop, amount: number, _currency: string) {
        return amount * this.rate
      }
    }
    const price = newCache().wrap(Shop.prototype.price, { name: 'price' })

    expect(await price.call(new Shop(), 4, 'EUR')).toBe(8)
    expect([price.name, price.length]).toEqual(['price', 2])
  })

  it('is called as without arguments that are undefined at the end', async () => {
    const fn = counted(async (..._all: (number | undefined)[]) => _all.length)
    const count = newCache().wrap(fn, { name: 'count' })

    expect([
      await count(1, undefined),
      await count(1),
      await count(undefined, 1),
      await count(undefined),
    ]).toEqual([1, 1, 2, 0])
    expect(count.key(1, undefined)).toBe(count.key(1))
    expect(fn.calls).toEqual([[1], [undefined, 1], []])
  })

  it('rejects for an argument that can not be part of a key, and says what to do', async () => {
    class Tenant {
      readonly id = 1
    }
    const find = newCache().wrap(
      async function findTenant(tenant: Tenant) {
        return tenant.id
      },
      { name: 'tenant' },
    )

    expect(await failureOf(() => find(new Tenant()))).toMatchObject({
      code: 'ERR_CACHE_KEY',
      message:
        "wrap findTenant: $[0] is an instance of Tenant, which can't be part of a key; pass its id or plain data; the option `key` chooses what counts",
    })
  })

  it('goes through the methods of its cache', async () => {
    const cache = new MockCache()
    const find = cache.wrap((id: number) => id, { name: 'user' })
    cache.answer('getOrSet', 'user:[1]', 100)

    expect([await find(1), await find(2)]).toEqual([100, 2])
    await find.invalidate(2)
    expect(cache.calls.map(({ method, args }) => [method, args[0]])).toEqual([
      ['getOrSet', 'user:[1]'],
      ['getOrSet', 'user:[2]'],
      ['invalidate', 'user:[2]'],
    ])
  })

  it('belongs to its namespace', async () => {
    const cache = newCache()
    const users = cache.namespace('user')
    const fn = counted((id: number) => id)
    const find = users.wrap(fn, { name: 'find' })

    await find(1)
    expect(await cache.has('user:find:[1]')).toBe(true)
    await users.clear()
    await find(1)
    expect(fn.calls.length).toBe(2)
  })
})

describe('its key', () => {
  it('is the name and the arguments, as key.fn builds it', () => {
    const invoice = newCache().wrap((id: number, currency: string) => `${id}${currency}`, {
      name: 'billing:invoice',
    })

    expect(invoice.key(7, 'EUR')).toBe('billing:invoice:[7,"EUR"]')
    expect(invoice.key(7, 'EUR')).toBe(key.fn('billing', 'invoice', [7, 'EUR']))
  })

  it('has a bounded length', () => {
    const search = newCache().wrap((text: string) => text, { name: 'search' })

    expect(search.key('x'.repeat(5000))).toMatch(/^search:\[sha256 [0-9a-f]{64}\]$/)
  })

  it('is what the option says, as text or as parts', async () => {
    const cache = newCache()
    const byText = cache.wrap((user: { id: number }) => user.id, { key: (user) => `user:${user.id}` })
    const byParts = cache.wrap((user: { id: string }) => user.id, { key: ({ id }) => ['user', id] })

    expect(byText.key({ id: 7 })).toBe('user:7')
    expect(byParts.key({ id: 'a:b' })).toBe('user:a%3Ab')
    expect(await byParts({ id: 'a:b' })).toBe('a:b')
    expect(await cache.get('user:a%3Ab')).toBe('a:b')
  })

  it('is refused when the option answers anything else', async () => {
    const find = newCache().wrap(
      function find(id: number) {
        return id
      },
      { key: (id) => id as never },
    )

    expect(await failureOf(() => find(7))).toMatchObject({
      code: 'ERR_CACHE_OPTIONS',
      message: 'wrap find: key: answered 7, not text or a list of parts',
    })
  })

  it('leaves an error of the option as it is', async () => {
    const error = new Error('no id')
    const find = newCache().wrap((id: number) => id, {
      key: () => {
        throw error
      },
    })

    expect(await failureOf(() => find(7))).toBe(error)
  })
})

describe('invalidate', () => {
  it('removes the answer for these arguments alone', async () => {
    const fn = counted((id: number) => id)
    const find = newCache().wrap(fn, { name: 'user' })
    await find(1)
    await find(2)

    expect(await find.invalidate(1)).toMatchObject({ l1: 'acked', l2: 'none' })
    await find(1)
    await find(2)
    expect(fn.calls).toEqual([[1], [2], [1]])
  })

  it('voids a load that is under way', async () => {
    const answers = [deferred<string>(), deferred<string>()]
    let calls = 0
    const find = newCache().wrap((_id: number) => answers[calls++]!.promise, { name: 'user' })

    const early = find(1)
    await settle()
    await find.invalidate(1)
    const late = find(1)
    await settle()
    answers[0]!.resolve('old')
    answers[1]!.resolve('new')
    expect([await early, await late, await find(1)]).toEqual(['old', 'new', 'new'])
  })
})

describe('refresh', () => {
  it('calls the function whatever is stored, and stores the answer', async () => {
    let version = 0
    const find = newCache().wrap((id: number) => `${id} v${++version}`, { name: 'user', ttl: '1m' })

    expect([await find(1), await find(1), await find.refresh(1), await find(1)]).toEqual([
      '1 v1',
      '1 v1',
      '1 v2',
      '1 v2',
    ])
  })
})

describe('options', () => {
  it('may depend on the arguments', async () => {
    const clock = new FakeClock()
    const cache = newCache(clock)
    const fn = counted((id: number) => id)
    const find = cache.wrap(fn, { name: 'user', ttl: (id) => id, tags: (id) => [`user:${id}`] })
    await Promise.all([find(10), find(100), find(200)])

    await clock.advance('11s')
    await cache.invalidateTag('user:200')
    await Promise.all([find(10), find(100), find(200)])
    expect(fn.calls).toEqual([[10], [100], [200], [10], [200]])
  })

  it('can be others for one call', async () => {
    const cache = newCache()
    const answer = deferred<number>()
    const find = cache.wrap((_id: number) => answer.promise, { name: 'user', ttl: () => '1m' })
    const leaving = new AbortController()
    const left = failureOf(() => find.with({ signal: leaving.signal })(1))
    const stayed = find.with({ ttl: 5 })(2)
    await settle()
    leaving.abort(new Error('gone'))

    expect(await left).toBe(leaving.signal.reason)
    answer.resolve(1)
    expect(await stayed).toBe(1)
    expect(await cache.ttl(find.key(2))).toBe(5)
  })

  it.each<[what: string, fn: unknown, options: unknown, message: string]>([
    ['no function', 7, { name: 'a' }, 'wrap: 7 is not a function'],
    ['no options', Math.abs, undefined, 'wrap: the options must be an object'],
    ['no name', Math.abs, {}, 'wrap abs: name: undefined is not text'],
    ['an empty name', Math.abs, { name: '' }, 'is not made of parts'],
    ['an empty part', Math.abs, { name: 'a::b' }, 'is not made of parts'],
    ['a name with brackets', Math.abs, { name: 'a[1]' }, 'is not made of parts'],
    ["a name with '!'", Math.abs, { name: '!a' }, 'is not made of parts'],
    ['a name and a key', Math.abs, { name: 'a', key: () => 'a' }, 'of name and key one is needed'],
    ['a key that is text', Math.abs, { key: 'a' }, "key: 'a' is not a function"],
    ['an unknown option', Math.abs, { name: 'a', tll: 5 }, "unknown option 'tll'"],
  ])('refuses %s', (_, fn, options, message) => {
    const error = thrownBy(() => newCache().wrap(fn as never, options as never))

    expect(error).toMatchObject({
      message: expect.stringContaining(message),
      code: expect.stringMatching(/OPTIONS|KEY/),
    })
  })

  it('refuses an unknown one of a call at once', () => {
    const find = newCache().wrap((id: number) => id, { name: 'user' })

    expect(thrownBy(() => find.with({ tll: 5 } as never))).toMatchObject({ code: 'ERR_CACHE_OPTIONS' })
  })
})

describe('loadContext', () => {
  it('tells the function of its load, also after an await', async () => {
    const find = newCache().wrap(
      async (_id: number) => {
        const before = loadContext()?.key
        await settle()
        return [before, loadContext()?.key]
      },
      { name: 'user' },
    )

    expect(await find(1)).toEqual(['user:[1]', 'user:[1]'])
  })

  it('sets how the answer is stored', async () => {
    const clock = new FakeClock()
    const cache = newCache(clock)
    let version = 0
    const find = cache.wrap(
      async (_id: number) => {
        const load = loadContext<string>()!
        load.setTtl(5)
        load.setTags([`made-by:${load.key}`])
        version++
        return version < 3 ? `v${version} after ${load.stale}` : load.notModified()
      },
      { name: 'user', ttl: '1h', grace: '1h' },
    )

    const first: string = await find(1)
    expect([first, await cache.ttl('user:[1]')]).toEqual(['v1 after undefined', 5])
    await clock.advance(6)
    expect([await find(1), await find.refresh(1), await find.refresh(1)]).toEqual([
      'v1 after undefined',
      'v2 after v1 after undefined',
      'v2 after v1 after undefined',
    ])
    await cache.invalidateTag('made-by:user:[1]')
    expect(await cache.has('user:[1]')).toBe(false)
  })

  it('is each load’s own', async () => {
    const cache = newCache()
    const inner = cache.wrap(async (id: number) => `${id} in ${loadContext()?.key}`, { name: 'inner' })
    const outer = cache.wrap(
      async (id: number) => {
        const answer = await inner(id)
        const plain = await cache.getOrSet('plain', () => loadContext()?.key ?? 'none')
        return [answer, plain, loadContext()?.key]
      },
      { name: 'outer' },
    )

    expect(await outer(1)).toEqual(['1 in inner:[1]', 'none', 'outer:[1]'])
  })

  it('is undefined outside of a load', async () => {
    expect(loadContext()).toBeUndefined()
    const read = async (): Promise<unknown> => loadContext()
    expect(await read()).toBeUndefined()
  })
})
