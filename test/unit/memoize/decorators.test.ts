import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { beforeAll, describe, expect, it } from 'vitest'
import { MemoryCache, silentLogger, type BaseCache } from '../../../src/index.ts'
import * as library from '../../../src/memoize/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { deferred, settle } from '../../support/deferred.ts'
import { failureOf, thrownBy } from '../../support/error-of.ts'
import { FaultyPrimitives } from '../../support/faulty-primitives.ts'
import { OwnCache } from '../../support/own-cache.ts'
import type * as decorated from './decorated.ts'

type Compiled = Pick<typeof decorated, 'define' | 'misuses'>

async function compile(experimentalDecorators: boolean): Promise<Compiled> {
  const { outputText } = ts.transpileModule(readFileSync(join(import.meta.dirname, 'decorated.ts'), 'utf8'), {
    compilerOptions: { experimentalDecorators, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  })
  expect(outputText).toContain(experimentalDecorators ? '__decorate(' : '__esDecorate(')
  return (await import(`data:text/javascript,${encodeURIComponent(outputText)}`)) as Compiled
}

describe.each([
  ['TC39', false],
  ['legacy', true],
])('decorators in %s form', (_, experimentalDecorators) => {
  let compiled: Compiled
  beforeAll(async () => {
    compiled = await compile(experimentalDecorators)
  })
  const world = (cache: BaseCache = new MemoryCache({ clock: new FakeClock() })) => {
    const Users = compiled.define(library, cache)
    return { cache, Users, users: new Users(cache) }
  }

  describe('Cached', () => {
    it('calls the method once for equal arguments, with its object', async () => {
      const { cache, users } = world()
      const found = await Promise.all([users.find(7), users.find(7), users.find(8)])

      expect(found.map(({ name }) => name)).toEqual(['user 7 of one', 'user 7 of one', 'user 8 of one'])
      expect(await users.find(7)).toEqual({ id: 7, name: 'user 7 of one' })
      expect(users.calls).toEqual(['find 7', 'find 8'])
      expect(await cache.get('user:7')).toEqual({ id: 7, name: 'user 7 of one' })
      expect(await cache.ttl('user:7')).toBe(1800)
    })

    it('gives its entries the tags of the templates', async () => {
      const { cache, users } = world()
      await users.find(7)
      await users.find(8)

      await cache.invalidateTag('user-tag:8')
      expect([await cache.has('user:7'), await cache.has('user:8')]).toEqual([true, false])
      await cache.invalidateTag('users')
      expect(await cache.has('user:7')).toBe(false)
    })

    it('shares entries among objects, unless the key tells them apart', async () => {
      const { cache, Users } = world()
      const [one, two] = [new Users(cache, 'one'), new Users(cache, 'two')]

      expect([await one.inTeam({ team: { id: 'a:b' } }), await two.inTeam({ team: { id: 'a:b' } })]).toEqual([
        'one',
        'two',
      ])
      expect((await two.find(1)).name).toBe('user 1 of two')
      expect((await one.find(1)).name).toBe('user 1 of two')
      expect(await cache.has('one:by:a%3Ab:[undefined]')).toBe(true)
    })

    it('makes ttl, tags and parts of keys of the arguments', async () => {
      const { cache, users } = world()
      await users.inTeam({ team: { id: 'a' } }, 5)
      await users.inTeam({ team: { id: 'a' } })
      expect([await cache.ttl('one:by:a:5'), await cache.ttl('one:by:a:[undefined]')]).toEqual([5, 60])

      expect(await users.keyOfLoad(2)).toBe('context:2')
      await cache.invalidateTag('even:true')
      expect(await cache.has('context:2')).toBe(false)
    })

    it('has keys of a name and all arguments', async () => {
      const { cache, users } = world()
      expect([await users.search('a'), await users.search('a', 10)]).toEqual([
        ['a', 10],
        ['a', 10],
      ])
      expect(users.calls).toEqual(['search a 10', 'search a 10'])
      expect(await cache.has('users:search:["a"]')).toBe(true)
    })

    it('stands before static methods, too', async () => {
      const { Users } = world()
      expect([await Users.count(), await Users.count()]).toEqual([1, 1])
    })

    it('keeps the name and the number of parameters', () => {
      const { users } = world()
      expect([users.find.name, users.find.length, users.search.length]).toEqual(['find', 1, 1])
    })

    it('rejects where the object has no cache', async () => {
      const { Users } = world()
      const users = new Users(undefined as never)
      expect(await failureOf(() => users.find(1))).toMatchObject({
        code: 'ERR_CACHE_OPTIONS',
        message:
          'Cached: cache: undefined is not a cache; give one, or a function such as (self) => self.cache',
      })
    })

    it('rejects for an argument that can not be part of a key, and names the placeholder', async () => {
      const { users } = world()
      expect(await failureOf(() => users.find(Symbol('7') as never))).toMatchObject({
        code: 'ERR_CACHE_KEY',
        message: expect.stringContaining("'user:{0}': {0}: a part of a key must be"),
      })
      expect(users.calls).toEqual([])
    })
  })

  describe('Invalidates', () => {
    it('removes keys before the caller goes on', async () => {
      const { users } = world()
      await users.find(7)
      await users.find(8)
      await users.rename(7)
      await users.find(7)
      await users.find(8)

      expect(users.calls).toEqual(['find 7', 'find 8', 'rename 7', 'find 7'])
    })

    it('does so when the method fails, and passes its error on', async () => {
      const { cache, users } = world()
      const error = new Error('commit timed out')
      await users.find(7)

      expect(await failureOf(() => users.tryToRename(7, error))).toBe(error)
      expect(await cache.has('user:7')).toBe(true)
      expect(await failureOf(() => users.rename(7, error))).toBe(error)
      expect(await cache.has('user:7')).toBe(false)
      await users.find(7)
      await users.tryToRename(7)
      expect(await cache.has('user:7')).toBe(false)
    })

    it('knows the arguments as they were before, and the result', async () => {
      const { cache, users } = world()
      await Promise.all([
        users.find(1),
        users.find(2),
        users.find(3),
        cache.set('other', 1, { tags: ['user-tag:2'] }),
      ])
      expect(await users.remove({ id: 1 }, 2)).toEqual({ heir: 2 })

      const left = ['user:1', 'user:2', 'user:3', 'other'].map((key) => cache.has(key))
      expect(await Promise.all(left)).toEqual([false, false, true, false])
    })

    it('takes a function of the arguments', async () => {
      const { cache, users } = world()
      await Promise.all([users.find(1), users.find(2), users.find(3)])
      expect(await users.touch(1, 3)).toBe(2)

      const left = ['user:1', 'user:2', 'user:3'].map((key) => cache.has(key))
      expect(await Promise.all(left)).toEqual([false, true, false])
    })

    it.each([
      ['a promise', async () => ['user:7']],
      ['a Set', () => new Set(['user:7'])],
      ['a number', () => 7],
    ])('refuses a function that answers %s, before the method runs', async (_, keys) => {
      const cache = new MemoryCache()
      for (const option of ['keys', 'tags']) {
        let calls = 0
        const save = async (): Promise<number> => ++calls
        const decorate = library.Invalidates({ cache, [option]: keys as never }) as unknown as (
          ...call: readonly unknown[]
        ) => { readonly value: () => Promise<number> }
        const { value } = decorate({}, 'save', { value: save })
        expect(await failureOf(value)).toMatchObject({
          code: 'ERR_CACHE_OPTIONS',
          message: expect.stringMatching(new RegExp(`^Invalidates: ${option}: .* not a list of texts`)),
        })
        expect(calls).toBe(0)
      }
    })

    it('refuses a value that can not be part of a key before the method runs', async () => {
      const { users } = world()
      expect(await failureOf(() => users.rename(Symbol('7') as never))).toMatchObject({
        code: 'ERR_CACHE_KEY',
      })
      expect(users.calls).toEqual([])
    })

    it('invalidates what it knows when the result has no place in a key', async () => {
      const { cache, users } = world()
      await users.find(1)
      const error = await failureOf(() => users.remove({ id: 1 }, Symbol('2') as never))

      expect(error).toMatchObject({
        code: 'ERR_CACHE_KEY',
        message: expect.stringContaining('{result.heir}'),
      })
      expect(await cache.has('user:1')).toBe(false)
    })

    it('leaves the error of the method as it is when the store fails, too', async () => {
      const primitives = new FaultyPrimitives()
      const { users } = world(new OwnCache(primitives, { onError: 'throw', logger: silentLogger }))
      const error = new Error('no')
      primitives.fail('throw')

      expect(await failureOf(() => users.rename(7, error))).toBe(error)
      expect(await failureOf(() => users.rename(7))).toMatchObject({ code: 'ERR_CACHE_STORE_UNAVAILABLE' })
    })
  })

  it('keep what frameworks noted on the method', () => {
    const noted = new Map<unknown, Map<unknown, unknown>>()
    const reflect = Reflect as unknown as Record<string, unknown>
    reflect['getOwnMetadataKeys'] = (target: unknown) => [...(noted.get(target)?.keys() ?? [])]
    reflect['getOwnMetadata'] = (key: unknown, target: unknown) => noted.get(target)?.get(key)
    reflect['defineMetadata'] = (key: unknown, value: unknown, target: unknown) =>
      noted.set(target, new Map(noted.get(target)).set(key, value))
    try {
      const method = async (): Promise<number> => 1
      noted.set(method, new Map([['route', '/users']]))
      const decorate = library.Cached({ cache: new MemoryCache(), name: 'n' }) as (
        ...call: unknown[]
      ) => unknown
      const decorated = experimentalDecorators
        ? (decorate({}, 'method', { value: method }) as { value: unknown }).value
        : decorate(method, { kind: 'method', name: 'method' })

      expect(decorated).not.toBe(method)
      expect(noted.get(decorated)).toEqual(new Map([['route', '/users']]))
    } finally {
      for (const name of ['getOwnMetadataKeys', 'getOwnMetadata', 'defineMetadata']) delete reflect[name]
    }
  })

  it.each([
    ['Cached before a getter', /^Cached: stands before a method only, not before 'value', a getter/],
    [
      'Invalidates before a setter',
      /^Invalidates: stands before a method only, not before 'value', a .*setter/,
    ],
    ['Cached before a field', /^Cached: stands before a method only, not before 'load', a field/],
    ['Cached before a class', /^Cached: stands before a method only, not before .*a class/],
  ])('refuse %s', (what, message) => {
    const error = thrownBy(compiled.misuses(library, new MemoryCache())[what]!)

    expect(error).toMatchObject({ code: 'ERR_CACHE_OPTIONS', message: expect.stringMatching(message) })
  })
})

describe('options of decorators', () => {
  const cache = new MemoryCache()
  const cached = (options: object) => () => library.Cached(options as never)
  const invalidates = (options: object) => () => library.Invalidates(options as never)

  it.each<[what: string, call: () => unknown, message: string]>([
    ['no cache', cached({ name: 'a' }), 'Cached: cache: undefined is not a cache'],
    ['a cache that is none', cached({ cache: {}, name: 'a' }), 'Cached: cache: {} has no getOrSet()'],
    ['an unknown option', cached({ cache, name: 'a', tll: 1 }), "Cached: unknown option 'tll'"],
    [
      'a placeholder that is none',
      cached({ cache, key: 'a:{id}' }),
      'Cached: key: {id} is not a placeholder',
    ],
    ['an empty placeholder', cached({ cache, key: 'a:{}' }), 'Cached: key: {} is not a placeholder'],
    ['a path with a gap', cached({ cache, key: 'a:{0..id}' }), '{0..id} is not a placeholder'],
    ['the object itself', cached({ cache, key: 'a:{this}' }), '{this} is not a placeholder'],
    ['an open brace', cached({ cache, key: 'a:{0' }), 'has a brace without its other'],
    ['a closing brace', cached({ cache, key: 'a:0}' }), 'has a brace without its other'],
    [
      'a result that is not known yet',
      cached({ cache, key: 'a:{result.id}' }),
      'is not known before the load',
    ],
    [
      'a tag that is no template',
      cached({ cache, name: 'a', tags: [7] }),
      'Cached: tags: 7 is not a template',
    ],
    ['tags that are no list', cached({ cache, name: 'a', tags: 'a' }), "Cached: tags: 'a' is not a list"],
    ['nothing to invalidate', invalidates({ cache }), 'Invalidates: give keys, tags, or both'],
    ['keys that are no list', invalidates({ cache, keys: 'a' }), "Invalidates: keys: 'a' is not a list"],
    [
      'another time',
      invalidates({ cache, keys: [], when: 'before' }),
      "Invalidates: when: 'before' is not one of",
    ],
  ])('are refused: %s', (_, call, message) => {
    expect(thrownBy(call)).toMatchObject({
      code: 'ERR_CACHE_OPTIONS',
      message: expect.stringContaining(message),
    })
  })

  it('are refused where the method is known: neither name nor key', () => {
    const decorate = library.Cached({ cache } as never) as (...call: unknown[]) => unknown
    const call = (): unknown => decorate(async () => 1, { kind: 'method', name: 'find' })

    expect(thrownBy(call)).toMatchObject({
      message: expect.stringContaining('Cached find: name: undefined is not text'),
    })
  })
})

describe('memoize', () => {
  it('is wrap of its cache', async () => {
    const cache = new MemoryCache({ clock: new FakeClock() })
    const find = library.memoize(async (id: number) => id, { cache, name: 'user', ttl: '30m' })

    expect(await find(7)).toBe(7)
    expect(await cache.ttl(find.key(7))).toBe(1800)
    await find.invalidate(7)
    expect(await cache.has('user:[7]')).toBe(false)
  })

  it('finds a cache that is made later, or still being made', async () => {
    const making = deferred<BaseCache>()
    const find = library.memoize(async (id: number) => id, { cache: () => making.promise, name: 'user' })
    const found = find(7)
    await settle()
    const cache = new MemoryCache()
    making.resolve(cache)

    expect(await found).toBe(7)
    expect(await cache.has('user:[7]')).toBe(true)
    expect(await find.invalidate(7)).toMatchObject({ l1: 'acked' })
    expect(await cache.has('user:[7]')).toBe(false)
  })

  it('refuses what is no cache', async () => {
    const wrong = { cache: undefined as never, name: 'a' }
    expect(thrownBy(() => library.memoize(Math.abs, wrong))).toMatchObject({ code: 'ERR_CACHE_OPTIONS' })
    const later = library.memoize(Math.abs, { cache: () => undefined as never, name: 'a' })
    expect(await failureOf(() => later(1))).toMatchObject({ code: 'ERR_CACHE_OPTIONS' })
  })
})
