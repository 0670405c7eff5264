import { describe, expectTypeOf, it } from 'vitest'
import {
  createCache,
  MemoryCache,
  type BaseCache,
  type EntryTuple,
  type GetResult,
  type Invalidation,
} from '../../../src/index.ts'
import type { Loaded } from '../../../src/cache/loader.ts'

interface User {
  readonly id: number
  readonly name: string
}

declare const users: BaseCache<User>
declare const any: BaseCache
declare const user: User

// Only checked, never run: the compiler is the judge, and the caches above are not there.
describe('the types of the contract', () => {
  it('let a typed cache be used where any cache is taken', () => {
    expectTypeOf<MemoryCache<User>>().toExtend<BaseCache<User>>()
    expectTypeOf<MemoryCache<User>>().toExtend<BaseCache>()
    expectTypeOf<MemoryCache>().toExtend<BaseCache>()
    expectTypeOf<BaseCache<User>>().toExtend<BaseCache>()
    expectTypeOf(createCache<User>).returns.resolves.toEqualTypeOf<BaseCache<User>>()
    expectTypeOf(createCache()).resolves.toEqualTypeOf<BaseCache>()
  })

  it('make get answer what the cache holds, or what the caller names', () => {
    expectTypeOf(() => users.get('1')).returns.resolves.toEqualTypeOf<User | null | undefined>()
    expectTypeOf(() => any.get('1')).returns.resolves.toEqualTypeOf<unknown>()
    expectTypeOf(() => any.get<User>('1')).returns.resolves.toEqualTypeOf<User | undefined>()
    expectTypeOf(() => users.get<{ id: number }>('1')).returns.resolves.toEqualTypeOf<
      { id: number } | undefined
    >()
    expectTypeOf(() => users.getMany(['1'])).returns.resolves.toEqualTypeOf<Map<string, User | null>>()
    expectTypeOf(() => any.getMany<User>(['1'])).returns.resolves.toEqualTypeOf<Map<string, User>>()
    expectTypeOf(() => users.take('1')).returns.resolves.toEqualTypeOf<User | null | undefined>()
    expectTypeOf(() => any.take<User>('1')).returns.resolves.toEqualTypeOf<User | undefined>()
    expectTypeOf(() => users.increment('1')).returns.resolves.toEqualTypeOf<number | undefined>()
    expectTypeOf(() => users.deleteByPrefix('1')).returns.resolves.toEqualTypeOf<number | undefined>()
    expectTypeOf(() => users.keys()).returns.toExtend<AsyncIterable<string>>()
  })

  it('let no place that a value is assigned to decide what it is', () => {
    // @ts-expect-error it may be a User, and null if a loader has stored that
    const text = async (): Promise<string | undefined> => users.get('1')
    // @ts-expect-error a loader may have stored null
    const present = async (): Promise<User | undefined> => users.get('1')
    // @ts-expect-error the caller of an untyped cache has to name the type
    const untyped = async (): Promise<string | undefined> => any.take('1')
    const many = async (): Promise<Map<string, User | null>> => users.getMany(['1'])
    void [text, present, untyped, many]
  })

  it('make get tell the rest if asked for', () => {
    const full = { result: 'full' } as const
    expectTypeOf(() => users.get('1', full)).returns.resolves.toEqualTypeOf<GetResult<User | null>>()
    expectTypeOf(() => any.get('1', full)).returns.resolves.toEqualTypeOf<GetResult>()
    expectTypeOf(() => any.get<User>('1', full)).returns.resolves.toEqualTypeOf<GetResult<User>>()
    expectTypeOf<GetResult<User>['value']>().toEqualTypeOf<User | undefined>()
    const value = { result: 'value', stale: true } as const
    expectTypeOf(() => users.get('1', value)).returns.resolves.toEqualTypeOf<User | null | undefined>()
    // @ts-expect-error: only get tells it
    const many = () => users.getMany(['1'], full)
    expectTypeOf(many).toBeFunction()
  })

  it('let set alone take ifAbsent', () => {
    expectTypeOf(() => users.set('1', user, { ifAbsent: true })).returns.resolves.toEqualTypeOf<boolean>()
    expectTypeOf(
      async () => (await users.set('1', user, { ifAbsent: true, result: 'full' })).reason,
    ).returns.resolves.toEqualTypeOf<
      'present' | 'outdated' | 'unstorable' | 'refused' | 'unavailable' | undefined
    >()
    // @ts-expect-error: it could not tell which were stored
    const many = () => users.setMany({ 1: user }, { ifAbsent: true })
    // @ts-expect-error: as above
    const one = () => users.setMany([['1', user, { ifAbsent: true }]])
    // @ts-expect-error: a load stores only where there is none
    const loaded = () => users.getOrSet('1', () => user, { ifAbsent: true })
    expectTypeOf([many, one, loaded]).toBeArray()
  })

  it('make a typed getOrSet answer V, and null or undefined if the loader can', () => {
    expectTypeOf(() => users.getOrSet('1', () => user)).returns.resolves.toEqualTypeOf<User>()
    expectTypeOf(() => users.getOrSet('1', async () => user)).returns.resolves.toEqualTypeOf<User>()
    expectTypeOf(() =>
      users.getOrSet('1', async () => user as User | null),
    ).returns.resolves.toEqualTypeOf<User | null>()
    expectTypeOf(() => users.getOrSet('1', () => user as User | undefined)).returns.resolves.toEqualTypeOf<
      User | undefined
    >()
    // A value of a type narrower than V may have been stored by somebody else as a wider V.
    expectTypeOf(() =>
      users.getOrSet('1', () => ({ id: 1 as const, name: 'Ann', extra: true })),
    ).returns.resolves.toEqualTypeOf<User>()
  })

  it('make an untyped getOrSet answer what its loader makes', () => {
    expectTypeOf(() => any.getOrSet('1', () => 5)).returns.resolves.toEqualTypeOf<number>()
    expectTypeOf(() => any.getOrSet('1', async () => user)).returns.resolves.toEqualTypeOf<User>()
    expectTypeOf(() =>
      any.getOrSet('1', () => user as User | null),
    ).returns.resolves.toEqualTypeOf<User | null>()
    expectTypeOf<Loaded<unknown, string>>().toEqualTypeOf<string>()
  })

  it('make getOrSetMany answer a Map of the same', () => {
    expectTypeOf(() =>
      users.getOrSetMany(['1'], () => new Map([['1', user]])),
    ).returns.resolves.toEqualTypeOf<Map<string, User>>()
    expectTypeOf(() => any.getOrSetMany(['1'], async () => ({ '1': 5 }))).returns.resolves.toEqualTypeOf<
      Map<string, number>
    >()
  })

  it('make an invalidation tell where it ended', () => {
    type Outcome = 'acked' | 'queued' | 'dropped' | 'none'
    expectTypeOf(() => users.invalidateTag('t')).returns.resolves.toEqualTypeOf<Invalidation>()
    expectTypeOf(() => users.invalidate(['1'])).returns.resolves.toEqualTypeOf<Invalidation>()
    expectTypeOf<Invalidation['l2']>().toEqualTypeOf<Outcome>()
    expectTypeOf<Invalidation['token']>().toEqualTypeOf<string>()
  })

  it('give a namespace a type of its own', () => {
    expectTypeOf(() => any.namespace('n')).returns.toEqualTypeOf<BaseCache>()
    expectTypeOf(() => any.namespace<User>('n')).returns.toEqualTypeOf<BaseCache<User>>()
    expectTypeOf(() => users.namespace('n')).returns.toEqualTypeOf<BaseCache<User>>()
  })

  it('refuse what does not fit', () => {
    // @ts-expect-error a number is no User
    void (() => users.set('1', 5))
    // @ts-expect-error the loader makes no User
    void (() => users.getOrSet('1', () => 5))
    // @ts-expect-error a number is no key
    void (() => users.get(5))
    // @ts-expect-error no such option
    void (() => users.set('1', user, { tll: 5 }))
    // @ts-expect-error a record of numbers holds no User
    void (() => users.setMany({ '1': 5 }))
    // @ts-expect-error no such option
    void (() => new MemoryCache({ size: 5 }))
    // @ts-expect-error a text is no list of tags
    void (() => users.set('1', user, { tags: 't' }))
    // @ts-expect-error no such mode
    void (() => users.namespace('n', { mode: 'fast' }))
    // @ts-expect-error a number is no duration's text
    void (() => users.set('1', user, { ttl: true }))
    // @ts-expect-error what is not in the parent's type can't be in the namespace's
    void (() => users.namespace<number>('n'))
  })

  it('take entries in each of their forms', () => {
    void (() => users.setMany({ '1': user }, '5m'))
    void (() => users.setMany(new Map([['1', user]])))
    void (() =>
      users.setMany([
        ['1', user],
        ['2', user, '5m'],
        ['3', user, { ttl: 5 }],
      ]))
    expectTypeOf<EntryTuple<User>>().toExtend<readonly [string, User, ...unknown[]]>()
  })
})
