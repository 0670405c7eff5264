import assert from 'node:assert/strict'
import type { BaseCache } from '../../cache/base-cache.ts'
import type { CaseDefinition } from './trial.ts'

/** A loader that waits for the test's answer. */
export class Gate<T> {
  calls = 0
  #open: (value: T) => void = () => undefined
  #fail: (error: Error) => void = () => undefined
  #begin: () => void = () => undefined
  readonly #promise = new Promise<T>((resolve, reject) => {
    this.#open = resolve
    this.#fail = reject
  })
  readonly #begun: Promise<void> = new Promise((resolve) => {
    this.#begin = resolve
  })

  readonly load = (): Promise<T> => {
    this.calls++
    this.#begin()
    return this.#promise
  }

  /** Waits until `call`, which no code awaits yet, has called the loader. @throws the error of `call`. */
  async begunBy(call: Promise<unknown>): Promise<void> {
    await Promise.race([this.#begun, handled(call)])
  }

  /** Lets the loader answer. */
  open(value: T): void {
    this.#open(value)
  }

  /** Lets the loader fail. */
  fail(error: Error): void {
    this.#fail(error)
  }
}

/** Returns a promise that may reject long before it is awaited. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

/** Changes of a key after which no value loaded before may be stored or shared. */
const VOIDING: Readonly<Record<string, (cache: BaseCache) => Promise<unknown>>> = {
  'a set': (cache) => cache.set('key', 'written'),
  'a delete': (cache) => cache.delete('key'),
  'a take': (cache) => cache.take('key'),
  'an increment': (cache) => cache.increment('key'),
  'a clear': (cache) => cache.clear(),
  'a deletion by prefix': (cache) => cache.deleteByPrefix('k'),
}

const voidingCases = Object.entries(VOIDING).map(([change, apply]): CaseDefinition => ({
  name: `neither stores nor shares what was loaded before ${change}`,
  async run({ cache }) {
    const before = new Gate<string>()
    const early = cache.getOrSet('key', before.load)
    await before.begunBy(early)
    await apply(cache)
    const written = await cache.get('key')
    const late = handled(cache.getOrSet('key', () => 'after'))
    before.open('before')
    assert.equal(await early, 'before')
    assert.equal(await late, written ?? 'after')
    assert.equal(await cache.get('key'), written ?? 'after')
  },
}))

const OUTDATED: typeof VOIDING = {
  'an outdated set': (cache) => cache.set('key', 'older', { rowVersion: 1 }),
  'an outdated addition': (cache) => cache.set('key', 'older', { rowVersion: 1, ifAbsent: true }),
  'an outdated invalidation': (cache) => cache.invalidate('key', { rowVersion: 1 }),
}

const coolingCases = Object.entries({ ...VOIDING, ...OUTDATED }).map(([change, apply]): CaseDefinition => ({
  name: `keeps no cool-down of a load that fails after ${change}`,
  async run({ cache }) {
    if (change in OUTDATED) await cache.invalidate('key', { rowVersion: 5 })
    const gate = new Gate<string>()
    const early = handled(cache.getOrSet('key', gate.load, { loadErrorTtl: '1h' }))
    await gate.begunBy(early)
    await apply(cache)
    const written = await cache.get('key')
    gate.fail(new Error('the database is away'))
    await assert.rejects(early, /the database is away/)
    assert.equal(await cache.getOrSet('key', () => 'after'), written ?? 'after')
  },
}))

const coolCases = Object.entries(OUTDATED).map(([change, apply]): CaseDefinition => ({
  name: `keeps the cool-down of a key after ${change}`,
  async run({ cache }) {
    await cache.invalidate('key', { rowVersion: 5 })
    const failing = async (): Promise<never> => {
      throw new Error('the database is away')
    }
    await assert.rejects(cache.getOrSet('key', failing, { loadErrorTtl: '1h' }), /the database is away/)
    await apply(cache)
    await assert.rejects(
      cache.getOrSet('key', () => 'after'),
      { code: 'ERR_CACHE_LOAD_COOLDOWN' },
    )
    await cache.invalidate('key', { rowVersion: 5 })
    assert.equal(await cache.getOrSet('key', () => 'after'), 'after')
  },
}))

/** The read-through. */
export const loadingCases: readonly CaseDefinition[] = [
  {
    name: 'loads on a miss and stores',
    async run({ cache }) {
      const gate = new Gate<{ id: number }>()
      gate.open({ id: 1 })
      assert.deepEqual(await cache.getOrSet('key', gate.load), { id: 1 })
      assert.deepEqual(await cache.getOrSet('key', gate.load), { id: 1 })
      assert.deepEqual(await cache.get('key'), { id: 1 })
      assert.equal(gate.calls, 1)
    },
  },
  {
    name: 'runs the loader once for 100 concurrent callers',
    async run({ cache }) {
      const gate = new Gate<string[]>()
      const callers = Array.from({ length: 100 }, () => cache.getOrSet('key', gate.load))
      const all = Promise.all(callers)
      await gate.begunBy(all)
      gate.open(['value'])
      const values = await all
      assert.equal(gate.calls, 1)
      assert.deepEqual(
        values,
        Array.from({ length: 100 }, () => ['value']),
      )
      assert.equal(new Set(values).size, 100, 'every caller has a value of its own')
    },
  },
  {
    name: 'gives all callers the one error of the loader, unchanged, and starts anew afterwards',
    async run({ cache }) {
      const failure = new TypeError('the database is away')
      let calls = 0
      const fail = async (): Promise<never> => {
        calls++
        throw failure
      }
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => cache.getOrSet('key', fail)))
      for (const outcome of outcomes) assert.equal(outcome.status === 'rejected' && outcome.reason, failure)
      assert.equal(calls, 1)
      assert.equal(await cache.getOrSet('key', () => 'recovered'), 'recovered')
    },
  },
  {
    name: 'stores null and does not store undefined',
    async run({ cache }) {
      let calls = 0
      const answer = (value: null | undefined) => () => (calls++, value)
      assert.equal(await cache.getOrSet('null', answer(null)), null)
      assert.equal(await cache.getOrSet('null', answer(null)), null)
      assert.equal(calls, 1)
      assert.equal(await cache.getOrSet('undefined', answer(undefined)), undefined)
      assert.equal(await cache.getOrSet('undefined', answer(undefined)), undefined)
      assert.equal(calls, 3)
    },
  },
  ...voidingCases,
  ...coolingCases,
  ...coolCases,
  {
    name: 'loads only the missing ones of many keys, with one call',
    async run({ cache }) {
      await cache.set('b', 'stored')
      const asked: (readonly string[])[] = []
      const values = await cache.getOrSetMany(['a', 'b', 'c', 'd', 'a'], (keys) => {
        asked.push(keys)
        return { a: 'loaded', c: null, other: 'not asked for' }
      })
      assert.deepEqual(asked, [['a', 'c', 'd']])
      assert.deepEqual(
        [...values],
        [
          ['b', 'stored'],
          ['a', 'loaded'],
          ['c', null],
        ].sort(byPosition(['a', 'b', 'c', 'd'])),
      )
      assert.equal(await cache.get('c'), null)
      assert.equal(await cache.has('d'), false)
      assert.equal(await cache.has('other'), false)
    },
  },
  {
    name: 'shares loads between getOrSet and getOrSetMany',
    async run({ cache }) {
      const one = new Gate<string>()
      const single = cache.getOrSet('a', one.load)
      await one.begunBy(single)
      const many = handled(
        cache.getOrSetMany(['a', 'b'], (keys) => new Map(keys.map((key) => [key, `many ${key}`]))),
      )
      one.open('one a')
      assert.equal(await single, 'one a')
      assert.deepEqual(
        await many,
        new Map([
          ['a', 'one a'],
          ['b', 'many b'],
        ]),
      )
    },
  },
  {
    name: 'names a loader that waits for itself',
    async run({ cache }) {
      const recursive = (): Promise<unknown> => cache.getOrSet('a', () => cache.getOrSet('b', recursive))
      await assert.rejects(recursive(), { code: 'ERR_CACHE_RECURSIVE_LOAD', message: /a → \S*b → \S*a\b/ })
    },
  },
]

function byPosition(order: readonly string[]) {
  return ([a]: readonly unknown[], [b]: readonly unknown[]): number =>
    order.indexOf(a as string) - order.indexOf(b as string)
}
