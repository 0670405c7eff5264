import { describe, expect, it } from 'vitest'
import { MemoryCache, type BaseCache, type Primitives } from '../../src/index.ts'
import { FakeClock } from '../../src/testing/index.ts'
import { deferred, settle } from '../support/deferred.ts'
import { failureOf, thrownBy } from '../support/error-of.ts'
import { mapPrimitives, OwnCache } from '../support/own-cache.ts'

/** A cache, and the keys that its store was asked for. */
function world(slow = true) {
  const reads: string[] = []
  const primitives: Primitives = mapPrimitives(slow)
  const counting: Primitives = {
    ...primitives,
    read: (key) => {
      reads.push(key)
      return primitives.read(key)
    },
  }
  const cache: BaseCache = new OwnCache(counting, { clock: new FakeClock() })
  return { cache, reads, asked: () => reads.splice(0) }
}

/** Does as another request does that is handled at the same time. */
async function behindItsBack(
  cache: BaseCache,
  change: (cache: BaseCache) => Promise<unknown>,
): Promise<void> {
  await cache.scope({}, () => change(cache))
}

describe.each([
  ['slow', true],
  ['fast', false],
])('a scope over a %s store', (_, slow) => {
  it('asks once for a key, whether it is there or not', async () => {
    const { cache, asked } = world(slow)
    await cache.set('there', 1)
    asked()

    await cache.scope({}, async () => {
      expect([await cache.get('there'), await cache.get('there')]).toEqual([1, 1])
      expect([await cache.get('absent'), await cache.get('absent')]).toEqual([undefined, undefined])
      expect(await cache.getMany(['there', 'absent'])).toEqual(new Map([['there', 1]]))
      expect(await cache.getOrSet('there', () => 2)).toBe(1)
    })
    expect(asked()).toEqual(['there', 'absent'])
  })

  it('asks once for a key that several ask for at the same time', async () => {
    const { cache, asked } = world(slow)
    await cache.setMany({ a: 1, b: 2 })
    asked()

    const found = await cache.scope({}, () =>
      Promise.all([cache.get('a'), cache.getMany(['b', 'a']), cache.get('b'), cache.get('a')]),
    )
    expect(found).toEqual([
      1,
      new Map([
        ['b', 2],
        ['a', 1],
      ]),
      2,
      1,
    ])
    expect(asked()).toEqual(['a', 'b'])
  })

  it('loads what is absent, once, and remembers it', async () => {
    const { cache, asked } = world(slow)
    let loads = 0
    const load = async (): Promise<number> => ++loads

    await cache.scope({}, async () => {
      expect(await cache.get('k')).toBeUndefined()
      expect(await Promise.all([cache.getOrSet('k', load), cache.getOrSet('k', load)])).toEqual([1, 1])
      asked()
      expect([await cache.getOrSet('k', load), await cache.get('k')]).toEqual([1, 1])
      expect(await cache.getOrSetMany(['k'], () => ({}))).toEqual(new Map([['k', 1]]))
    })
    expect(asked()).toEqual([])
    expect(loads).toBe(1)
  })

  it('loads several keys, but for those that it remembers', async () => {
    const { cache, asked } = world(slow)
    const wanted: (readonly string[])[] = []
    const load = (keys: readonly string[]) => {
      wanted.push(keys)
      return new Map(keys.filter((key) => key !== 'none').map((key) => [key, key.toUpperCase()]))
    }

    await cache.scope({}, async () => {
      await cache.getOrSet('a', () => 'A')
      expect([...(await cache.getOrSetMany(['b', 'a', 'none'], load))]).toEqual([
        ['b', 'B'],
        ['a', 'A'],
      ])
      asked()
      expect(await cache.get('b')).toBe('B')
      expect(await cache.getOrSetMany(['a', 'b'], load)).toEqual(
        new Map([
          ['a', 'A'],
          ['b', 'B'],
        ]),
      )
      expect(asked()).toEqual([])
    })
    expect(wanted).toEqual([['b', 'none']])
  })

  it('gives each reader a value of his own', async () => {
    const { cache } = world(slow)
    await cache.set('list', [1])

    await cache.scope({}, async () => {
      const first = await cache.get<number[]>('list')
      const [fromMany] = (await cache.getMany<number[]>(['list', 'other'])).values()
      const second = await cache.getOrSet('list', () => [0])
      first!.push(2)
      fromMany!.push(3)
      second.push(4)
      expect(await cache.get('list')).toEqual([1])
      const loaded = await cache.getOrSet('loaded', () => [1])
      loaded.push(2)
      expect(await cache.get('loaded')).toEqual([1])
      const many = await cache.getOrSetMany(['many'], () => ({ many: [1] }))
      many.get('many')!.push(2)
      expect(await cache.get('many')).toEqual([1])
    })
  })

  it.each<[what: string, change: (cache: BaseCache) => Promise<unknown>, after: unknown]>([
    ['set', (cache) => cache.set('k', 2), 2],
    ['setMany', (cache) => cache.setMany({ k: 2 }), 2],
    ['delete', (cache) => cache.delete('k'), undefined],
    ['deleteMany', (cache) => cache.deleteMany(['k']), undefined],
    ['invalidate', (cache) => cache.invalidate('k'), undefined],
    ['invalidateTag', (cache) => cache.invalidateTag('t'), undefined],
    ['take', (cache) => cache.take('k'), undefined],
    ['increment', (cache) => cache.increment('k'), 2],
    ['decrement', (cache) => cache.decrement('k'), 0],
    ['expire', (cache) => cache.expire('k', new Date(0)), undefined],
    ['deleteByPrefix', (cache) => cache.deleteByPrefix('k'), undefined],
    ['clear', (cache) => cache.clear(), undefined],
  ])('sees what it changes: %s', async (_, change, after) => {
    const { cache } = world(slow)
    await cache.set('k', 1, { tags: ['t'] })

    await cache.scope({}, async () => {
      await cache.get('k')
      const changing = change(cache)
      // Whatever a read finds that the change overtakes is not what later ones find.
      const during = cache.get('k')
      await changing
      await during
      expect(await cache.get('k')).toBe(after)
      expect(await cache.getOrSet('k', () => 'loaded')).toBe(after ?? 'loaded')
    })
  })

  it('does not remember a load that a change has overtaken', async () => {
    const { cache } = world(slow)
    const { promise, resolve } = deferred<string>()

    await cache.scope({}, async () => {
      const signal = new AbortController().signal
      const loads = [
        cache.getOrSet('one', () => promise),
        cache.getOrSet('two', () => promise, { signal }),
        cache.getOrSetMany(['three'], async () => ({ three: await promise })),
      ]
      await settle()
      await cache.setMany({ one: 'new', two: 'new', three: 'new' })
      resolve('old')
      await Promise.all(loads)
      expect([...(await cache.getMany(['one', 'two', 'three'])).values()]).toEqual(['new', 'new', 'new'])
    })
  })

  it('remembers no error, and no undefined', async () => {
    const { cache } = world(slow)
    const error = new Error('down')

    await cache.scope({}, async () => {
      expect(await failureOf(() => cache.getOrSet('k', () => Promise.reject(error)))).toBe(error)
      expect(await cache.getOrSet('k', () => undefined)).toBeUndefined()
      expect(await cache.getOrSet('k', () => 1)).toBe(1)
    })
  })

  it('asks again for whoever has a wish of his own', async () => {
    const { cache, asked } = world(slow)
    await cache.set('k', 1)
    const { token } = await cache.invalidate('other')

    await cache.scope({}, async () => {
      await cache.get('k')
      asked()
      await cache.get('k', { after: token })
      await cache.getMany(['k'], { after: token })
      expect(asked()).toEqual(['k', 'k'])
      await cache.get('k')
      expect(asked()).toEqual([])
    })
  })

  it('lets a caller leave without those who wait for the same', async () => {
    const { cache } = world(slow)
    const { promise, resolve } = deferred<number>()
    const leaving = new AbortController()

    await cache.scope({}, async () => {
      const left = failureOf(() => cache.getOrSet('k', () => promise, { signal: leaving.signal }))
      const stayed = cache.getOrSet('k', () => promise)
      await settle()
      leaving.abort(new Error('gone'))
      expect(await left).toBe(leaving.signal.reason)
      resolve(1)
      expect(await stayed).toBe(1)
    })
  })

  it('keeps loaders out: what they make is made of what the cache has now', async () => {
    const { cache } = world(slow)
    await cache.set('part', 'old')
    const whole = (): Promise<string> =>
      cache.getOrSet('whole', async () => {
        const [part] = (await cache.getMany(['part'])).values()
        return `made of ${String(await cache.get('part'))}, ${String(part)}, ${await cache.getOrSet('part', () => 'none')}`
      })

    await cache.scope({}, async () => {
      expect(await cache.get('part')).toBe('old')
      await behindItsBack(cache, (other) => other.set('part', 'new'))
      expect(await cache.get('part')).toBe('old')
      expect(await whole()).toBe('made of new, new, new')
    })
  })

  it('keeps out what a loader has left running, and the loaders of warm and refresh', async () => {
    const { cache } = world(slow)
    await cache.set('part', 'old')
    const later = deferred<unknown>()
    const leave = async (): Promise<number> => {
      void settle().then(async () => later.resolve(await cache.get('part')))
      return 1
    }

    await cache.scope({}, async () => {
      await cache.get('part')
      await behindItsBack(cache, (other) => other.set('part', 'new'))
      await cache.getOrSet('leaving', leave)
      expect(await later.promise).toBe('new')
      await cache.warm({ warmed: () => cache.get('part') })
      expect(await cache.get('warmed')).toBe('new')
      expect(await cache.refresh('refreshed', () => cache.get('part'))).toBe('new')
      expect(await cache.get('part')).toBe('old')
    })
  })

  it('ends with its work, and is each work’s own', async () => {
    const { cache, asked } = world(slow)
    await cache.set('k', 1)
    await Promise.all([1, 2].map(() => cache.scope({}, () => cache.get('k'))))
    await cache.get('k')
    await cache.get('k')

    expect(asked()).toEqual(['k', 'k', 'k', 'k'])
  })

  it('goes for whatever the work calls later, as a next() does', async () => {
    const { cache, asked } = world(slow)
    await cache.set('k', 1)
    asked()
    const done = deferred()
    const next = (): void => {
      void settle().then(async () => {
        await cache.get('k')
        await cache.get('k')
        done.resolve()
      })
    }
    expect(cache.scope({}, next)).toBeUndefined()
    await done.promise

    expect(asked()).toEqual(['k'])
  })
})

