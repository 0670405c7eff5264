import { describe, expect, it } from 'vitest'
import { MemoryCache, type BaseCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { deferred, settle } from '../../support/deferred.ts'
import { failureOf } from '../../support/error-of.ts'
import { mapPrimitives, OwnCache } from '../../support/own-cache.ts'

const ENGINES: Readonly<Record<string, () => BaseCache>> = {
  MemoryCache: () => new MemoryCache({ clock: new FakeClock() }),
  'a cache over slow primitives': () => new OwnCache(mapPrimitives(true), { clock: new FakeClock() }),
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await settle()
}

/** A loader that answers `key + '!'` for each key but those to leave out, and notes what it was asked. */
function shouting(except: readonly string[] = [], gate: Promise<void> = Promise.resolve()) {
  const asked: (readonly string[])[] = []
  const load = async (keys: readonly string[]): Promise<Map<string, string>> => {
    asked.push(keys)
    await gate
    return new Map(keys.filter((key) => !except.includes(key)).map((key) => [key, `${key}!`]))
  }
  return { load, asked }
}

describe.each(Object.entries(ENGINES))('getOrSetMany in %s', (_, make) => {
  it('loads the missing keys alone, in one call, and answers in the order of the keys', async () => {
    const cache = make()
    const { load, asked } = shouting()
    await cache.setMany({ d: 4, b: 2 })

    const found = await cache.getOrSetMany<unknown>(['c', 'b', 'a', 'd'], load)

    expect([...found]).toEqual([
      ['c', 'c!'],
      ['b', 2],
      ['a', 'a!'],
      ['d', 4],
    ])
    expect(asked).toEqual([['c', 'a']])
    expect(await cache.get('c')).toBe('c!')
    expect(cache.stats()).toMatchObject({ hits: 3, misses: 2, loads: 1 })
  })

  it('takes any iterable and asks once for a key that is given twice', async () => {
    const cache = make()
    const { load, asked } = shouting()
    const found = await cache.getOrSetMany(new Set(['a', 'b']), load)
    const again = await cache.getOrSetMany(['c', 'a', 'c'].values(), load)

    expect([...found.keys()]).toEqual(['a', 'b'])
    expect([...again.keys()]).toEqual(['c', 'a'])
    expect(asked).toEqual([['a', 'b'], ['c']])
  })

  it('calls no loader when nothing is missing', async () => {
    const cache = make()
    const { load, asked } = shouting()
    await cache.set('a', 1)

    expect(await cache.getOrSetMany<unknown>(['a'], load)).toEqual(new Map([['a', 1]]))
    expect(await cache.getOrSetMany([], load)).toEqual(new Map())
    expect(asked).toEqual([])
  })

  it('takes a record, own properties alone', async () => {
    const cache = make()

    expect(await cache.getOrSetMany(['a', 'toString'], () => ({ a: 1 }))).toEqual(new Map([['a', 1]]))
  })

  it('leaves out keys without a value, stores null, and ignores what was not asked for', async () => {
    const cache = make()
    const found = await cache.getOrSetMany<unknown>(['a', 'b', 'c'], () => ({
      a: null,
      b: undefined,
      other: 1,
    }))

    expect([...found]).toEqual([['a', null]])
    expect(await cache.getMany(['a', 'b', 'c', 'other'])).toEqual(new Map([['a', null]]))
  })

  it('speaks the names of its namespace', async () => {
    const cache = make()
    const { load, asked } = shouting()
    const users = cache.namespace('user', { keyVersion: 2 })

    expect([...(await users.getOrSetMany(['1', '2'], load))]).toEqual([
      ['1', '1!'],
      ['2', '2!'],
    ])
    expect(asked).toEqual([['1', '2']])
    expect(await cache.get('user:v2:1')).toBe('1!')
  })

  it('keeps the values for the given ttl', async () => {
    const clock = new FakeClock()
    const cache: BaseCache = new MemoryCache({ clock })
    const { load } = shouting()
    await cache.getOrSetMany(['a'], load, { ttl: '5m' })

    expect(await cache.ttl('a')).toBe(300)
  })

  it('joins loads that are under way, and is joined', async () => {
    const cache = make()
    const gate = deferred()
    const single = cache.getOrSet('a', async () => {
      await gate.promise
      return 'single'
    })
    await turns(5)
    const { load, asked } = shouting([], gate.promise)
    const many = cache.getOrSetMany(['a', 'b', 'c'], load)
    await turns(5)
    const other = shouting()
    const second = cache.getOrSetMany(['c', 'b', 'd'], other.load)
    const joined = cache.getOrSet('b', () => 'not called')
    await turns(5)
    gate.resolve()

    expect(await single).toBe('single')
    expect([...(await many)]).toEqual([
      ['a', 'single'],
      ['b', 'b!'],
      ['c', 'c!'],
    ])
    expect([...(await second)]).toEqual([
      ['c', 'c!'],
      ['b', 'b!'],
      ['d', 'd!'],
    ])
    expect(await joined).toBe('b!')
    expect([...asked, ...other.asked]).toEqual([['b', 'c'], ['d']])
  })

  it('does not hold up the own loader until a joined load ends', async () => {
    const cache = make()
    const gate = deferred()
    const slow = cache.getOrSet('slow', async () => gate.promise)
    await turns(5)
    const many = cache.getOrSetMany(['slow', 'fast'], () => ({ fast: 1 }))
    await turns(10)

    expect(await cache.get('fast')).toBe(1)
    gate.resolve()
    await Promise.all([slow, many])
  })

  it('lets a getOrSet that joined it ask its own loader when there was nothing for its key', async () => {
    const cache = make()
    const gate = deferred()
    const { load } = shouting(['b'], gate.promise)
    const many = cache.getOrSetMany(['a', 'b'], load)
    await turns(5)
    let calls = 0
    const own = async (): Promise<string> => {
      calls++
      await settle()
      return 'own'
    }
    const singles = Array.from({ length: 10 }, async () => cache.getOrSet('b', own))
    await turns(5)
    gate.resolve()

    expect([...(await many)]).toEqual([['a', 'a!']])
    expect(await Promise.all(singles)).toEqual(Array.from({ length: 10 }, () => 'own'))
    expect(calls).toBe(1)
    expect(await cache.get('b')).toBe('own')
  })

  it('stores the others when one key changes during the load', async () => {
    const cache = make()
    const gate = deferred()
    const many = cache.getOrSetMany(['a', 'b'], async () => {
      await gate.promise
      return { a: 'old', b: 'b' }
    })
    await turns(5)
    await cache.set('a', 'new')
    gate.resolve()

    expect([...(await many)]).toEqual([
      ['a', 'old'],
      ['b', 'b'],
    ])
    expect(await cache.getMany(['a', 'b'])).toEqual(
      new Map([
        ['a', 'new'],
        ['b', 'b'],
      ]),
    )
    expect(cache.stats().refusedFills).toBe(1)
  })

  it('fails as a whole with the one error, stores nothing, and starts anew', async () => {
    const cache = make()
    const error = new Error('down')
    const gate = deferred<never>()
    const first = failureOf(() => cache.getOrSetMany(['a', 'b'], async () => gate.promise))
    await turns(5)
    const joined = [
      failureOf(() => cache.getOrSet('a', () => 1)),
      failureOf(() => cache.getOrSetMany(['b', 'a'], () => ({ a: 1, b: 1 }))),
    ]
    await turns(5)
    gate.reject(error)
    const failures = await Promise.all([first, ...joined])

    expect(failures.map((failure) => failure === error)).toEqual([true, true, true])
    expect(cache.stats()).toMatchObject({ loads: 1, loadErrors: 1, writes: 0 })
    expect(await cache.getOrSetMany(['a', 'b'], () => ({ a: 1, b: 2 }))).toEqual(
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    )
  })
})

describe('a bulk load that joined another which had nothing for its key', () => {
  it('asks its own loader', async () => {
    const cache = new MemoryCache({ clock: new FakeClock() })
    let open!: () => void
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const first = cache.getOrSetMany(['a', 'b'], async () => {
      await gate
      return { a: 'first' }
    })
    const asked: string[] = []
    const second = cache.getOrSetMany(['a', 'b'], (keys) => {
      asked.push(...keys)
      return new Map(keys.map((key) => [key, 'second']))
    })
    open()
    expect(await first).toEqual(new Map([['a', 'first']]))
    expect(await second).toEqual(
      new Map([
        ['a', 'first'],
        ['b', 'second'],
      ]),
    )
    expect(asked).toEqual(['b'])
  })
})
