import { describe, expect, it } from 'vitest'
import { MemoryCache, type BaseCache } from '../../src/index.ts'
import type { Isolation } from '../../src/serialization/isolation.ts'
import { FakeClock } from '../../src/testing/index.ts'
import { deferred, settle } from '../support/deferred.ts'
import { mapPrimitives, OwnCache } from '../support/own-cache.ts'
import { RecordingLogger } from '../support/recording-logger.ts'

/** A kind of value: how to make one, and how whoever holds it could change it. */
interface Kind {
  readonly make: () => object
  readonly change: (value: never) => unknown
  /** Whether `isolation: 'freeze'` hands out one frozen copy; else each reader gets a copy. */
  readonly freezable: boolean
}

interface Node {
  name: string
  next?: Node
}

function circle(): Node {
  const first: Node = { name: 'first' }
  first.next = { name: 'second', next: first }
  return first
}

function shared(): { a: { n: number }; b: { n: number } } {
  const part = { n: 1 }
  return { a: part, b: part }
}

const KINDS: Readonly<Record<string, Kind>> = {
  'a plain object': {
    make: () => ({ name: 'Ann' }),
    change: (value: { name: string }) => (value.name = 'Bob'),
    freezable: true,
  },
  'a nested object': {
    make: () => ({ a: { b: [{ c: 1 }] } }),
    change: (value: { a: { b: { c: number }[] } }) => (value.a.b[0]!.c = 2),
    freezable: true,
  },
  'a nested object that loses a property': {
    make: () => ({ a: { b: 1 } }),
    change: (value: { a: { b?: number } }) => delete value.a.b,
    freezable: true,
  },
  'an object without prototype': {
    make: () => Object.assign(Object.create(null) as object, { a: 1 }),
    change: (value: { a: number }) => (value.a = 2),
    freezable: true,
  },
  'an array': { make: () => [1, 2, 3], change: (value: number[]) => value.push(4), freezable: true },
  'a circle': { make: circle, change: (value: Node) => (value.next!.name = 'changed'), freezable: true },
  'an object met twice': {
    make: shared,
    change: (value: ReturnType<typeof shared>) => (value.b.n = 2),
    freezable: true,
  },
  'a Date': { make: () => new Date(0), change: (value: Date) => value.setTime(5), freezable: false },
  'a Date inside': {
    make: () => ({ at: [new Date(0)] }),
    change: (value: { at: Date[] }) => value.at[0]!.setTime(5),
    freezable: false,
  },
  'a Map': {
    make: () => new Map([['a', { n: 1 }]]),
    change: (value: Map<string, { n: number }>) => (value.get('a')!.n = 2),
    freezable: false,
  },
  'a Map that grows': {
    make: () => new Map([['a', 1]]),
    change: (value: Map<string, number>) => value.set('b', 2),
    freezable: false,
  },
  'a Set': { make: () => new Set(['a']), change: (value: Set<string>) => value.add('b'), freezable: false },
  'a Buffer': {
    make: () => Buffer.from('abc'),
    change: (value: Buffer) => value.fill(0),
    freezable: false,
  },
  'a typed array': {
    make: () => ({ points: new Float64Array([1, 2]) }),
    change: (value: { points: Float64Array }) => (value.points[0] = 9),
    freezable: false,
  },
  'an Error': {
    make: () => ({ error: new TypeError('bad', { cause: { code: 1 } }) }),
    change: (value: { error: Error & { cause: { code: number } } }) => (value.error.cause.code = 2),
    freezable: false,
  },
  'a URL': {
    make: () => new URL('https://a.example/b'),
    change: (value: URL) => (value.pathname = '/c'),
    freezable: false,
  },
}