describe('a scope with reload', () => {
  const reloaded = async (
    work: (cache: BaseCache, load: (name: string) => () => Promise<string>) => Promise<void>,
  ) => {
    const { cache } = world()
    const loads: string[] = []
    const load = (name: string) => async () => {
      loads.push(name)
      return `new ${name}`
    }
    await cache.setMany({ a: 'old a', b: 'old b', c: 'old c' })
    await cache.scope({ reload: true }, () => work(cache, load))
    return { cache, loads }
  }

  it('loads each key anew, once, and stores it', async () => {
    const { cache, loads } = await reloaded(async (cache, load) => {
      expect(await Promise.all([cache.getOrSet('a', load('a')), cache.getOrSet('a', load('a'))])).toEqual([
        'new a',
        'new a',
      ])
      expect(await cache.getOrSet('a', load('a'))).toBe('new a')
      expect(await cache.get('a')).toBe('new a')
    })

    expect(loads).toEqual(['a'])
    expect(await cache.get('a')).toBe('new a')
  })

  it('does so for a key that was read before, and for what a changed key needs', async () => {
    const { loads } = await reloaded(async (cache, load) => {
      expect(await cache.get('a')).toBe('old a')
      expect(await cache.getOrSet('a', load('a'))).toBe('new a')
      await cache.delete('a')
      expect(await cache.getOrSet('a', load('a'))).toBe('new a')
    })
    expect(loads).toEqual(['a', 'a'])
  })

  it('loads several keys anew, those that are still to be', async () => {
    const asked: (readonly string[])[] = []
    const loadMany = (keys: readonly string[]) => {
      asked.push(keys)
      return new Map(keys.map((key) => [key, `new ${key}`]))
    }
    await reloaded(async (cache, load) => {
      await cache.getOrSet('a', load('a'))
      expect([...(await cache.getOrSetMany(['a', 'b', 'c'], loadMany)).values()]).toEqual([
        'new a',
        'new b',
        'new c',
      ])
      expect([...(await cache.getOrSetMany(['a', 'b', 'c'], loadMany)).values()]).toEqual([
        'new a',
        'new b',
        'new c',
      ])
    })
    expect(asked).toEqual([['b', 'c']])
  })

  it('goes for loads inside of loads', async () => {
    const { loads } = await reloaded(async (cache, load) => {
      const outer = cache.getOrSet(
        'a',
        async () => `${await cache.getOrSet('b', load('b'))}, ${await load('a')()}`,
      )
      expect(await outer).toBe('new b, new a')
      expect(await cache.getOrSet('b', load('b'))).toBe('new b')
    })
    expect(loads).toEqual(['b', 'a'])
  })

  it('goes for wrapped functions', async () => {
    const { loads } = await reloaded(async (cache, load) => {
      const find = cache.wrap((name: string) => load(name)(), { key: (name) => name })
      expect([await find('a'), await find('a')]).toEqual(['new a', 'new a'])
    })
    expect(loads).toEqual(['a'])
  })

  it('leaves reads without a loader as they are', async () => {
    await reloaded(async (cache) => {
      expect([await cache.get('a'), [...(await cache.getMany(['b'])).values()]]).toEqual(['old a', ['old b']])
    })
  })
})

