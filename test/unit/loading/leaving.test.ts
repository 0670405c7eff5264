import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ClosedError, MemoryCache, type BaseCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { deferred, settle } from '../../support/deferred.ts'
import { failureOf } from '../../support/error-of.ts'
import { mapPrimitives, OwnCache } from '../../support/own-cache.ts'

const ENGINES: Readonly<Record<string, (clock: FakeClock) => BaseCache>> = {
  MemoryCache: (clock) => new MemoryCache({ clock }),
  'a cache over slow primitives': (clock) => new OwnCache(mapPrimitives(true), { clock }),
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await settle()
}

const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)

beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
})

afterEach(async () => {
  await turns(3)
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

describe.each(Object.entries(ENGINES))('an aborted caller of %s', (_, make) => {
  const reason = new Error('the request was closed')

  it.each([0, 1])('does not cancel the load of the others: caller %i leaves', async (leaving) => {
    const cache = make(new FakeClock())
    const gate = deferred()
    let calls = 0
    const load = async (): Promise<number> => {
      calls++
      await gate.promise
      return 1
    }
    const controllers = [new AbortController(), new AbortController()]
    const callers = controllers.map(({ signal }) => cache.getOrSet('k', load, { signal }))
    const left = failureOf(() => callers[leaving])
    await turns(5)
    controllers[leaving]!.abort(reason)

    expect(await left).toBe(reason)
    const late = cache.getOrSet('k', load)
    await turns(5)
    gate.resolve()
    expect(await Promise.all([callers[1 - leaving], late])).toEqual([1, 1])
    expect(calls).toBe(1)
  })

  it('leaves the load to end and be stored when it was the only one', async () => {
    const cache = make(new FakeClock())
    const gate = deferred()
    const controller = new AbortController()
    const left = failureOf(() =>
      cache.getOrSetMany(['k'], async () => (await gate.promise, { k: 1 }), { signal: controller.signal }),
    )
    await turns(5)
    controller.abort(reason)
    expect(await left).toBe(reason)
    gate.resolve()
    await turns(10)

    expect(await cache.get('k')).toBe(1)
  })

  it('leaves no unhandled rejection when the load fails after every caller has left', async () => {
    const cache = make(new FakeClock())
    const gate = deferred()
    const controller = new AbortController()
    const { signal } = controller
    const fail = async (): Promise<never> => {
      await gate.promise
      throw new Error('nobody listens')
    }
    const left = [
      failureOf(() => cache.getOrSet('a', fail, { signal })),
      failureOf(() => cache.getOrSet('a', fail, { signal })),
      failureOf(() => cache.getOrSetMany(['b', 'c'], fail, { signal })),
    ]
    await turns(5)
    controller.abort(reason)
    expect(await Promise.all(left)).toEqual([reason, reason, reason])
    gate.resolve()
    await turns(10)

    expect(cache.stats().loadErrors).toBe(2)
    expect(await cache.getOrSet('a', () => 1)).toBe(1)
  })

  it('begins nothing when it left while the store was read', async () => {
    const slots = mapPrimitives(true)
    const gate = deferred()
    const read = async (key: string) => (await gate.promise, slots.read(key))
    const cache = new OwnCache({ ...slots, read }, { clock: new FakeClock() })
    const controller = new AbortController()
    const left = failureOf(() => cache.getOrSet('k', () => 1, { signal: controller.signal }))
    controller.abort(reason)
    expect(await left).toBe(reason)
    gate.resolve()
    await turns(5)

    expect(cache.stats().loads).toBe(0)
  })

  it('begins nothing when the signal was aborted before', async () => {
    const cache = make(new FakeClock())
    const signal = AbortSignal.abort(reason)
    const never = (): never => {
      throw new Error('it is not to be loaded')
    }

    expect(await failureOf(() => cache.getOrSet('k', never, { signal }))).toBe(reason)
    expect(await failureOf(() => cache.getOrSetMany(['k'], never, { signal }))).toBe(reason)
    expect(cache.stats()).toMatchObject({ misses: 0, loads: 0 })
  })

  it('leaves no listener on the signal when the call has ended', async () => {
    const cache = make(new FakeClock())
    const { signal } = new AbortController()
    let listeners = 0
    const counted = new Proxy(signal, {
      get(target, name) {
        if (name === 'addEventListener') listeners++
        if (name === 'removeEventListener') listeners--
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    await cache.getOrSet('k', () => 1, { signal: counted })
    await cache.getMany(['k'], { signal: counted })
    await failureOf(() => cache.getOrSet('l', () => Promise.reject(new Error('down')), { signal: counted }))

    // Each call looks at addEventListener once more, to see whether it was given a signal at all.
    expect(listeners).toBe(3)
  })
})

describe.each(Object.entries(ENGINES))('close() of %s', (_, make) => {
  it('waits for loads under way, whose callers get their value', async () => {
    const cache = make(new FakeClock())
    const gate = deferred()
    const load = cache.getOrSet('k', async () => (await gate.promise, 1))
    await turns(5)
    let closed = false
    const closing = cache.close().then(() => (closed = true))
    await turns(5)
    expect(closed).toBe(false)
    gate.resolve()

    expect(await load).toBe(1)
    await closing
  })

  it('waits no longer than 5 seconds for a loader that hangs', async () => {
    const clock = new FakeClock()
    const cache = make(clock)
    const failing = failureOf(() => cache.getOrSet('k', () => new Promise(() => undefined)))
    await turns(5)
    let closed = false
    const closing = cache.close().then(() => (closed = true))
    await clock.advance(4.9)
    expect(closed).toBe(false)
    await clock.advance(0.1)
    await closing
    expect(await failing).toMatchObject({ code: 'ERR_CACHE_CLOSED' })

    expect(clock.pending).toBe(0)
  })

  it('leaves no timer behind when loads end in time', async () => {
    const clock = new FakeClock()
    const cache = make(clock)
    const gate = deferred()
    void cache.getOrSet('k', async () => gate.promise)
    await turns(5)
    const closing = cache.close()
    gate.resolve()
    await closing

    expect(clock.pending).toBe(0)
  })

  it('may be called twice, and by await using', async () => {
    const cache = make(new FakeClock())
    await Promise.all([cache.close(), cache.close()])

    await cache[Symbol.asyncDispose]()
  })

  const listOf = async (cache: BaseCache): Promise<void> => {
    for await (const _key of cache.keys());
  }

  it.each<[string, (cache: BaseCache) => unknown]>([
    ['get', (cache) => cache.get('k')],
    ['getMany', (cache) => cache.getMany(['k'])],
    ['set', (cache) => cache.set('k', 1)],
    ['setMany', (cache) => cache.setMany({ k: 1 })],
    ['delete', (cache) => cache.delete('k')],
    ['deleteMany', (cache) => cache.deleteMany(['k'])],
    ['take', (cache) => cache.take('k')],
    ['has', (cache) => cache.has('k')],
    ['ttl', (cache) => cache.ttl('k')],
    ['expire', (cache) => cache.expire('k', 5)],
    ['increment', (cache) => cache.increment('k')],
    ['decrement', (cache) => cache.decrement('k')],
    ['getOrSet', (cache) => cache.getOrSet('k', () => 1)],
    ['getOrSetMany', (cache) => cache.getOrSetMany(['k'], () => ({}))],
    ['deleteByPrefix', (cache) => cache.deleteByPrefix('k')],
    ['clear', (cache) => cache.clear()],
    ['keys', listOf],
  ])('makes %s reject with ClosedError, in a namespace too', async (_method, call) => {
    const cache = make(new FakeClock())
    const users = cache.namespace('user')
    await cache.close()

    expect(await failureOf(() => call(cache))).toBeInstanceOf(ClosedError)
    expect(await failureOf(() => call(users))).toMatchObject({ code: 'ERR_CACHE_CLOSED' })
  })

  it('does nothing on a namespace', async () => {
    const cache = make(new FakeClock())
    const users = cache.namespace('user')
    await users.close()
    await users[Symbol.asyncDispose]()

    expect(await users.set('1', 1)).toBe(true)
    expect(await cache.get('user:1')).toBe(1)
  })
})