/** Applies the change; that a frozen value refuses it is as good. */
function tamper({ change }: Kind, value: unknown): void {
  try {
    change(value as never)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
}

type Read = (cache: BaseCache, kind: Kind) => Promise<unknown>

const PRESENT = async (): Promise<never> => Promise.reject(new Error('it is not to be loaded'))

/** Ways to get a value that is stored under `k`, each of which must be the caller's own. */
const READS: Readonly<Record<string, Read>> = {
  get: (cache) => cache.get('k'),
  getMany: async (cache) => (await cache.getMany(['k'])).get('k'),
  getOrSet: (cache) => cache.getOrSet('k', PRESENT),
  getOrSetMany: async (cache) => (await cache.getOrSetMany(['k'], PRESENT)).get('k'),
}

/** Ways in which several callers get one loaded value; the source is the loader's own. */
const LOADS: Readonly<Record<string, (cache: BaseCache, source: object) => Promise<readonly unknown[]>>> = {
  'the first caller of getOrSet': async (cache, source) => [await cache.getOrSet('k', () => source)],
  'coalesced callers': async (cache, source) =>
    Promise.all(
      Array.from({ length: 3 }, async () =>
        cache.getOrSet('k', async () => {
          await settle()
          return source
        }),
      ),
    ),
  'callers of a refused fill': async (cache, source) => {
    const gate = deferred()
    const loader = async (): Promise<object> => {
      await gate.promise
      return source
    }
    const callers = [cache.getOrSet('k', loader), cache.getOrSet('k', loader)]
    await settle()
    await cache.delete('k')
    gate.resolve()
    return Promise.all(callers)
  },
  'callers of getOrSetMany': async (cache, source) => {
    const loadMany = async (): Promise<Record<string, object>> => {
      await settle()
      return { k: source, l: source }
    }
    const callers = [cache.getOrSetMany(['k', 'l'], loadMany), cache.getOrSetMany(['k'], loadMany)]
    const [first, second] = await Promise.all(callers)
    return [first!.get('k'), first!.get('l'), second!.get('k')]
  },
  'a caller whose ttl has passed': async (cache, source) => {
    const value = await cache.getOrSet('k', () => source, { ttl: new Date(0) })
    return [value]
  },
}

const options = { clock: new FakeClock() }
const ENGINES: Readonly<Record<string, (isolation: Isolation) => BaseCache>> = {
  MemoryCache: (isolation) => new MemoryCache({ ...options, isolation }),
  'a cache over storeFrom': (isolation) => new OwnCache(mapPrimitives(), { ...options, isolation }),
  'a cache over slow primitives': (isolation) => new OwnCache(mapPrimitives(true), { ...options, isolation }),
}

describe.each(Object.entries(ENGINES))('%s', (_engine, make) => {
  describe.each(['clone', 'freeze'] as const)('isolation: %s', (isolation) => {
    describe.each(Object.entries(KINDS))('of %s', (_kind, kind) => {
      const pristine = kind.make()

      it('keeps what was stored when the source changes', async () => {
        const cache = make(isolation)
        const source = kind.make()
        const stored = cache.set('k', source)
        tamper(kind, source)
        await stored
        tamper(kind, source)

        expect(source).not.toEqual(pristine)
        expect(await cache.get('k')).toEqual(pristine)
      })

      it('keeps sources of setMany apart', async () => {
        const cache = make(isolation)
        const source = kind.make()
        await cache.setMany({ k: source, l: source })
        tamper(kind, source)
        tamper(kind, await cache.get('k'))

        expect(await cache.get('l')).toEqual(pristine)
      })

      it.each(Object.entries(READS))('gives %s a value of its own', async (_name, read) => {
        const cache = make(isolation)
        await cache.set('k', kind.make())
        const [one, other] = [await read(cache, kind), await read(cache, kind)]
        tamper(kind, one)

        expect(other).toEqual(pristine)
        expect(await read(cache, kind)).toEqual(pristine)
        expect(await cache.take('k')).toEqual(pristine)
      })

      it('gives take a value that nobody else holds', async () => {
        const cache = make(isolation)
        await cache.set('k', kind.make())
        const held = await cache.get('k')
        tamper(kind, await cache.take('k'))

        expect(held).toEqual(pristine)
        expect(await cache.get('k')).toBe(undefined)
      })

      it.each(Object.entries(LOADS))('gives %s a value of their own', async (_name, load) => {
        const cache = make(isolation)
        const source = kind.make()
        const values = await load(cache, source)
        expect(values).toEqual(values.map(() => pristine))

        for (const [index, value] of values.entries()) {
          tamper(kind, value)
          // A reader that was not tampered with yet must not have noticed.
          expect(values.slice(index + 1)).toEqual(values.slice(index + 1).map(() => pristine))
        }
        tamper(kind, source)

        const next = await cache.getOrSet('k', kind.make)
        expect(next).toEqual(pristine)
      })

      it('keeps the prototype and the kind', async () => {
        const cache = make(isolation)
        const [loaded, read] = [await cache.getOrSet('k', kind.make), await cache.get('k')]

        for (const value of [loaded, read]) {
          expect(Object.getPrototypeOf(value)).toBe(Object.getPrototypeOf(pristine))
        }
      })
    })

    it('keeps circles and repeated references as they were', async () => {
      const cache = make(isolation)
      await cache.set('circle', circle())
      await cache.set('shared', shared())
      const first = await cache.get<Node>('circle')
      const twice = await cache.get<ReturnType<typeof shared>>('shared')

      expect(first!.next!.next).toBe(first)
      expect(twice!.a).toBe(twice!.b)
    })
  })

  describe('isolation: freeze', () => {
    it.each(Object.entries(KINDS))(
      'shares one frozen copy of %s if it can be frozen',
      async (_kind, kind) => {
        const cache = make('freeze')
        const source = kind.make()
        const loaded = await cache.getOrSet('k', () => source)
        const read = await cache.get('k')

        expect(read === loaded).toBe(kind.freezable)
        expect(Object.isFrozen(read)).toBe(kind.freezable)
        expect(read).not.toBe(source)
        expect(Object.isFrozen(source)).toBe(false)
      },
    )
  })

  describe('isolation: share', () => {
    it('gives every caller the reference itself, of any value', async () => {
      const cache = make('share')
      const source = { connect: () => 'connected' }
      await cache.set('k', source)

      expect(await cache.get('k')).toBe(source)
      expect((await cache.getMany(['k'])).get('k')).toBe(source)
      expect(await cache.getOrSet('l', () => source)).toBe(source)
      expect(await cache.take('k')).toBe(source)
    })
  })
})

describe('a value that can not be stored', () => {
  it('removes the old entry, answers false and is named once', async () => {
    const logger = new RecordingLogger()
    const cache: BaseCache = new MemoryCache({ logger })
    await cache.set('k', 1)

    expect(await cache.set('k', { onClick: () => 1 })).toBe(false)
    expect(await cache.get('k')).toBe(undefined)
    expect(await cache.set('k', { onClick: () => 1 })).toBe(false)
    expect(cache.stats().unstorable).toEqual({ function: 2 })
    expect(logger.summary).toEqual(['warn: a value can not be stored'])
    expect(logger.lines[0]!.details).toMatchObject({ key: 'k', err: { path: '$.onClick' } })
  })

  it('is undefined, too, since that means a miss', async () => {
    const cache: BaseCache = new MemoryCache({ logger: new RecordingLogger() })
    await cache.set('k', 1)

    expect(await cache.set('k', undefined)).toBe(false)
    expect(await cache.has('k')).toBe(false)
  })

  it('reaches the caller of getOrSet all the same', async () => {
    const cache: BaseCache = new MemoryCache({ logger: new RecordingLogger() })
    const value = { onClick: () => 1 }

    expect(await cache.getOrSet('k', () => value)).toBe(value)
    expect(await cache.has('k')).toBe(false)
  })

  it('does not keep the others of setMany from being stored', async () => {
    const cache: BaseCache = new MemoryCache({ logger: new RecordingLogger() })

    expect(await cache.setMany({ k: Symbol('s'), l: 1 })).toBe(false)
    expect(await cache.getMany(['k', 'l'])).toEqual(new Map([['l', 1]]))
  })
})