describe('a scope', () => {
  it('goes for namespaces, and keeps what they may see apart', async () => {
    const cache = new MemoryCache()
    const users = cache.namespace('user')
    await cache.set('user:1', 'written without the namespace')
    await users.set('2', 'Ada')

    await users.scope({}, async () => {
      expect(await cache.get('user:1')).toBe('written without the namespace')
      expect(await users.get('1')).toBeUndefined()
      expect(await cache.get('user:1')).toBe('written without the namespace')
      expect([await users.get('2'), await cache.namespace('user').get('2')]).toEqual(['Ada', 'Ada'])
      await users.clear()
      expect(await users.get('2')).toBeUndefined()
    })
  })

  it('remembers what has no stored form, as it is', async () => {
    const cache = new MemoryCache({ logger: { warn() {}, error() {} } })
    class Unstorable {
      readonly value = 1
    }
    const load = (): Unstorable => new Unstorable()

    await cache.scope({}, async () => {
      expect(await cache.getOrSet('k', load)).toBe(await cache.getOrSet('k', load))
    })
  })

  it('remembers a bounded number of keys', async () => {
    const { cache, asked } = world(false)
    const keys = Array.from({ length: 10_001 }, (_, index) => `k${index}`)

    await cache.scope({}, async () => {
      await cache.getMany(keys)
      asked()
      await cache.getMany(keys)
      expect(asked()).toEqual(['k10000'])
    })
  })

  it('answers what its work answers', () => {
    const cache = new MemoryCache()
    expect(cache.scope({}, () => 7)).toBe(7)
    expect(
      thrownBy(() =>
        cache.scope({}, () => {
          throw new RangeError('no')
        }),
      ),
    ).toBeInstanceOf(RangeError)
  })

  it.each<[what: string, call: (cache: BaseCache) => unknown, message: string]>([
    ['no work', (cache) => cache.scope({}, undefined as never), 'scope: undefined is not a function'],
    [
      'no options',
      (cache) => cache.scope((() => 1) as never, () => 1),
      'scope: the options must be an object',
    ],
    [
      'an unknown option',
      (cache) => cache.scope({ relaod: true } as never, () => 1),
      "unknown option 'relaod'",
    ],
    [
      'an option of another kind',
      (cache) => cache.scope({ reload: 1 } as never, () => 1),
      'reload: 1 is not one of',
    ],
  ])('refuses %s', (_, call, message) => {
    expect(thrownBy(() => call(new MemoryCache()))).toMatchObject({
      code: 'ERR_CACHE_OPTIONS',
      message: expect.stringContaining(message),
    })
  })

  it('refuses a closed cache', async () => {
    const cache = new MemoryCache()
    await cache.close()
    expect(thrownBy(() => cache.scope({}, () => 1))).toMatchObject({ code: 'ERR_CACHE_CLOSED' })
  })
})
